"""The files that hold TensorFlow's graphs: which each is, and its messages without weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.tensorflow.messages import message_class
from archviz.importers.tensorflow.sniff import EVENTS, GRAPH, GRAPH_TEXT, SAVED_MODEL, is_event_name
from archviz.reading import MalformedError
from archviz.reading.strip import Message, strip
from archviz.reading.wire import DELIMITED, Window, read_field
from archviz.source import Source

MAX_TEXT = 256 << 20
MAX_EVENTS = 1_000_000

STRUCTURE = {
    "saved": Message("SavedModel", {2: "meta"}),
    "meta": Message("MetaGraphDef", {2: "graph"}, payload=frozenset({3, 4, 6})),
    "graph": Message("GraphDef", {1: "node", 2: "library"}),
    "library": Message("FunctionDefLibrary", {1: "function"}),
    "function": Message("FunctionDef", {3: "node"}),
    "node": Message("NodeDef", {5: "entry"}, payload=frozenset({6, 7})),
    "entry": Message("AttrEntry", {2: "attribute"}),
    "attribute": Message("AttrValue", {1: "list", 8: "tensor"}),
    "list": Message("ListValue", {8: "tensor"}),
    "tensor": Message("TensorProto", payload=frozenset({4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})),
}
"""What may hold large tensors, and the fields with their contents."""


def graph_of(source: Source, form: str) -> Any:
    """The SavedModel or GraphDef in ``source``, without the contents of large tensors.

    Raises:
        ImporterError: It holds none, or is damaged.
    """
    if source.kind == "folder" and form == SAVED_MODEL:
        source = Source.of(source.path / "saved_model.pb")  # type: ignore[operator]
    if form == GRAPH_TEXT:
        return _text(source)
    if form == EVENTS:
        return _logged(source)
    with source.open() as stream:
        return _parsed(stream, 0, source.size, form)


def _parsed(stream: Any, start: int, size: int, form: str) -> Any:
    from google.protobuf.message import DecodeError

    name, kind = ("SavedModel", "saved") if form == SAVED_MODEL else ("GraphDef", "graph")
    window = Window(stream, start + size)
    stripped = strip(window, start, start + size, STRUCTURE, kind)
    if stripped.missing:
        raise MalformedError(f"the file is cut short: {stripped.needs}", "download it again")
    message = message_class(name)()
    try:
        message.ParseFromString(stripped.data)
    except DecodeError:
        raise MalformedError(f"this is no intact {form}", "download or export it again") from None
    return message


def _text(source: Source) -> Any:
    from google.protobuf import text_format

    if source.size > MAX_TEXT:
        raise MalformedError(f"it has more than {MAX_TEXT >> 20} MB of text")
    with source.open() as stream:
        data = stream.read()
    name = "SavedModel" if b"meta_graphs" in data[:4096] else "GraphDef"
    message = message_class(name)()
    try:
        text_format.Parse(data, message, allow_unknown_field=True, allow_unknown_extension=True)
    except (text_format.ParseError, UnicodeDecodeError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise MalformedError(f"its text is no graph ({reason})") from None
    return message


def _logged(source: Source) -> Any:
    """The graph that an event file, or the first one in a folder that has any, holds."""
    files = [source]
    if source.kind == "folder":
        names = sorted(name for name in source.members if is_event_name(name))
        files = [Source.of(source.path / name) for name in names]  # type: ignore[operator]
    for file in files:
        with file.open() as stream:
            for start, size in _graph_fields(Window(stream, file.size)):
                return _parsed(stream, start, size, GRAPH)
    raise ImporterError(
        f"{source.name}: no graph was logged in these events",
        "log one with add_graph, or with write_graph=True",
    )


def _graph_fields(window: Window) -> Iterator[tuple[int, int]]:
    """Place and size of every graph in an event file: a GraphDef, or one in a MetaGraphDef."""
    position = 0
    for _ in range(MAX_EVENTS):
        if position + 12 > window.size:
            return
        length = int.from_bytes(window.slice(position, position + 8), "little")
        start = position + 12
        end = start + length
        if end + 4 > window.size:
            return  # a file that is still being written ends inside a record
        position = end + 4
        inner = start
        while inner < end:
            found = read_field(window, inner)
            if found is None or found[3] > end:
                break
            number, wire, begin, inner = found
            if wire == DELIMITED and number == 4 and inner > begin:
                yield begin, inner - begin
            elif wire == DELIMITED and number == 9:
                meta = begin
                while meta < inner:
                    field = read_field(window, meta)
                    if field is None:
                        break
                    if field[0] == 2 and field[1] == DELIMITED and field[3] <= inner:
                        yield field[2], field[3] - field[2]
                    meta = field[3]
