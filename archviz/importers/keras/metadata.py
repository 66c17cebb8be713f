"""keras_metadata.pb: what Keras 2 writes beside a SavedModel about its layers.

The file is a SavedMetadata message of TensorFlow (``saved_metadata.proto``): a node for each
object, with its path and its settings as JSON.
"""

from __future__ import annotations

from typing import Any

from archviz.reading import MalformedError, json
from archviz.reading.wire import fields

_NODE, _PATH, _IDENTIFIER, _METADATA = 1, 3, 4, 5
_MODELS = ("_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential")


def architecture_of(data: bytes) -> Any:
    """The root's class and configuration, as a whole-model file has them.

    Raises:
        MalformedError: The bytes are no such message, or it is about no model.
    """
    for number, value in fields(data):
        if number != _NODE or not isinstance(value, bytes):
            continue
        node = {key: inner for key, inner in fields(value) if isinstance(inner, bytes)}
        if node.get(_PATH) != b"root" or _METADATA not in node:
            continue
        if node.get(_IDENTIFIER, b"").decode("utf-8", "replace") not in _MODELS:
            break
        described = json.parse(node[_METADATA])
        if isinstance(described, dict):
            return _plain(
                {key: described[key] for key in ("class_name", "config") if key in described}
            )
    raise MalformedError("its keras_metadata.pb is about no model")


def _plain(value: Any, depth: int = 0) -> Any:
    """``value`` with the marks of tuples and shapes taken off."""
    if depth > 200:
        raise MalformedError("its keras_metadata.pb nests too deep")
    if isinstance(value, dict):
        if value.get("class_name") in ("__tuple__", "TensorShape") and "items" in value:
            return _plain(value["items"], depth + 1)
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    return value
