"""Recognising ONNX: by the fields a file begins with, by its text, by its name."""

from __future__ import annotations

import re

from archviz.importers import Confidence
from archviz.reading.wire import DELIMITED, VARINT, Window
from archviz.source import Source

SUFFIXES = (".onnx", ".onnxtxt", ".onnxtext", ".onnxjson")

TEXT = "text"
TEXTPROTO = "textproto"
JSON = "json"

_MODEL_FIELDS = {
    1: VARINT, 2: DELIMITED, 3: DELIMITED, 4: DELIMITED, 5: VARINT, 6: DELIMITED, 7: DELIMITED,
    8: DELIMITED, 14: DELIMITED, 20: DELIMITED, 25: DELIMITED, 26: DELIMITED,
}  # fmt: skip
_GRAPH_FIELDS = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
_MAX_FIELDS = 10_000
_TEXT_FORMS = (
    (TEXT, rb"\s*<[^>{]*\bir_version\s*:"),
    (TEXTPROTO, rb"(?:^|\n)\s*ir_version\s*:\s*\d+[\s\S]*(?:^|\n)\s*\w+\s*:?\s*[\w\"{]"),
    (JSON, rb'\s*\{(?:\s*"\w+"\s*:\s*"[^"]*"\s*,)*\s*"(?:irVersion|ir_version)"\s*:'),
)


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is an ONNX model."""
    if is_model_proto(source):
        return Confidence.CONTENT
    if not source.is_file:
        return Confidence.NONE
    if text_form(source) or looks_like_model(source):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE


def is_model_proto(source: Source) -> bool:
    """Whether it is a live ModelProto of the official package."""
    return any(
        name.startswith("onnx") and name.endswith(".ModelProto") for name in source.class_names
    )


def text_form(source: Source) -> str:
    """Which of the text forms the file is in, or "" for none."""
    head = source.head
    if b"\0" in head:
        return ""
    return next((form for form, pattern in _TEXT_FORMS if re.match(pattern, head)), "")


def looks_like_model(source: Source) -> bool:
    """Whether the file begins with fields of a ModelProto and has a graph among them."""
    if source.head[:1] not in (
        b"\x08",
        b"\x12",
        b"\x1a",
        b"\x22",
        b"\x28",
        b"\x32",
        b"\x3a",
        b"\x42",
    ):
        return False
    size = source.size
    with source.open() as stream:
        window = Window(stream, size)
        position = 0
        for _ in range(_MAX_FIELDS):
            try:
                number, wire, start, end = _field(window, position)
            except IndexError:
                return False
            if _MODEL_FIELDS.get(number) != wire:
                return False
            if number == 7:
                return _looks_like_graph(window, start, min(end, size))
            if end > size:
                return False
            position = end
    return False


def _looks_like_graph(window: Window, start: int, end: int) -> bool:
    """Whether the first fields are a graph's; the graph may be cut short."""
    position = start
    for _ in range(3):
        if position >= end:
            break
        try:
            number, wire, _, position = _field(window, position)
        except IndexError:
            return position > start
        if wire != DELIMITED or number not in _GRAPH_FIELDS:
            return False
    return True


def _field(window: Window, position: int) -> tuple[int, int, int, int]:
    """Number, wire type, start and end of the field at ``position``."""
    index = window.at(position, 20)
    buffer = window.buffer
    tag, index = _varint(buffer, index)
    number, index = (tag, index) if tag & 7 == 1 or tag & 7 == 5 else _varint(buffer, index)
    start = window.base + index
    return tag >> 3, tag & 7, start, start + number if tag & 7 == DELIMITED else start


def _varint(buffer: bytes, index: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        byte = buffer[index]
        index += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, index
    raise IndexError
