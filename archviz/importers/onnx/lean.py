"""A copy of a live ModelProto without its weights; the original is not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archviz.errors import ImporterError
from archviz.importers.onnx.tree_ensembles import TENSORS
from archviz.reading.strip import KEEP, MAX_NESTING

if TYPE_CHECKING:
    from onnx import ModelProto

_PAYLOAD = frozenset(
    {"float_data", "int32_data", "string_data", "int64_data", "raw_data", "double_data",
     "uint64_data"}
)  # fmt: skip


def lean_copy(model: ModelProto) -> ModelProto:
    """The model without large payloads.

    Raises:
        ImporterError: Its messages nest too deep.
    """
    copy = type(model)()
    _copy(model, copy, 0)
    return copy


def _copy(message: Any, copy: Any, depth: int) -> None:
    if depth > MAX_NESTING:
        raise ImporterError(f"the model nests more than {MAX_NESTING} levels of messages")
    is_tensor = message.DESCRIPTOR.name == "TensorProto"
    for field, value in message.ListFields():
        name = field.name
        if is_tensor and name in _PAYLOAD and _is_large(value):
            continue
        if field.message_type is None:
            if isinstance(value, str | bytes | int | float):
                setattr(copy, name, value)
            else:
                getattr(copy, name).extend(value)
        elif hasattr(value, "ListFields"):
            inner = getattr(copy, name)
            inner.SetInParent()
            _copy_or_walk(value, inner, depth)
        else:
            repeated = getattr(copy, name)
            for item in value:
                _copy_or_walk(item, repeated.add(), depth)


def _copy_or_walk(message: Any, copy: Any, depth: int) -> None:
    # A message that is small holds nothing large, and copying it whole is much faster.
    is_tree_column = (
        message.DESCRIPTOR.name == "AttributeProto" and message.name.encode() in TENSORS
    )
    if not is_tree_column and (depth > MAX_NESTING // 2 or message.ByteSize() > KEEP):
        _copy(message, copy, depth + 1)
    else:
        copy.CopyFrom(message)


def _is_large(value: Any) -> bool:
    return len(value) > (KEEP if isinstance(value, bytes) else KEEP // 8)
