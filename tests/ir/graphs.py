"""Random models for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from archviz.diagnostics import Diagnostic, Severity, SourceLocation, TraceStep
from archviz.ir import ContainerType, Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder

names = st.text(min_size=1, max_size=6)
dims = st.none() | st.integers(-1, 2**40) | st.text(max_size=4)
tensors = st.builds(
    TensorType,
    st.sampled_from(["float32", "int4", "bool", "string", ""]),
    st.none() | st.lists(dims, max_size=4).map(tuple),
)
types = st.none() | st.recursive(
    tensors,
    lambda inner: st.builds(
        ContainerType, st.sampled_from(["sequence", "map"]), st.none() | inner, st.text(max_size=3)
    ),
    max_leaves=3,
)
elements = st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
attributes = st.recursive(
    st.none() | elements | tensors,
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)
locations = st.none() | st.builds(
    SourceLocation,
    st.text(max_size=5),
    st.integers(0, 10**6),
    st.text(max_size=5),
    st.integers(0, 200),
    st.integers(0, 10**6),
    st.integers(0, 200),
    st.text(max_size=5),
)
places = st.builds(SourceLocation, st.text(max_size=5), st.integers(1, 9))
diagnostics = st.builds(
    Diagnostic,
    st.text(max_size=5),
    st.sampled_from(Severity),
    st.text(max_size=5),
    st.lists(names, max_size=2).map(tuple),
    locations,
    st.text(max_size=5),
    st.text(max_size=5),
    st.text(max_size=5),
    st.lists(names, max_size=2).map(tuple),
    st.lists(st.builds(TraceStep, st.text(max_size=5), places), max_size=2).map(tuple),
    st.booleans(),
)


@st.composite
def graphs(draw: st.DrawFn, parent: GraphBuilder | None = None, depth: int = 0) -> GraphBuilder:
    """A builder of a sound graph, not always acyclic, with scopes and subgraphs."""
    b = GraphBuilder(draw(st.text(max_size=4)), parent)
    known = [b.value(draw(names), draw(types)) for _ in range(draw(st.integers(0, 3)))]
    b.inputs.extend(known)
    visible = [*(parent.values if parent else ()), *known]
    count = draw(st.integers(0, 7 if depth == 0 else 3))
    produced = [
        tuple(b.value(draw(names), draw(types)) for _ in range(draw(st.integers(0, 2))))
        for _ in range(count)
    ]
    later = [value for values in produced for value in values]
    for outputs in produced:
        usable = [*visible, *later]
        inputs: list[str | None] = (
            draw(st.lists(st.none() | st.sampled_from(usable), max_size=3)) if usable else []
        )
        uses = []
        if None in inputs and draw(st.booleans()):
            name = draw(st.sampled_from(["w", "shared", "b"]))
            b.parameter(
                Parameter(
                    name,
                    draw(tensors),
                    draw(st.sampled_from(["weight", "buffer", "constant"])),
                    draw(st.none() | st.booleans()),
                    draw(st.none() | st.lists(elements, max_size=3).map(tuple)),
                )
            )
            uses.append(ParameterUse(name, "role", inputs.index(None)))
        scope = draw(st.lists(st.sampled_from("abc"), max_size=3).map(tuple))
        b.scope(scope, draw(st.text(max_size=3)))
        subgraphs = {}
        if depth < 2 and draw(st.integers(0, 5)) == 0:
            subgraphs["body"] = draw(graphs(parent=b, depth=depth + 1)).build()
        b.node(
            draw(names),
            tuple(inputs),
            outputs,
            parameters=tuple(uses),
            attributes=draw(st.dictionaries(names, attributes, max_size=2)),
            scope=scope,
            subgraphs=subgraphs,
            location=draw(locations),
        )
    candidates = [*known, *later]
    if candidates:
        b.outputs.extend(draw(st.lists(st.sampled_from(candidates), max_size=3)))
    return b


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A sound model."""
    graph = draw(graphs()).build()
    return Model(
        graph,
        draw(st.text(max_size=4)),
        draw(st.text(max_size=4)),
        draw(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)),
        draw(st.lists(diagnostics, max_size=2).map(tuple)),
    )
