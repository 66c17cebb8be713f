"""From the bytes of a .tflite file to a Model.

A FlatBuffer by ``tensorflow/lite/schema/schema.fbs``; field numbers below are positions there.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.tflite.graph import GraphReader
from archviz.importers.tflite.operators import OPERATORS
from archviz.importers.tflite.sniff import IDENTIFIER
from archviz.ir import Model
from archviz.reading import MalformedError, naming
from archviz.reading.flatbuffers import Table
from archviz.reading.names import clean, clean_text
from archviz.source import Source

CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, METADATA, SIGNATURES = 1, 2, 3, 4, 6, 7


def read(source: Source) -> Model:
    """The model in ``source``.

    Args:
        source: A .tflite file, whose weights stay on the disk.

    Raises:
        ImporterError: It is no TFLite model, or a damaged one.
    """
    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    if source.head[4:8] != IDENTIFIER:
        raise ImporterError(f"{source.name}: this is no TFLite model")
    with naming(source.name), _mapped(source) as data:
        model = Table.root(data)
        graph = GraphReader(
            _codes(model),
            list(model.tables(SUBGRAPHS)),
            list(model.tables(BUFFERS)),
            _signatures(model),
        ).read()
        metadata = {}
        if model.length(DESCRIPTION):
            metadata["description"] = clean_text(model.text(DESCRIPTION))
        names = [clean(item.text(0)) for item in model.tables(METADATA)]
        if names:
            metadata["metadata"] = ", ".join(names[:20])
    return Model(graph, "tflite", source.name, metadata)


@contextmanager
def _mapped(source: Source) -> Iterator[Any]:
    """The bytes of a file, of which only what is looked at takes memory."""
    with source.open() as stream:
        try:
            whole = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            yield stream.read()
            return
        # What was read may still be referred to by an error on its way; it goes with the last.
        yield whole


def _codes(model: Table) -> list[tuple[str, bool]]:
    """The name of each operator in use, and whether it is a custom one."""
    found = []
    for code in model.tables(CODES):
        # Numbers up to 126 stood in a byte before there were more operators.
        number = max(code.scalar(0, "int8"), code.scalar(3, "int32"))
        custom = clean(code.text(1))
        if number < 0:
            raise MalformedError(f"an operator has the number {number}")
        is_known = number < len(OPERATORS)
        name = OPERATORS[number] if is_known else f"operator {number}"
        is_custom = bool(custom) and name == "CUSTOM"
        found.append((custom if is_custom else name, is_custom))
    return found


def _signatures(model: Table) -> dict[int, str]:
    """What callers know subgraphs as."""
    return {table.scalar(4, "uint32"): clean(table.text(2)) for table in model.tables(SIGNATURES)}
