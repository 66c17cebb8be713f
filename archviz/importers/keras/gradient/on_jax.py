"""Keras on JAX: one traced call as a jaxpr; primitives are flat by their own derivative rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from archviz.analysis.gradient.graph import Role
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.tracing import TraceBuilder
from archviz.diagnostics import SourceLocation
from archviz.importers.keras.gradient.lines import user_lines
from archviz.importers.keras.gradient.verdicts import judged

_COMPARISONS = frozenset(
    {"eq", "ne", "lt", "gt", "le", "ge", "and", "or", "not", "xor", "is_finite", "reduce_and",
     "reduce_or"}
)  # fmt: skip
_LEAVING = frozenset({"pure_callback", "io_callback", "debug_callback"})


def check_jax(
    model: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    loss: Callable[..., Any] | None,
    target: Any,
    source: str,
) -> GradientReport:
    """The check of one call on JAX."""
    import jax
    import keras

    trained = [v for v in model.trainable_variables if _is_real(v.value)]
    names = {id(v) for v in trained}
    state = [v.value for v in model.non_trainable_variables]

    def call(weights: list[Any], *given: Any) -> Any:
        whole = iter(weights)
        every = [next(whole) if id(v) in names else v.value for v in model.trainable_variables]
        value, _ = model.stateless_call(every, state, *given, **kwargs)
        if loss is None:
            return value
        return loss(value) if target is None else loss(value, target)

    values = [v.value for v in trained]
    closed, result = jax.make_jaxpr(call, return_shape=True)(values, *args)
    builder = TraceBuilder()
    jaxpr = closed.jaxpr
    for variable in jaxpr.invars:
        builder.leaf(variable, is_float=_is_real(variable.aval))
    for variable in jaxpr.constvars:
        builder.leaf(variable, is_float=_is_real(variable.aval))
    _walk(jaxpr, builder)
    roots = [out for out in jaxpr.outvars if not _is_literal(out)]
    targets = {
        v.path: (variable, tuple(v.shape), True)
        for v, variable in zip(trained, jaxpr.invars, strict=False)
    }
    frozen = {v.path: (object(), tuple(v.shape), False) for v in model.variables}
    everything = {**frozen, **targets}
    ordered = {v.path: everything[v.path] for v in model.variables}

    def total(weights: list[Any]) -> Any:
        leaves = jax.tree_util.tree_leaves(call(weights, *args))
        parts = []
        for number, leaf in enumerate(leaves):
            if _is_real(leaf):
                key = jax.random.PRNGKey(number)
                parts.append(
                    (leaf * jax.random.uniform(key, leaf.shape, leaf.dtype, 0.5, 1.5)).sum()
                )
        return sum(parts)

    states: dict[str, str] = {}
    if any(_is_real(leaf) for leaf in jax.tree_util.tree_leaves(result)):
        found = jax.grad(total)(values)
        states = {v.path: _state(g) for v, g in zip(trained, found, strict=True)}
    return GradientReport(
        judged(builder.finished(roots, ordered), states),
        source=source,
        facts={
            "operations": len(builder.operations),
            "jax": jax.__version__,
            "keras": keras.__version__,
            "backend": "jax",
        },
        backward="values",
    )


def _state(gradient: Any) -> str:
    import jax.numpy as jnp

    if not bool(jnp.isfinite(gradient).all()):
        return "nonfinite"
    return "ok" if bool((gradient != 0).any()) or not gradient.size else "zero"


def _is_real(value: Any) -> bool:
    import jax.numpy as jnp

    return bool(jnp.issubdtype(value.dtype, jnp.inexact))


def _is_literal(variable: Any) -> bool:
    return hasattr(variable, "val")


def _walk(jaxpr: Any, builder: TraceBuilder, around: tuple[SourceLocation, ...] = ()) -> None:
    """Adds the equations of a jaxpr, those of functions called in it in place of the call.

    ``around`` is where the function is called, for equations that were traced once for all calls.
    """
    for equation in jaxpr.eqns:
        inner = _called(equation)
        frames = around or tuple(_frames(equation))
        if inner is not None:
            inputs = list(equation.invars)[-len(inner.invars) :] if inner.invars else []
            for mine, given in zip(inner.invars, inputs, strict=False):
                if _is_literal(given):
                    builder.leaf(mine, is_float=_is_real(mine.aval))
                else:
                    builder.same(mine, given)
            for constant in inner.constvars:
                builder.leaf(constant, is_float=_is_real(constant.aval))
            _walk(inner, builder, frames)
            for made, result in zip(equation.outvars, inner.outvars, strict=False):
                if _is_literal(result):
                    builder.leaf(made, is_float=_is_real(made.aval))
                else:
                    builder.same(made, result)
            continue
        name = equation.primitive.name
        outputs = [(out, _is_real(out.aval)) for out in equation.outvars]
        is_flat = _is_flat(equation.primitive)
        is_cast = name == "convert_element_type"
        role = Role.PLAIN
        if name in _COMPARISONS:
            role = Role.COMPARISON
        elif name == "stop_gradient":
            role = Role.DETACH
        elif is_cast and not all(real for _, real in outputs):
            role = Role.CAST
        elif name in _LEAVING:
            role = Role.LEAVE
        elif not any(real for _, real in outputs):
            role = Role.DISCRETE
        builder.operation(
            f"jax.lax.{name}",
            [value for value in equation.invars if not _is_literal(value)],
            outputs,
            role=role,
            passes=role in (Role.PLAIN, Role.CAST),
            is_flat=is_flat and role is Role.PLAIN,
            frames=frames,
        )


def _called(equation: Any) -> Any:
    """The jaxpr of a function that an equation calls once; None for loops, branches, others."""
    if equation.primitive.name in (
        "scan",
        "while",
        "cond",
        "custom_vjp_call",
        "custom_vjp_call_jaxpr",
    ):
        return None
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        found = equation.params.get(key)
        if found is not None:
            return getattr(found, "jaxpr", found)
    return None


def _is_flat(primitive: Any) -> bool:
    """Whether JAX itself says that the derivative is zero."""
    from jax.interpreters import ad

    rule = ad.primitive_jvps.get(primitive)
    function = getattr(rule, "func", rule)
    return getattr(function, "__name__", "") == "zero_jvp"


def _frames(equation: Any) -> Iterator[SourceLocation]:
    traceback = equation.source_info.traceback
    frames = traceback.frames if traceback is not None else ()
    return user_lines((f.file_name, f.line_num, f.function_name) for f in frames)
