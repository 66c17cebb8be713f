"""Kept figures: found by what was asked for, and fresh while all that they were made from is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import cache
from importlib import metadata, util
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archviz.catalogue import FAMILIES
from archviz.output import write_whole

if TYPE_CHECKING:
    from archviz.figure import Request

MOST_HASHED = 64 << 20
"""Bytes of the largest file that is read whole; of larger ones, the ends, size and time tell."""

END = 1 << 16
MOST_FILES = 10_000


class Entry:
    """One kept figure.

    Args:
        folder: Where it is kept.
        stem: What its files are called.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self.folder = folder
        self.stem = stem

    def file(self, format: str) -> Path:
        """Where the figure stands in ``format``."""
        if format == "markdown":
            # Another stem, since "figure.*" stands for the pictures to choose from.
            return self.folder / "words.md"
        name, *options = format.split(":")
        variant = "".join(f"-{option.partition('=')[2]}" for option in options)
        return self.folder / f"{self.stem}{variant}.{name}"

    @property
    def facts(self) -> dict[str, Any]:
        """What was noted when it was made; {} when it is not there or not readable."""
        try:
            found = json.loads((self.folder / "figure.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def is_fresh(self, formats: Iterable[str]) -> bool:
        """Whether it is there and nothing has changed that it was made from."""
        facts = self.facts
        return (
            bool(facts)
            and all(self.file(name).is_file() for name in formats)
            and all(digest(Path(path)) == known for path, known in facts["digests"].items())
            and not any(is_installed(name) for name in facts["missing"])
        )

    def keep(self, facts: dict[str, Any]) -> None:
        """Notes what the figure was made from, after its files have been written."""
        write_whole(self.folder / "figure.json", json.dumps(facts, indent=1) + "\n")


def identity(request: Request) -> str:
    """Differs between requests that may give different figures, and between versions of archviz."""
    try:
        folder = os.path.relpath(request.folder)
    except ValueError:  # another drive
        folder = str(request.folder)
    asked = [
        version(),
        request.target,
        Path(folder).as_posix(),
        request.fallback,
        sorted((name, *values) for name, values in request.options.items()),
        request.formats,
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


@cache
def version() -> str:
    """Tells archviz as it is installed, with its plugins, from any other state of it."""
    found = hashlib.sha256()
    for package in ("archviz", "archviz_templates"):
        for name, content in _contents(files(package), ""):
            found.update(f"{name} {len(content)} ".encode() + content)
    for family in FAMILIES:
        for point in metadata.entry_points(group=f"archviz.{family}"):
            release = point.dist.version if point.dist else ""
            found.update(f"{point.name} {point.value} {release} ".encode())
    return found.hexdigest()


def _contents(folder: Traversable, inside: str) -> Iterable[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        name = f"{inside}/{item.name}"
        if item.is_dir():
            if item.name != "__pycache__":
                yield from _contents(item, name)
        elif not item.name.endswith(".pyc"):
            yield name, item.read_bytes()


def digest(path: Path) -> str:
    """Tells the contents of a file or a folder from others; "" when there is none."""
    try:
        if path.is_dir():
            return _digest_of_folder(path)
        size = path.stat().st_size
        found = hashlib.sha256()
        with path.open("rb") as stream:
            if size <= MOST_HASHED:
                found.update(stream.read())
            else:
                found.update(f"{size} {path.stat().st_mtime_ns} ".encode() + stream.read(END))
                stream.seek(-END, os.SEEK_END)
                found.update(stream.read())
    except OSError:
        return ""
    return found.hexdigest()


def _digest_of_folder(path: Path) -> str:
    found = hashlib.sha256()
    inside = sorted(item for item in path.rglob("*") if item.is_file())
    for item in inside[:MOST_FILES]:
        found.update(f"{item.relative_to(path).as_posix()} {digest(item)} ".encode())
    return found.hexdigest()


def is_installed(name: str) -> bool:
    """Whether a package could be imported; it is not."""
    try:
        return util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
