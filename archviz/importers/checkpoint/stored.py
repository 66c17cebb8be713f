"""Stored tensors by their dotted names, made into a tree of modules."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from archviz.importers.checkpoint.kinds import guess, is_buffer, usual_place
from archviz.ir import Parameter, TensorType
from archviz.ir.build import unique
from archviz.ir.module_tree import Module
from archviz.reading.names import clean
from archviz.records import field, mutable, record

MAX_DEPTH = 48
"""Modules inside one another; what is deeper keeps its name whole."""

MAX_PART = 200
"""Characters of one module's name."""

_WRAPPERS = (
    "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module", "_module"
)  # fmt: skip
"""Modules that compiling, sharding and checkpointing put around others."""


@record
class Stored:
    """One tensor of a checkpoint.

    Attributes:
        name: Its dotted name.
        type: Shape and dtype.
        place: Equal for two names of the same elements; None when each is on its own.
        trainable: Whether an optimizer would update it; None when the file does not say.
        location: File that holds it, when there are several.
    """

    name: str
    type: TensorType
    place: Hashable = None
    trainable: bool | None = None
    location: str = ""


@mutable
class _Draft:
    """A module under construction."""

    name: str = ""
    tensors: dict[str, Stored] = field(default_factory=dict)
    children: dict[str, _Draft] = field(default_factory=dict)


@record
class StoredTree:
    """What stored tensors tell of a model.

    Attributes:
        root: The tree of modules.
        guessed: How many modules have a class that was guessed.
        tied: Names of tensors that are the same elements, a set each of two or more.
    """

    root: Module
    guessed: int
    tied: tuple[tuple[str, ...], ...]


def tree_of(
    tensors: Iterable[Stored], modules: Sequence[str] = (), *, is_sorted: bool = False
) -> StoredTree:
    """The modules that own the tensors, by the dots in their names.

    Args:
        tensors: In the file's order.
        modules: Dotted names of modules that may own nothing, when the file lists them.
        is_sorted: Whether the file has sorted them by name; modules are put in the usual order.
    """
    stored = list(tensors)
    separator = "." if any("." in one.name for one in stored) else "/"
    outermost = _outermost(stored, separator)
    root = _Draft()
    for listed in modules:
        parts = _parts(listed, separator, outermost)
        if len(parts) <= MAX_DEPTH:
            _draft_at(root, parts)
    for one in stored:
        *path, role = _parts(one.name, separator, outermost) or [clean(one.name)]
        owned = _draft_at(root, path).tensors
        owned[role if role not in owned else f"{role}#{len(owned)}"] = one
    names = _Names()
    groups: dict[Hashable, list[str]] = {}
    for one in stored:
        if one.place is not None:
            groups.setdefault(one.place, []).append(clean(one.name))
    tied = tuple(tuple(group) for group in groups.values() if len(group) > 1)
    if is_sorted:
        _reorder(root)
    made = _finished(root, names)
    return StoredTree(made, names.guessed, tied)


def _outermost(stored: Sequence[Stored], separator: str) -> str:
    """The wrapper of data parallel training, when all tensors are inside it; else ""."""
    start = f"module{separator}"
    return start if stored and all(one.name.startswith(start) for one in stored) else ""


def _parts(name: str, separator: str, outermost: str) -> list[str]:
    """The parts of a dotted name, those apart that only wrap others."""
    name = name.removeprefix(outermost)
    parts = name.split(separator, MAX_DEPTH)
    return [_part(part) for part in parts if part and part not in _WRAPPERS]


def _part(text: str) -> str:
    shown = clean(text)
    return shown if len(shown) <= MAX_PART else f"{shown[: MAX_PART - 1]}…"


def _draft_at(root: _Draft, path: Sequence[str]) -> _Draft:
    here = root
    for part in path:
        following = here.children.get(part)
        if following is None:
            following = here.children[part] = _Draft(part)
        here = following
    return here


def _reorder(draft: _Draft) -> None:
    for child in draft.children.values():
        _reorder(child)
    if all(name.isdecimal() for name in draft.children):
        ordered = sorted(draft.children, key=int)
    else:
        ordered = sorted(draft.children, key=usual_place)
    draft.children = {name: draft.children[name] for name in ordered}


class _Names:
    """Names of parameters: one for tied tensors, different ones for others; counts guesses."""

    def __init__(self) -> None:
        self.guessed = 0
        self._taken: dict[str, int] = {}
        self._by_place: dict[Hashable, str] = {}

    def of(self, one: Stored) -> str:
        if one.place is not None and one.place in self._by_place:
            return self._by_place[one.place]
        name = unique(clean(one.name), self._taken)
        if one.place is not None:
            self._by_place[one.place] = name
        return name


def _finished(draft: _Draft, names: _Names) -> Module:
    parameters = {role: _parameter(role, one, names) for role, one in draft.tensors.items()}
    children = {}
    for name, child in draft.children.items():
        made = _finished(child, names)
        # A list of modules has containers too: nothing is known of one that holds nothing.
        if made.type or made.parameters or made.children:
            children[name] = made
    if children:
        return Module("", {}, parameters, children)
    types: Mapping[str, TensorType] = {role: one.type for role, one in draft.tensors.items()}
    kind = guess(draft.name, types)
    names.guessed += bool(kind)
    return Module(kind, {}, parameters, {}, is_guessed=bool(kind))


def _parameter(role: str, one: Stored, names: _Names) -> Parameter:
    kind = "buffer" if is_buffer(role, one.type) else "weight"
    return Parameter(names.of(one), one.type, kind, one.trainable, location=one.location)
