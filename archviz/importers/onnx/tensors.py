"""Stored tensors: what is told of one, and what part of a model it is."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING

from archviz.importers.onnx.value_types import dtype_name
from archviz.ir import TensorType
from archviz.ir.types import dtype_bits, is_float
from archviz.reading.names import clean
from archviz.reading.strip import MAX_RANK

if TYPE_CHECKING:
    from onnx import SparseTensorProto, TensorProto

MAX_ELEMENTS = 16
"""Elements up to which a constant keeps its value."""

Elements = tuple[bool | int | float | str, ...]

_RAW_FORMATS = {
    "float32": "f", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "int32": "i",
    "int64": "q", "bool": "?", "float16": "e", "float64": "d", "uint32": "I", "uint64": "Q",
}  # fmt: skip
_BATCH_STATISTICS = frozenset({"input_mean", "input_var", "mean", "var"})
_INITIAL_STATES = ("initial_h", "initial_c")
_SETTINGS = frozenset(
    {
        "roi", "scales", "sizes", "min", "max", "constant_value", "pads", "ratio", "start", "limit",
        "delta", "iou_threshold", "score_threshold", "values", "depth", "training_mode", "low",
        "high", "condition", "M", "cond", "past_sequence_length",
    }
)  # fmt: skip
ELEMENTWISE = frozenset(
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Where", "Clip", "Max", "Min", "Equal", "Greater",
        "Less", "GreaterOrEqual", "LessOrEqual", "Mod", "Expand", "Concat", "CastLike", "Cast",
        "Identity", "Range", "ConstantOfShape", "Pad", "Not", "And", "Or", "Sqrt", "Reshape",
        "Unsqueeze", "Squeeze", "",
    }
)  # fmt: skip


def tensor_type(proto: TensorProto) -> TensorType:
    """Shape and dtype; sizes below zero are unknown, and so is a rank that no tensor has."""
    dims = proto.dims
    dtype = dtype_name(proto.data_type)
    if len(dims) > MAX_RANK:
        return TensorType(dtype)
    return TensorType(dtype, tuple([dim if dim >= 0 else None for dim in dims]))


def sparse_type(proto: SparseTensorProto) -> TensorType:
    """Shape and dtype of the dense tensor that a sparse one stands for."""
    dims = proto.dims
    shape = None if len(dims) > MAX_RANK else tuple([dim if dim >= 0 else None for dim in dims])
    return TensorType(dtype_name(proto.values.data_type), shape)


def elements(proto: TensorProto, type_: TensorType) -> Elements | None:
    """The elements of a small tensor in row-major order; None when large or not in the file."""
    size = type_.size
    if size is None or size > MAX_ELEMENTS or proto.data_location == 1:
        return None
    dtype = type_.dtype
    found: Elements
    if dtype == "string":
        found = tuple([clean(item) for item in proto.string_data])
    elif proto.HasField("raw_data"):
        code = _RAW_FORMATS.get(dtype)
        if code is None or len(proto.raw_data) != size * struct.calcsize("<" + code):
            return None
        numbers = struct.unpack(f"<{size}{code}", proto.raw_data)
        found = tuple(map(shortest, numbers)) if dtype == "float32" else numbers
    elif dtype == "float32":
        found = tuple([shortest(item) for item in proto.float_data])
    elif dtype == "float64":
        found = tuple(proto.double_data)
    elif dtype == "int64":
        found = tuple(proto.int64_data)
    elif dtype in ("uint32", "uint64"):
        found = tuple(proto.uint64_data)
    elif dtype == "bool":
        found = tuple([item != 0 for item in proto.int32_data])
    elif dtype in ("int32", "int16", "int8", "uint16", "uint8"):
        found = tuple(proto.int32_data)
    elif dtype == "float16":
        halves = [item & 0xFFFF for item in proto.int32_data]
        found = struct.unpack(f"<{len(halves)}e", struct.pack(f"<{len(halves)}H", *halves))
    else:
        return None
    return found if len(found) == size else None


def location(proto: TensorProto) -> str:
    """Where the bytes are when outside the file, "weights.bin+4096", else "".

    The file is neither opened nor looked for.
    """
    if proto.data_location != 1:
        return ""
    entries = {clean(entry.key): clean(entry.value) for entry in proto.external_data}
    # Only the name is told: a path says nothing of the model, and may tell of the machine.
    name = entries.get("location", "").replace("\\", "/").rpartition("/")[2] or "external data"
    offset = entries.get("offset", "0")
    return f"{name}+{offset if offset.isdecimal() else '0'}"


def shortest(number: float) -> float:
    """The float with the fewest decimals that is the same float32, 0.1 for 0.1000000015."""
    if not math.isfinite(number) or number == int(number):
        return number
    packed = struct.pack("f", number)
    for digits in (6, 7, 8):
        rounded = float(f"{number:.{digits}g}")
        if abs(rounded) <= 3.4028234e38 and struct.pack("f", rounded) == packed:
            return rounded
    return number


def kind_of(type_: TensorType, name: str, uses: Iterable[tuple[str, str]]) -> str:
    """What part of a model a stored tensor is: "weight", "buffer" or "constant".

    Args:
        type_: Shape and dtype.
        name: What the file calls it.
        uses: The operators that consume it, each with what it calls this input.
    """
    votes = [_vote(type_, name, op, role) for op, role in uses]
    for kind in ("weight", "buffer", "constant"):
        if kind in votes:
            return kind
    return "weight" if is_float(type_.dtype) else "constant"


def _vote(type_: TensorType, name: str, op: str, role: str) -> str:
    if role in _BATCH_STATISTICS and "BatchNorm" in op:
        return "buffer"
    is_setting = role in _SETTINGS or role in _INITIAL_STATES
    if is_setting or role.endswith(("_scale", "zero_point", "_zero_points")):
        return "constant"
    dtype = type_.dtype
    if is_float(dtype):
        if op not in ELEMENTWISE:
            return "weight"
        # A lone number in an elementwise operator is a setting, unless a module owns it.
        return "weight" if type_.size != 1 or _has_owner(name) else "constant"
    if 0 < dtype_bits(dtype) <= 8 and dtype != "bool":
        return "weight"
    quantized_bias = dtype == "int32" and (op.startswith("QLinear") or op == "DequantizeLinear")
    return "weight" if quantized_bias else "constant"


def _has_owner(name: str) -> bool:
    owner, dot, last = name.rpartition(".")
    return bool(dot) and last.isidentifier() and not owner.startswith(("/", "onnx::"))
