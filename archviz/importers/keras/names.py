"""What a layer's operator is called."""

from __future__ import annotations

import re

from archviz.importers.keras.config import Layer
from archviz.reading.names import clean

_NODE_OP = r'op:\s*"(\w+)"|"op":\s*"(\w+)"'


def operator_of(layer: Layer) -> str:
    """The class of a layer; TensorFlow's name of the operation where Keras 2 wraps one."""
    if layer.class_name in (
        "TFOpLambda",
        "SlicingOpLambda",
        "ClassMethod",
        "InstanceMethod",
        "InstanceProperty",
    ):
        function = layer.config.get("function", layer.config.get("symbol"))
        if isinstance(function, str) and function:
            return f"tf.{clean(function).removeprefix('tf.')}"
    if layer.class_name == "TensorFlowOpLayer":
        node = layer.config.get("node_def")
        found = re.search(_NODE_OP, node[:10_000]) if isinstance(node, str) else None
        if found:
            return found[1] or found[2]
    if layer.class_name == "Merge" and isinstance(layer.config.get("mode"), str):
        return _OLD_MERGES.get(layer.config["mode"], "Merge")
    return layer.class_name


_OLD_MERGES = {
    "sum": "Add", "mul": "Multiply", "concat": "Concatenate", "ave": "Average", "dot": "Dot",
    "max": "Maximum",
}  # fmt: skip
