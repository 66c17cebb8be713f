"""Element types of what layers give."""

from __future__ import annotations

from collections.abc import Sequence

from archviz.importers.keras.config import Layer, dtype_of
from archviz.ir import TensorType
from archviz.ir.types import is_float

_AS_GIVEN = (
    "Flatten", "Reshape", "Permute", "RepeatVector", "ZeroPadding", "Cropping", "UpSampling",
    "GetItem", "Transpose", "Split", "ExpandDims", "Squeeze", "Identity", "Concatenate", "Stack",
    "BroadcastTo", "Masking", "tf.__operators__.getitem", "tf.concat", "tf.identity",
    "StopGradient",
)  # fmt: skip
_TRUTHS = (
    "Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr",
    "LogicalNot", "Any", "All", "Isnan", "Isfinite", "Isinf",
)  # fmt: skip
_LOOKUPS = ("StringLookup", "IntegerLookup", "Hashing", "HashedCrossing", "Discretization")


def output_dtype(layer: Layer, inputs: Sequence[TensorType | None]) -> str:
    """The element type of what ``layer`` gives, "" when its class does not tell."""
    name = layer.class_name
    if layer.is_custom:
        return ""
    if name in _TRUTHS:
        return "bool"
    if name in _LOOKUPS and layer.config.get("output_mode", "int") == "int":
        return "int64"
    if name in ("Cast", "tf.cast"):
        target = layer.config.get("dtype")
        return target if isinstance(target, str) else ""
    first = next((type_.dtype for type_ in inputs if type_ is not None and type_.dtype), "")
    if name.startswith(_AS_GIVEN) and first and not is_float(first):
        return first
    if "dtype" in layer.config:
        return dtype_of(layer.config)[0]
    # Operations state no policy; they give what they get.
    return first or "float32"
