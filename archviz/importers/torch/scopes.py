"""Scope paths for module calls, so that collapsing at any depth leaves no cycle.

A call's operations follow one another, so a scope that holds one call, or calls that follow one
another with nothing between, can be merged without closing a cycle. A list of modules becomes a
scope of its own only where that holds; elsewhere its members are called "layers.0".
"""

from __future__ import annotations

from collections.abc import Mapping

from archviz.importers.torch.recording import ModuleCall, Recording
from archviz.ir import ScopePath


def scope_paths(
    recording: Recording, model: int | None = None
) -> tuple[list[ScopePath], dict[ScopePath, str]]:
    """The path of each call, and the class of every scope, parents before children.

    Args:
        recording: What was recorded.
        model: A call that gets no scope of its own.
    """
    children: dict[int, list[int]] = {}
    for index, call in enumerate(recording.calls[1:], 1):
        children.setdefault(call.parent, []).append(index)
    paths: list[ScopePath] = [()] * len(recording.calls)
    bases = [""] * len(recording.calls)
    types: dict[ScopePath, str] = {}
    for parent, call in enumerate(recording.calls):
        bases[parent] = call.name or (bases[call.parent] if call.parent >= 0 else "")
        inside = [recording.calls[child] for child in children.get(parent, ())]
        if not inside:
            continue
        base = bases[parent]
        names = _local_names(inside, base)
        together = _contiguous(inside, names)
        taken: dict[ScopePath, int] = {}
        for child, name in zip(children[parent], names, strict=True):
            if child == model:
                paths[child] = paths[parent]
                continue
            if name == ("_orig_mod",):  # what was compiled stands where its wrapper stands
                paths[child] = paths[parent]
                types[paths[parent]] = recording.calls[child].type
                continue
            parts = _joined(name, together)
            number = taken[parts] = taken.get(parts, 0) + 1
            if number > 1:
                parts = (*parts[:-1], f"{parts[-1]}@{number}")
            paths[child] = path = (*paths[parent], *parts)
            for length in range(len(paths[parent]) + 1, len(path)):
                dotted = ".".join(path[len(paths[parent]) : length])
                types.setdefault(path[:length], _type_of(dotted, base, recording.modules))
            types[path] = recording.calls[child].type
    return paths, types


def _type_of(name: str, base: str, modules: Mapping[str, str]) -> str:
    return modules.get(f"{base}.{name}" if base else name, "")


def _local_names(calls: list[ModuleCall], base: str) -> list[tuple[str, ...]]:
    """What each call is called inside its parent, ("layers", "0")."""
    strangers: dict[str, list[int]] = {}
    names: list[tuple[str, ...]] = []
    for call in calls:
        if not call.name:
            name = call.name or call.type or "call"
            if call.role:
                names.append((call.role,))
                continue
            known = strangers.setdefault(name, [])
            if id(call.module) not in known:
                known.append(id(call.module))
            number = known.index(id(call.module)) + 1
            names.append((name if number == 1 else f"{name}#{number}",))
        elif not base:
            names.append(tuple(call.name.split(".")))
        elif call.name.startswith(base + "."):
            names.append(tuple(call.name[len(base) + 1 :].split(".")))
        else:
            names.append((call.name,))  # it belongs to another module than the one that calls it
    return names


def _contiguous(calls: list[ModuleCall], names: list[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The prefixes whose calls follow one another with no operation between."""
    places: dict[tuple[str, ...], list[int]] = {}
    for index, name in enumerate(names):
        for length in range(1, len(name)):
            places.setdefault(name[:length], []).append(index)
    found = set()
    for prefix, members in places.items():
        first, last = members[0], members[-1]
        if last - first + 1 != len(members):
            continue
        if all(calls[i].end == calls[i + 1].first for i in range(first, last)):
            found.add(prefix)
    return found


def _joined(name: tuple[str, ...], together: set[tuple[str, ...]]) -> tuple[str, ...]:
    """The name's parts, those that are no scope of their own joined to the next."""
    parts: list[str] = []
    open_part = ""
    for length, part in enumerate(name, 1):
        open_part = f"{open_part}.{part}" if open_part else part
        if length == len(name) or name[:length] in together:
            parts.append(open_part)
            open_part = ""
    return tuple(parts)
