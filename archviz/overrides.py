"""An author's changes to a figure, from a file or from "a.b=c": options, some of them tables.

In Python the same are keyword arguments: ``render(model, **overrides.read("figure.yaml"))``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from archviz.errors import MissingDependencyError, OptionError

MAX_BYTES = 1 << 20
_DEEP = ("fcnn",)
"""Tables whose keys may have tables of their own; keys of others may have dots in them."""


def read(path: str | Path) -> dict[str, Any]:
    """The options in a file of YAML, TOML or JSON.

    Raises:
        MissingDependencyError: It is YAML, and PyYAML is not installed.
        OptionError: The file cannot be read, or holds something else.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"{path}: it cannot be read ({reason})", "check the path") from None
    if len(data) > MAX_BYTES:
        raise OptionError(f"{path}: it has more than 1 MiB", "give a file of options")
    try:
        found = _parsed(data.decode("utf-8"), path)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        kind = path.suffix.removeprefix(".").upper()
        raise OptionError(f"{path}: it is no {kind} ({reason})") from None
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise OptionError(f"{path}: it holds no options", "write lines such as width: neurips")
    return {key.replace("-", "_"): value for key, value in found.items()}


def _parsed(text: str, path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".toml":
        import tomllib

        return tomllib.loads(text)
    if suffix == ".json":
        return json.loads(text)
    if suffix not in (".yaml", ".yml"):
        raise OptionError(f"{path}: options have no such format", "end it with .yaml or .toml")
    try:
        import yaml
    except ModuleNotFoundError:
        raise MissingDependencyError("pyyaml", "to read YAML", "yaml") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def parse(texts: Iterable[str]) -> dict[str, Any]:
    """The options in texts such as "width=cvpr", "rename.fc=head" or "fcnn.names.out=cat,dog".

    Raises:
        OptionError: A text has no "=", or no name before it.
    """
    found: dict[str, Any] = {}
    for text in texts:
        # An expression of a name may have "=" in it, a value hardly ever does.
        path, equals, value = text.rpartition("=")
        name, _, key = path.partition(".")
        if not equals or not name:
            raise OptionError(f"{text!r} sets nothing", "write it as --set rename.fc=head")
        name = name.strip().replace("-", "_")
        if not key:
            found[name] = value
            continue
        table = found.setdefault(name, {})
        if not isinstance(table, dict):
            raise OptionError(f"{name} is set both to a value and to a table", "give one of them")
        keys = key.split(".") if name in _DEEP else [key]
        for part in keys[:-1]:
            table = table.setdefault(part, {})
        table[keys[-1]] = value
    return found


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both, the second one's values before the first one's, tables key by key."""
    found = dict(one)
    for key, value in other.items():
        before = found.get(key)
        is_table = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[key] = merged(before, value) if is_table and before is not None else value
    return found
