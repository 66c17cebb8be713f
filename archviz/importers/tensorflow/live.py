"""Live functions of TensorFlow: their graph, as TensorFlow itself writes it down."""

from __future__ import annotations

from typing import Any

from archviz.errors import ImporterError
from archviz.importers.tensorflow.messages import message_class
from archviz.source import Source


def graph_of_function(source: Source) -> tuple[Any, dict[str, str], dict[str, str]]:
    """The graph of a live function, with the tensors that are its inputs and its outputs.

    Raises:
        ImporterError: A tf.function that was traced for no input, or for several.
    """
    live: Any = source.object
    kind = type(live).__name__
    inputs: dict[str, str] = {}
    outputs: dict[str, str] = {}
    if kind.lstrip("_") in ("PolymorphicFunction", "Function"):
        live = _concrete(source, live)
    if hasattr(live, "structured_outputs"):
        graph = live.graph
        captured = {tensor.name for tensor in graph.internal_captures}
        inputs = {t.name: t.name.partition(":")[0] for t in graph.inputs if t.name not in captured}
        named = [tensor.name for tensor in graph.outputs]
        outputs = {f"output_{index}": name for index, name in enumerate(named)}
        definition = graph.as_graph_def(add_shapes=True)
    elif hasattr(live, "as_graph_def"):
        definition = live.as_graph_def(add_shapes=True)
    else:
        definition = live
    message = message_class("GraphDef")()
    message.ParseFromString(definition.SerializeToString())
    return message, inputs, outputs


def _concrete(source: Source, live: Any) -> Any:
    """The one concrete function of a tf.function."""
    known = (
        live._list_all_concrete_functions() if hasattr(live, "_list_all_concrete_functions") else []
    )
    if len(known) == 1:
        return known[0]
    if not known and getattr(live, "input_signature", None) is not None:
        return live.get_concrete_function()
    problem = "it was traced for several inputs" if known else "it was never called"
    raise ImporterError(
        f"{source.name}: {problem}, so that it is not known which graph is meant",
        "give function.get_concrete_function(...) instead",
    )
