"""Keras on TensorFlow: one traced call, gradient edges by the registry, a tape for the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archviz.analysis.gradient.graph import Role
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.static_rules import of_tensorflow
from archviz.analysis.gradient.tracing import TraceBuilder
from archviz.diagnostics import SourceLocation
from archviz.importers.keras.gradient.lines import user_lines
from archviz.importers.keras.gradient.verdicts import judged
from archviz.ir import Node

_LEAVING = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})


def check_tensorflow(
    model: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    loss: Callable[..., Any] | None,
    target: Any,
    source: str,
) -> GradientReport:
    """The check of one call on TensorFlow."""
    import keras
    import tensorflow as tf

    def tensor(value: Any) -> Any:
        return tf.convert_to_tensor(value) if hasattr(value, "__array__") else value

    args = tuple(map(tensor, args))
    goal = tensor(target)

    def call(*given: Any) -> Any:
        value = model(*given, **kwargs)
        if loss is None:
            return value
        return loss(value) if goal is None else loss(value, goal)

    variables = [variable.value for variable in model.variables]
    kept = [tf.identity(variable) for variable in variables]
    try:
        traced = tf.function(call, autograph=False).get_concrete_function(*args)
        graph, roots = _graph(traced.graph, variables)
        with tf.GradientTape() as tape:
            result = call(*args)
            total = _total(tf, result)
        wanted = [v for v in model.variables if v.trainable]
        found = tape.gradient(total, [v.value for v in wanted]) if total is not None else []
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)
    targets = {
        variable.path: (
            variable.value.ref(),
            tuple(variable.shape),
            bool(variable.trainable) and variable.value.dtype.is_floating,
        )
        for variable in model.variables
    }
    states = {v.path: _state(tf, g) for v, g in zip(wanted, found, strict=False)}
    verdicts = judged(graph.finished(roots, targets), states)
    return GradientReport(
        verdicts,
        source=source,
        facts={
            "operations": len(graph.operations),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "backend": "tensorflow",
        },
        backward="values",
    )


def _total(tf: Any, result: Any) -> Any:
    """A fixed random projection of everything floating-point in a result."""
    generator = tf.random.Generator.from_seed(0)
    parts = [
        tf.reduce_sum(part * tf.cast(generator.uniform(tf.shape(part), 0.5, 1.5), part.dtype))
        for part in tf.nest.flatten(result)
        if tf.is_tensor(part) and part.dtype.is_floating
    ]
    return tf.add_n([tf.cast(part, tf.float32) for part in parts]) if parts else None


def _state(tf: Any, gradient: Any) -> str:
    if gradient is None:
        return "none"
    values = tf.convert_to_tensor(gradient)
    if not bool(tf.reduce_all(tf.math.is_finite(values))):
        return "nonfinite"
    return "ok" if bool(tf.reduce_any(values != 0)) or not tf.size(values) else "zero"


def _graph(graph: Any, variables: list[Any]) -> tuple[TraceBuilder, list[Any]]:
    """The value graph of a function graph, and the names of its results."""
    builder = TraceBuilder()
    by_handle = {id(variable.handle): variable for variable in variables}
    for outer, inner in graph.captures:
        known = by_handle.get(id(outer))
        if known is not None:
            builder.leaf(known.ref(), known.name)
            builder.same(inner.ref(), known.ref())
    for operation in graph.get_operations():
        if operation.type == "Placeholder":
            for value in operation.outputs:
                builder.leaf(value.ref(), operation.name, is_float=_is_real(value.dtype))
            continue
        rule = of_tensorflow(Node(operation.name, operation.type))
        custom = operation.type == "IdentityN"  # where tf.custom_gradient hangs its own
        role = Role.LEAVE if operation.type in _LEAVING else rule.role
        builder.operation(
            f"tf.{operation.type}",
            [value.ref() for value in operation.inputs],
            [(value.ref(), _is_real(value.dtype)) for value in operation.outputs],
            role=role,
            passes=custom or not (rule.stops_all or role is Role.LEAVE),
            is_flat=rule.is_flat,
            module=operation.name.rpartition("/")[0].replace("/", "."),
            frames=tuple(_frames(operation)),
        )
    return builder, [value.ref() for value in graph.outputs]


def _is_real(dtype: Any) -> bool:
    return bool(dtype.is_floating or dtype.is_complex or dtype.name == "resource")


def _frames(operation: Any) -> Iterator[SourceLocation]:
    """The lines of the user's code that an operation was made by, innermost first."""
    frames = reversed(list(operation.traceback or ()))
    return user_lines((f.filename, f.lineno, f.name) for f in frames)
