"""JSON whose long lists of numbers become arrays without becoming objects first."""

from __future__ import annotations

import json
import re
from typing import Any

from archviz.reading.numbers import parse_numbers

SHORT = 32
"""Characters up to which a list is left to the JSON parser."""

MAX_CONTAINERS = 2_000_000
"""Objects and lists besides those, each of which costs memory whatever it holds."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|\[(?P<numbers>[-+0-9.eE,\s]{%d,}+)\]' % SHORT, re.DOTALL)


def loads(data: bytes) -> Any:
    """The document, its long lists of numbers as float64 arrays.

    Raises:
        ValueError: It is no JSON, or has too many lists and objects.
        RecursionError: It nests too deep.
    """
    arrays: list[Any] = []
    parts: list[bytes] = []
    position = 0
    for match in _TOKEN.finditer(data):
        if match.lastgroup is None:
            continue
        text = match["numbers"]
        array = parse_numbers(text, ",")
        if len(array) != text.count(b",") + 1:
            raise ValueError(f"there is a list of no numbers at byte {match.start():,}")
        parts += (data[position : match.start()], b'{"\\u0000":%d}' % len(arrays))
        arrays.append(array)
        position = match.end()
    parts.append(data[position:])
    rest = b"".join(parts)
    if rest.count(b"[") + rest.count(b"{") - len(arrays) > MAX_CONTAINERS:
        raise ValueError("it has too many lists and objects")

    def restore(value: dict[str, Any]) -> Any:
        index = value.get("\0")
        return arrays[index] if index.__class__ is int and len(value) == 1 else value

    return json.loads(rest, object_hook=restore)
