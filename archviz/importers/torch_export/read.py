"""Reading a .pt2 archive: which of its members is the program, and what is beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.torch_export.program import Program
from archviz.importers.torch_export.sniff import GRAPH, is_old
from archviz.ir import Diagnostic, Model, Severity
from archviz.reading import MalformedError, json, naming
from archviz.reading.archives import Archive
from archviz.reading.names import clean
from archviz.source import Source

MAX_GRAPH = 1 << 30
"""Bytes of a program's JSON."""

MEMORY = 400 << 20
"""About the bytes that its values may take; some 30,000 operations."""

MAJORS = range(5, 9)
"""Major versions of the schema that are known: PyTorch 2.3 to 2.13."""

MINOR = 20
"""Minor version of the newest of them."""


def read(source: Source, *, program: str = "") -> Model:
    """The graph of the program in ``source``.

    Args:
        source: A .pt2 file.
        program: Name of the one to show, when the archive holds several.

    Raises:
        ImporterError: It is no exported program, or one of a version that is not known.
    """
    with naming(source.name):
        if not source.head.startswith(b"PK"):
            problem = source.recognised_problem()
            if problem:
                raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
            raise MalformedError(
                f"this {source.kind} is no exported program", "write one with torch.export.save"
            )
        with source.open() as stream:
            archive = Archive(stream, source.size)
            name, others = _chosen(archive, program)
            document = json.parse(archive.read(name, MAX_GRAPH), memory=MEMORY)
            tied = _tied(archive, name)
        notes = _check_version(document)
        try:
            made = Program(document, tied)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise MalformedError(
                f"its graph is not as torch.export.save writes it ({type(error).__name__} on "
                f"{clean(str(error))[:60]})",
                "export it again",
            ) from None
    if others:
        listed = ", ".join(clean(other)[:60] for other in others[:5])
        notes.append(
            Diagnostic(
                "other-contents",
                Severity.INFO,
                f"the archive also holds {listed}",
                hint="show one with the option program",
            )
        )
    return Model(made.graph, "torch-export", source.name, made.metadata, (*notes, *made.notes))


def _chosen(archive: Archive, program: str) -> tuple[str, list[str]]:
    """The member to read, and the names of the other programs."""
    found = {match.group(1): name for name in archive.members if (match := re.search(GRAPH, name))}
    if not found:
        found.update(("model", name) for name in archive.members if is_old(name))
    if not found:
        compiled = any("/aotinductor/" in name for name in archive.members)
        raise MalformedError(
            "it holds a compiled library and no graph" if compiled else "it holds no graph",
            "export the model with torch.export.save and give that file",
        )
    wanted = program or ("model" if "model" in found else next(iter(found)))
    if wanted not in found:
        raise MalformedError(
            f"it holds no program {clean(wanted)[:60]!r}",
            f"it holds: {', '.join(clean(name)[:60] for name in list(found)[:5])}",
        )
    return found[wanted], [name for name in found if name != wanted]


def _tied(archive: Archive, name: str) -> Mapping[str, str]:
    """For each stored tensor the first one that is kept in the same place."""
    match = re.search(GRAPH, name)
    if match is None:
        return {}
    base = name[: match.start()].removesuffix("/")
    prefix = f"{base}/" if base else ""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for kind in ("weights", "constants"):
        member = f"{prefix}data/{kind}/{match.group(1)}_{kind}_config.json"
        if member not in archive.members:
            continue
        config: Any = json.parse(archive.read(member, MAX_GRAPH), memory=MEMORY // 4)
        entries = config.get("config") if isinstance(config, dict) else None
        for tensor, entry in entries.items() if isinstance(entries, dict) else ():
            place = entry.get("path_name") if isinstance(entry, dict) else None
            if isinstance(place, str):
                found[tensor] = first.setdefault(f"{kind}/{place}", tensor)
    return found


def _check_version(document: Any) -> list[Diagnostic]:
    version = document.get("schema_version") if isinstance(document, dict) else None
    if isinstance(version, int):
        version = {"major": version}
    if not isinstance(version, dict) or not isinstance(version.get("major"), int):
        raise MalformedError("its JSON is no exported program", "export it again")
    major, minor = version["major"], version.get("minor", 0)
    if major not in MAJORS:
        raise MalformedError(
            f"its schema has version {major}.{minor}, and {MAJORS[0]} to {MAJORS[-1]} are known",
            "export it with PyTorch 2.3 to 2.13, or use a newer archviz",
        )
    if major == MAJORS[-1] and isinstance(minor, int) and minor > MINOR:
        return [
            Diagnostic(
                "newer-schema",
                Severity.WARNING,
                f"its schema has version {major}.{minor}, newer than the {major}.{MINOR} that is "
                "known; what is new in it is not shown",
            )
        ]
    return []
