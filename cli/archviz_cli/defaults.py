"""Defaults of options: ``[tool.archviz]`` in the nearest pyproject.toml."""

from __future__ import annotations

import re
from argparse import Action, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from archviz.errors import OptionError, closest
from archviz_cli.parsing import Several

_TABLE = re.compile(r"""tool["']?\s*(\.\s*["']?archviz|\]|=)""")
# Ways to begin ``[tool.archviz]``, where what reads TOML has to be loaded.

Defaults = dict[str, dict[str, Any]]
"""Values by command and by the option's long name."""


def find(folder: Path) -> Path | None:
    """The nearest pyproject.toml in ``folder`` or above it."""
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        if path.is_file():
            return path
    return None


def read(path: Path, known: Callable[[], Mapping[str, Sequence[str]]]) -> Defaults:
    """What the file says, by command and by the option's long name.

    Keys beside the commands' own tables go to every command that has such an option.

    Args:
        path: A pyproject.toml.
        known: The options of each command; asked when the file has defaults.

    Raises:
        OptionError: The file is no TOML, or has a key that no option answers to.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if "archviz" not in text or not _TABLE.search(text):
        return {}
    import tomllib

    try:
        tools = tomllib.loads(text).get("tool")
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path}: it is not TOML ({error})") from None
    table = tools.get("archviz") if isinstance(tools, dict) else None
    if not table:
        return {}
    if not isinstance(table, dict):
        raise OptionError(f"{path}: archviz is {table!r}", "write options into [tool.archviz]")
    commands = known()
    defaults: Defaults = {command: {} for command in commands}
    everywhere = {name for options in commands.values() for name in options}
    for key, value in table.items():
        if key in commands and isinstance(value, dict):
            continue
        if key in commands and key not in everywhere:
            raise OptionError(
                f"{path}: {key} is {value!r}", f"write options into [tool.archviz.{key}]"
            )
        if key not in everywhere:
            raise _unknown(path, "tool.archviz", key, [*everywhere, *commands])
        for command, options in commands.items():
            if key in options:
                defaults[command][key] = _value(key, value, path)
    for command, options in commands.items():
        own = table.get(command)
        for key, value in own.items() if isinstance(own, dict) else ():
            if key not in options:
                raise _unknown(path, f"tool.archviz.{command}", key, list(options))
            defaults[command][key] = _value(key, value, path)
    return defaults


def converted(action: Action, value: Any, where: str) -> Any:
    """A value of a file as the option would take it from a command line.

    Raises:
        OptionError: It would not.
    """
    if isinstance(action, BooleanOptionalAction) or action.nargs == 0:
        if not isinstance(value, bool):
            raise OptionError(f"{where} is {value!r}", "it takes true or false")
        return value
    if isinstance(action, Several):
        return [str(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(value, bool | list):
        raise OptionError(f"{where} is {value!r}", "it takes one text or number")
    try:
        return action.type(str(value)) if callable(action.type) else str(value)
    except ArgumentTypeError as error:
        raise OptionError(f"{where}: {error}") from None


def _value(key: str, value: object, path: Path) -> object:
    if isinstance(value, dict):
        raise OptionError(f"{path}: {key} is a table", "give it a value")
    if key == "theme" and isinstance(value, str) and value.endswith(".toml"):
        return str(path.parent / value)
    return value


def _unknown(path: Path, table: str, key: str, known: list[str]) -> OptionError:
    near = closest(key, sorted(known))
    hint = f"did you mean {near!r}?" if near else f"it takes: {', '.join(sorted(set(known)))}"
    return OptionError(f"{path}: [{table}] has no key {key!r}", hint)
