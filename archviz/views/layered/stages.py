"""Groups units into stages, finely or coarsely, and gives them names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, takewhile

from archviz.ir.walk import leaves
from archviz.ops import category_of
from archviz.views.layered.plan import Plan, Stage, Unit
from archviz.views.layered.units import weights_in
from archviz.views.layered.words import is_transposed

LEVELS = FINEST, BY_KIND, BY_SIZE, BY_MODULE = range(4)
"""How coarse stages are: of one size and width; of one size, blocks apart from single operations;
of one size; of one module."""

_NUMBERED = re.compile(r"[\d.@]+")
_CALLED = {
    "conv": "conv", "linear": "fc", "pool": "pool", "attention": "attn", "recurrent": "rnn",
    "embedding": "embed", "norm": "norm", "act": "act", "other": "block",
}  # fmt: skip


def stages_of(plan: Plan, level: int = FINEST) -> tuple[Stage, ...]:
    """The plan's units in stages.

    Args:
        plan: What to group.
        level: One of :data:`LEVELS`.
    """
    groups: list[list[Unit]] = []
    for unit in plan.units:
        if groups and _belongs(unit, groups[-1], level):
            groups[-1].append(unit)
        else:
            groups.append([unit])
    stages: list[Stage] = []
    start = 0
    for units, name in zip(groups, names_of(groups), strict=True):
        stages.append(stage_of(plan, range(start, start + len(units)), name))
        start += len(units)
    return tuple(stages)


def stage_of(plan: Plan, inside: range, name: str, folded: int = 0) -> Stage:
    """A stage of units by their places, with what forks from them and joins them again."""
    branches = tuple(
        node
        for skip in plan.skips
        if skip.source in inside and skip.target in inside
        for node in skip.nodes
    )
    units = plan.units[inside.start : inside.stop]
    return Stage(units, name, folded, branches, weights_in(branches, plan.graph))


def _belongs(unit: Unit, group: Sequence[Unit], level: int) -> bool:
    before = group[-1]
    is_vector = not unit.extent.is_spatial and unit.category != "pool"
    if is_vector or (before.category != "pool" and not before.extent.is_spatial):
        return unit.signature == before.signature
    if level == BY_MODULE:
        return path_of((unit,))[:1] == path_of(group)[:1] != ()
    if unit.category == "pool":
        # A pooling closes the stage that it follows; one over the whole picture stands alone.
        return unit.extent.is_spatial and not _grows(unit, before)
    if before.category == "pool":
        return False
    if unit.extent.sides != before.extent.sides:
        return False
    if level == BY_KIND:
        return unit.is_block == before.is_block
    return level == BY_SIZE or unit.extent.channels == before.extent.channels


def is_reducing(unit: Unit) -> bool:
    """Whether it takes the whole picture together."""
    return unit.category == "pool" and not unit.extent.is_spatial


def _grows(unit: Unit, before: Unit) -> bool:
    return (unit.extent.side or 0) > (before.extent.side or 0)


def path_of(units: Sequence[Unit]) -> tuple[str, ...]:
    """The deepest module around all that the units do, norms and sums between them apart."""
    nodes = [node for unit in units for node in (unit.nodes if unit.is_block else (unit.chief,))]
    working = [node for node in nodes if category_of(node.op) in ("conv", "linear")] or nodes
    paths = [next(leaves(node)).scope for node in working]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    return tuple(parts[0] for parts in shared)


def names_of(groups: Sequence[Sequence[Unit]]) -> list[str]:
    """A name for each group: its module's where that says something, else what it is."""
    paths = [path_of([u for u in group if u.category != "pool"] or group) for group in groups]
    holders = Counter(path[:length] for path in paths for length in range(1, len(path) + 1))
    by_layer = _is_numbered_by_layer(groups)
    names: list[str] = []
    count = 0
    for group, path in zip(groups, paths, strict=True):
        chief = max(group, key=lambda unit: unit.parameters)
        before = count
        if chief.category in ("conv", "linear"):
            count += sum(unit.category in ("conv", "linear") for unit in group) if by_layer else 1
        # The outermost module that is this group's alone.
        own = next((path[n - 1] for n in range(1, len(path) + 1) if holders[path[:n]] == 1), "")
        if own and not _NUMBERED.fullmatch(own):
            names.append(own)
        elif chief.category in ("conv", "linear"):
            called = "upconv" if is_transposed(chief.chief) else _CALLED[chief.category]
            several = f"{before + 1}–" if count > before + 1 else ""
            names.append(f"{called}{several}{count}")
        else:
            names.append(_CALLED[chief.category])
    return names


def _is_numbered_by_layer(groups: Sequence[Sequence[Unit]]) -> bool:
    """Whether layers have numbers, as in AlexNet, and not what is of one size, as in VGG.

    Papers number sizes where each has one width; where the width changes at one size, layers.
    """
    units = [unit for group in groups for unit in group]
    convolutions = [unit for unit in units if unit.category == "conv"]
    return not any(unit.is_block for unit in units) and any(
        one.extent.sides == other.extent.sides and one.extent.channels != other.extent.channels
        for one, other in pairwise(convolutions)
    )
