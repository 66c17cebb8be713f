"""Recognising graphs of TensorFlow: which form a file or folder is in; nothing is parsed."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.reading.wire import DELIMITED, Window, read_field
from archviz.source import Source

SAVED_MODEL, GRAPH, GRAPH_TEXT, EVENTS = "saved model", "graph", "graph as text", "events"
KERAS_METADATA = "keras_metadata.pb"
_CLASSES = ("ConcreteFunction", "PolymorphicFunction", "Function", "FuncGraph", "Graph", "GraphDef")
_NODE_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7})


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` holds a graph of TensorFlow."""
    if is_function(source):
        return Confidence.CONTENT
    if source.object is not None:
        return Confidence.NONE
    form = form_of(source)
    if form:
        # The Keras importer tells more of a SavedModel that has the calls between its layers.
        is_keras = source.kind == "folder" and _has_layers(source)
        return Confidence.NONE if is_keras else Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(".pb", ".pbtxt") else Confidence.NONE


def _has_layers(source: Source) -> bool:
    if KERAS_METADATA not in source.members or source.path is None:
        return False
    try:
        data = (source.path / KERAS_METADATA).read_bytes()
    except OSError:
        return False
    root = data[: data.find(b"_tf_keras_layer")] if b"_tf_keras_layer" in data else data
    return b'"layers": [' in root


def is_function(source: Source) -> bool:
    """Whether it is a tf.function, a concrete function, a graph or a GraphDef message."""
    return any(
        name.startswith(("tensorflow.", "tensorflow_core."))
        and name.rpartition(".")[2].lstrip("_") in _CLASSES
        for name in source.class_names
    )


def form_of(source: Source) -> str:
    """Which of the forms ``source`` is in, "" for none; nothing is parsed."""
    if source.kind == "folder":
        names = source.members
        if "saved_model.pb" in names:
            return SAVED_MODEL
        return EVENTS if any(is_event_name(name) for name in names if "/" not in name) else ""
    if not source.is_file:
        return ""
    if _has_record(source.head):
        return EVENTS
    if _looks_like_text(source.head):
        return GRAPH_TEXT
    with source.open() as stream:
        window = Window(stream, source.size)
        if _looks_like_saved_model(window):
            return SAVED_MODEL
        return GRAPH if _looks_like_graph(window, 0, source.size) else ""


def is_event_name(name: str) -> bool:
    """Whether a file of this name is one of TensorBoard's."""
    return "tfevents" in name


def _has_record(head: bytes) -> bool:
    """Whether the file begins with a record that holds the version of an event file."""
    length = int.from_bytes(head[:8], "little")
    return 10 < length < 200 and b"brain.Event:" in head[12 : 12 + length]


def _looks_like_text(head: bytes) -> bool:
    text = head.lstrip()
    if b"\0" in text[:1000]:
        return False
    start = text.split(b"{", 1)[0].strip()
    return start in (b"node", b"saved_model_schema_version: 1\nmeta_graphs") or (
        start in (b"library", b"versions") and b"op:" in head
    )


def _looks_like_saved_model(window: Window) -> bool:
    """Whether the first fields are a schema's version and a graph with its meta information."""
    position = 0
    for _ in range(2):
        found = read_field(window, position)
        if found is None:
            return False
        number, wire, start, end = found
        if number == 2 and wire == DELIMITED:
            inner = read_field(window, start)
            is_meta = inner is not None and inner[0] in (1, 2) and inner[1] == DELIMITED
            return is_meta and end <= window.size and not _looks_like_node(window, start, end)
        if number != 1 or wire == DELIMITED:
            return False
        position = end
    return False


def _looks_like_graph(window: Window, position: int, size: int) -> bool:
    """Whether the file begins with nodes, or with a library that nodes follow."""
    for _ in range(4):
        found = read_field(window, position)
        if found is None:
            return False
        number, wire, start, end = found
        if number == 1 and wire == DELIMITED:
            return _looks_like_node(window, start, min(end, size))
        if number not in (2, 3, 4):
            return False
        position = end
    return False


def _looks_like_node(window: Window, position: int, end: int) -> bool:
    """Whether a message has a name and an operator, each a text, in its first fields."""
    seen: list[int] = []
    while position < end and len(seen) < 3:
        found = read_field(window, position)
        if found is None or found[0] not in _NODE_FIELDS or found[1] != DELIMITED:
            return False
        number, _, start, stop = found
        if number in (1, 2) and not _is_name(window.slice(start, min(stop, end, start + 4096))):
            return False
        seen.append(number)
        position = stop
    return seen[:2] == [1, 2] or seen[:1] == [2]


def _is_name(text: bytes) -> bool:
    return bool(text) and text.isascii() and text.decode("ascii").isprintable()
