"""The process that draws one figure: reads what to do, writes the files and what it found.

It is started by :func:`archviz.figure.make`, which waits for it; models are imported here and
nowhere else.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archviz import api
from archviz.errors import ArchvizError, MissingDependencyError
from archviz.figure.cache import digest
from archviz.figure.settings import arguments, fitting
from archviz.ir import Model
from archviz.options import parse_plugin
from archviz.output import write_whole


def main() -> None:
    """Does the work that standard input describes."""
    work = json.loads(sys.stdin.read())
    try:
        answer = _draw(work)
    except ArchvizError as error:
        answer = {"error": error.message, "hint": error.hint}
    write_whole(Path(work["answer"]), json.dumps(answer))


def _draw(work: dict[str, Any]) -> dict[str, Any]:
    options = {name: tuple(values) for name, values in work["options"].items()}
    loaded, drawn = arguments(options)
    model, missing = _loaded(work["target"], work["fallback"], loaded)
    alt = ""
    for asked, file in work["files"].items():
        format, variant = parse_plugin(asked)
        settings = {**fitting(drawn, format), **variant}
        if settings.get("overlay"):  # which looks at the live model
            made = api.compose(work["target"], format=format, **loaded, **settings)
        else:
            made = api.compose(model, format=format, **settings)
        alt = alt or made.caption
        write_whole(Path(file), made.content)
    own, installed = _imported()
    given = [work["target"], work["fallback"], str(drawn.get("theme", ""))]
    sources = [name for name in given if name and Path(name).exists()] + own
    note = f"drawn from {work['fallback']}, as {missing} is not installed" if missing else ""
    return {
        "alt": alt,
        "note": note,
        "missing": [missing] if missing else [],
        "sources": sources,
        "digests": {path: digest(Path(path)) for path in dict.fromkeys([*sources, *installed])},
    }


def _loaded(target: str, fallback: str, options: dict[str, Any]) -> tuple[Model, str]:
    """The model, and the package for lack of which it comes from the fallback."""
    try:
        return api.load(target, **options), ""
    except ArchvizError as error:
        missing = _missing(error)
        if not fallback or not missing:
            raise
    return api.load(fallback), missing


def _missing(error: BaseException | None) -> str:
    """The package for lack of which something failed."""
    while error is not None:
        if isinstance(error, MissingDependencyError):
            return error.package
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name
        error = error.__cause__ or error.__context__
    return ""


def _imported() -> tuple[list[str], list[str]]:
    """Files of the modules that were imported: the user's own, and those that stand for packages.

    An installed package is taken to change with its first file and the one that has its version.
    """
    paths = sysconfig.get_paths()
    python = [os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib")]
    own: dict[str, None] = {}
    installed: dict[str, None] = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if name.startswith(("archviz", "__main__")):
            continue
        if not isinstance(file, str) or not os.path.isabs(file):
            continue
        real = os.path.realpath(file)
        if {"site-packages", "dist-packages"} & set(Path(real).parts):
            if "." not in name:
                versions = (Path(real).with_name(f"{v}.py") for v in ("version", "_version"))
                installed.update(dict.fromkeys([file, *map(str, filter(Path.exists, versions))]))
        elif not _is_inside(real, python):
            own[_seen_from_here(file)] = None
    return list(own), list(installed)


def _is_inside(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(folder + os.sep) for folder in folders)


def _seen_from_here(path: str) -> str:
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if near.startswith("..") else near


if __name__ == "__main__":
    main()
