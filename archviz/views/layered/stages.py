"""Groups units into stages, finely or coarsely, and gives them names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from archviz.ir import Node
from archviz.ir.walk import leaves
from archviz.views.layered.plan import Plan, Stage, Unit

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
    names = names_of(groups)
    return tuple(Stage(tuple(units), name) for units, name in zip(groups, names, strict=True))


def _belongs(unit: Unit, group: Sequence[Unit], level: int) -> bool:
    before = group[-1]
    is_vector = not unit.extent.is_spatial and unit.category != "pool"
    if is_vector or "linear" in (unit.category, before.category):
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
    """The deepest module around all of the units."""
    paths = [_path(n) for unit in units for n in (unit.nodes if unit.is_block else (unit.chief,))]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    return tuple(parts[0] for parts in shared)


def _path(node: Node) -> tuple[str, ...]:
    """Where an operation lives, its own module included."""
    return next(leaves(node)).scope


def names_of(groups: Sequence[Sequence[Unit]]) -> list[str]:
    """A name for each group: its module's where that says something, else what it is."""
    paths = [path_of([u for u in group if u.category != "pool"] or group) for group in groups]
    names: list[str] = []
    count = 0
    for group, path in zip(groups, paths, strict=True):
        chief = max(group, key=lambda unit: unit.parameters)
        if chief.category in ("conv", "linear"):
            count += 1
        named = [part for part in path if not _NUMBERED.fullmatch(part)]
        is_own = path and sum(other[: len(path)] == path for other in paths) == 1
        if is_own and named and path[-1] == named[-1]:
            names.append(path[-1])
        elif chief.category in ("conv", "linear"):
            names.append(f"{_CALLED[chief.category]}{count}")
        else:
            names.append(_CALLED[chief.category])
    return names
