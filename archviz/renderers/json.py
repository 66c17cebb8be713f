"""JSON: the Model itself, as docs/archviz.schema.json describes it.

What fits a line stays on one, so that a changed node is a changed line in a diff.
"""

from __future__ import annotations

import json
import re

from archviz.ir import Model
from archviz.ir.serde import to_json
from archviz.renderers import Renderer

LINE = 100
"""Characters that one line holds before its value is spread over several."""

COLUMN = 10
"""Numbers that a line of a longer list holds."""

_NUMBERS = (int, float, type(None))
_SURROGATE = re.compile("[\ud800-\udfff]")
_encode_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def render(model: Model) -> str:
    """The model as JSON text."""
    text = "\n".join(_lines(to_json(model))) + "\n"
    # Lone surrogates have no UTF-8 form, yet JSON can name them.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _lines(value: object) -> list[str]:
    if isinstance(value, dict):
        opening, closing = "{", "}"
        items = [(f"{_encode_text(key)}: ", _lines(item)) for key, item in value.items()]
    elif isinstance(value, list):
        opening, closing = "[", "]"
        if len(value) > COLUMN and all(item.__class__ in _NUMBERS for item in value):
            return _column(value)
        items = [("", _lines(item)) for item in value]
    else:
        return [_encode_text(value)]
    if all(len(lines) == 1 for _, lines in items):
        inline = opening + ", ".join(key + lines[0] for key, lines in items) + closing
        if len(inline) <= LINE:
            return [inline]
    spread = [opening]
    for key, lines in items:
        spread.append(f" {key}{lines[0]}")
        spread.extend(f" {line}" for line in lines[1:])
        spread[-1] += ","
    spread[-1] = spread[-1][:-1]
    spread.append(closing)
    return spread


def _column(values: list[object]) -> list[str]:
    """A long list of numbers, the same number of them on every line."""
    inline = _encode_text(values) if len(values) <= LINE // 3 else ""
    if inline and len(inline) <= LINE:
        return [inline]
    rows = [_encode_text(values[at : at + COLUMN]) for at in range(0, len(values), COLUMN)]
    return ["[", *(f" {row[1:-1]}," for row in rows[:-1]), f" {rows[-1][1:-1]}", "]"]


RENDERER = Renderer(
    name="json",
    title="the Model, which archviz reads back",
    consumes="model",
    render=render,
    suffixes=(".archviz.json", ".json"),
)
