"""Values of named weights of an ONNX model, for the one view that draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archviz.ir.model import WeightReader
from archviz.source import Source

MAX_FILE = 1 << 30
"""Bytes of a file that is parsed for the sake of a few weights."""
_EXTERNAL = 1


def weights(source: Source) -> WeightReader:
    """What reads initializers of ``source`` by name."""

    def read(names: Sequence[str]) -> Mapping[str, Any]:
        from google.protobuf.message import DecodeError
        from onnx import ModelProto, numpy_helper
        from onnx.checker import ValidationError

        wanted = set(names)
        if source.is_live:
            proto = source.object
        else:
            if source.size > MAX_FILE:
                return {}
            proto = ModelProto()
            try:
                with source.open() as stream:
                    proto.ParseFromString(stream.read())
            except DecodeError:
                return {}  # a text form, which hardly ever holds weights
        folder = str(source.path.parent) if source.path is not None else ""
        found: dict[str, Any] = {}
        for tensor in getattr(getattr(proto, "graph", proto), "initializer", ()):
            if tensor.name not in wanted:
                continue
            if tensor.data_location == _EXTERNAL and not (folder and _is_near(tensor, folder)):
                continue
            try:
                found[tensor.name] = numpy_helper.to_array(tensor, folder)
            except (ValueError, TypeError, OSError, ValidationError):
                continue
        return found

    return read


def _is_near(tensor: Any, folder: str) -> bool:
    """Whether external data lies beside the model and is there."""
    names = {entry.key: entry.value for entry in tensor.external_data}
    name = names.get("location", "")
    is_plain = bool(name) and Path(name).name == name
    return is_plain and (Path(folder) / name).is_file()
