"""Findings that are known: fingerprints, the file that lists them, and comments in the code."""

from __future__ import annotations

import hashlib
import json
import linecache
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from archviz.diagnostics import Diagnostic, SourceLocation
from archviz.errors import OptionError
from archviz.records import replace

VERSION = 1
STOP = "stop-gradient"
"""The word that allows everything that stops gradient on its line."""

_COMMENT = re.compile(r"#\s*archviz:\s*(?P<what>[^#]*)")
_ALLOW = re.compile(r"allow\s+(?P<names>[\w\-, ]+)")


def fingerprints(items: Sequence[Diagnostic]) -> list[str]:
    """For each diagnostic a name that lasts while the lines around it move.

    It is made of the rule, the file, the function and what the line says; without a line, of the
    parameters or nodes. Equal ones are numbered.
    """
    seen: Counter[str] = Counter()
    found = []
    for item in items:
        place = item.location
        if place is not None:
            text = " ".join(place.text.split()) or str(place.line)
            parts = [item.code or item.name, relative(place.file), place.function, text]
        else:
            parts = [item.code or item.name, *(item.parameters or item.nodes or (item.message,))]
        digest = hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:20]
        seen[digest] += 1
        found.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return found


def relative(file: str) -> str:
    """A file as a repository knows it: relative to the working folder, or to installed packages."""
    path = os.path.abspath(file)
    here = os.getcwd() + os.sep
    if path.startswith(here):
        return Path(path[len(here) :]).as_posix()
    _, found, rest = path.rpartition(f"site-packages{os.sep}")
    return Path(rest).as_posix() if found else Path(path).as_posix()


def text_of(items: Sequence[Diagnostic]) -> str:
    """The text of a baseline file that knows ``items``; a line a finding, sorted."""
    known = {
        print_: f"{item.code} {item.message}"
        for item, print_ in zip(items, fingerprints(items), strict=True)
    }
    return json.dumps({"archviz-baseline": VERSION, "findings": known}, indent=1, sort_keys=True)


def read(path: Path) -> frozenset[str]:
    """The fingerprints that a baseline file knows.

    Raises:
        OptionError: It is not there, or no baseline.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(
            f"{path}: the baseline cannot be read ({error.strerror})",
            "write one with --write-baseline",
        ) from None
    except ValueError:
        data = None
    if not isinstance(data, dict) or data.get("archviz-baseline") != VERSION:
        raise OptionError(f"{path}: this is no baseline", "write one with --write-baseline")
    return frozenset(map(str, data.get("findings", ())))


def suppressed(items: Sequence[Diagnostic], known: Collection[str]) -> tuple[Diagnostic, ...]:
    """The diagnostics, with those that a comment allows or a baseline knows marked."""
    return tuple(
        replace(item, is_suppressed=True) if print_ in known or is_allowed(item) else item
        for item, print_ in zip(items, fingerprints(items), strict=True)
    )


def is_allowed(item: Diagnostic) -> bool:
    """Whether a comment on the line says "archviz: allow <rule>" or "archviz: stop-gradient"."""
    if item.location is None:
        return False
    for line in _lines(item.location):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        what = comment["what"].strip()
        if what.startswith(STOP) and item.code.startswith("AVG"):
            return True
        allowed = _ALLOW.match(what)
        names = re.split(r"[,\s]+", allowed["names"].strip()) if allowed else []
        if item.name in names or item.code in names:
            return True
    return False


def _lines(place: SourceLocation) -> Iterable[str]:
    last = max(place.line, min(place.end_line, place.line + 20))
    found = [linecache.getline(place.file, number) for number in range(place.line, last + 1)]
    return found if any(found) else [place.text]
