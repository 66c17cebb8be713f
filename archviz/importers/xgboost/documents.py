"""JSON whose long lists of numbers become arrays without becoming objects first."""

from __future__ import annotations

import re
from typing import Any

from archviz.reading.json import parse
from archviz.reading.numbers import parse_numbers

SHORT = 32
"""Characters up to which a list is left to the JSON parser."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|\[(?P<numbers>[-+0-9.eE,\s]{%d,}+)\]' % SHORT, re.DOTALL)


def loads(data: bytes) -> Any:
    """The document, its long lists of numbers as float64 arrays.

    Raises:
        MalformedError: It is no JSON, nests too deep or takes too much memory.
        ValueError: There is something else in a list of numbers.
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

    def restore(value: dict[str, Any]) -> Any:
        index = value.get("\0")
        return arrays[index] if index.__class__ is int and len(value) == 1 else value

    return parse(b"".join(parts), object_hook=restore)
