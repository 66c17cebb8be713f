"""What a reader of the picture has to know of how it came about."""

from __future__ import annotations

from collections.abc import Iterator

from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.importers.torch.graph import cache_places
from archviz.importers.torch.recording import Frame, Operation, Recording
from archviz.importers.torch.sites import Locations, locate

MOST = 20
"""Assumptions that are told one by one."""

_LEAVING = ("numpy", "__array__", "tolist")


def notes(recording: Recording) -> Iterator[Diagnostic]:
    """Assumptions, data that left torch, and results that are not drawn."""
    yield from _assumptions(recording)
    locations = Locations()
    for operation in _first_at_each_line(recording, locations):
        yield Diagnostic(
            "data-leaves-torch",
            Severity.INFO,
            f"{operation.name} takes data out of torch, where it is not followed",
            location=locations.of(operation),
        )
    caches = sorted(".".join(place) for place in cache_places(recording.result))
    if caches:
        count = sum(place[0] in caches for place, _ in recording.outputs if place)
        yield Diagnostic(
            "cache-not-drawn",
            Severity.INFO,
            f"the {count} tensors of {' and '.join(caches)} are returned but not drawn as outputs",
        )


def _assumptions(recording: Recording) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str, SourceLocation | None], int] = {}
    for name, taken, frame in recording.assumptions:
        key = (name, taken, _place(frame))
        seen[key] = seen.get(key, 0) + 1
    for number, ((name, taken, place), count) in enumerate(seen.items()):
        if number == MOST:
            yield Diagnostic(
                "assumed-data",
                Severity.INFO,
                f"{len(seen) - MOST} more places depend on data that was not there",
            )
            return
        times = f", {count} times" if count > 1 else ""
        at = f" at {place.file}:{place.line}" if place is not None else ""
        what = (
            f"a branch on data was taken as {taken}"
            if name == "bool"
            else f"{name} depends on data, for which {taken} stood in"
        )
        yield Diagnostic(
            "assumed-data", Severity.INFO, what + at + times, location=place,
            hint="give real tensors in Python with the importer option real",
        )  # fmt: skip


def _place(frame: Frame | None) -> SourceLocation | None:
    return locate(frame) if frame is not None else None


def _first_at_each_line(recording: Recording, locations: Locations) -> Iterator[Operation]:
    seen = set()
    for operation in recording.operations:
        if operation.kind == "read" and operation.name in _LEAVING:
            place = locations.of(operation)
            if place not in seen:
                seen.add(place)
                yield operation
