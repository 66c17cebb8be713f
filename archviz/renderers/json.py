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


RENDERER = Renderer(
    name="json",
    title="the Model, which archviz reads back",
    consumes="model",
    render=render,
    suffixes=(".archviz.json", ".json"),
)
