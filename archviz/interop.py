"""Models and drawings for other packages: NetworkX, graphviz and svgwrite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from archviz.api import Depth, compose, prepare, style_of
from archviz.errors import MissingDependencyError
from archviz.font import FALLBACKS
from archviz.ir import Model, TensorType
from archviz.ir.build import unique
from archviz.ir.edit import used_values
from archviz.ir.types import format_type
from archviz.renderers.svg import number
from archviz.scene import Group, Mark, Path, Rect, Scene, Text
from archviz.table import one_line
from archviz.theme import Theme, load_theme
from archviz.views import VIEWS

if TYPE_CHECKING:
    from graphviz import Source
    from networkx import MultiDiGraph
    from svgwrite import container


def to_networkx(model: Model) -> MultiDiGraph[str]:
    """The model's graph, as imported, for NetworkX.

    Nodes carry ``op``, ``kind``, ``scope``, ``attributes``, ``parameters`` (names) and ``origin``;
    graph inputs and outputs are nodes of kind "input" and "output". An edge is a value on its way
    to one consumer; its key is the value's id, or "id@2" for a second use by the same consumer. It
    carries ``value``, ``position`` (-1 when a subgraph uses it), ``dtype`` and ``shape``.
    :func:`archviz.api.prepare` gives a model that is smaller.
    """
    try:
        import networkx
    except ImportError:
        raise MissingDependencyError("networkx", "to make a NetworkX graph") from None
    graph = networkx.MultiDiGraph(
        name=model.source, format=model.format, metadata=dict(model.metadata)
    )
    body = model.graph
    taken = {node.id: 1 for node in body.nodes}
    producer: dict[str, str] = {}
    for value in body.inputs:
        producer[value] = unique(f"input:{value}", taken)
        graph.add_node(producer[value], kind="input", op="", type=_type_text(model, value))
    for node in body.nodes:
        producer.update((output, node.id) for output in node.outputs if output is not None)
        graph.add_node(
            node.id,
            kind=node.kind,
            op=node.op,
            scope=node.scope,
            attributes=dict(node.attributes),
            parameters=tuple(use.parameter for use in node.parameters),
            origin=node.origins,
        )
    for node in body.nodes:
        inner = used_values(node)[sum(value is not None for value in node.inputs) :]
        uses = [*enumerate(node.inputs), *((-1, value) for value in inner)]
        for position, used in uses:
            if used is not None and used in producer:
                _add_edge(graph, model, producer[used], node.id, used, position)
    for position, value in enumerate(body.outputs):
        output = unique(f"output:{value}", taken)
        graph.add_node(output, kind="output", op="", type=_type_text(model, value))
        if value in producer:
            _add_edge(graph, model, producer[value], output, value, position)
    return graph


def _type_text(model: Model, value: str) -> str:
    return format_type(model.graph.values[value].type) if value in model.graph.values else ""


def _add_edge(
    graph: Any, model: Model, source: str, target: str, value: str, position: int
) -> None:
    known = model.graph.values.get(value)
    type_ = known.type if known and isinstance(known.type, TensorType) else None
    key, number_ = value, 1
    while graph.has_edge(source, target, key):
        number_ += 1
        key = f"{value}@{number_}"
    graph.add_edge(
        source,
        target,
        key,
        value=value,
        position=position,
        dtype=type_.dtype if type_ else "",
        shape=type_.shape if type_ else None,
    )


def to_graphviz(model: Model, **options: Any) -> Source:
    """The model's drawing as a ``graphviz.Source``, which Graphviz lays out.

    Args:
        model: What to draw.
        **options: Those of :func:`archviz.render` that mean something to DOT.

    Raises:
        MissingDependencyError: The package graphviz is not installed.
    """
    try:
        import graphviz
    except ImportError:
        raise MissingDependencyError("graphviz", "to make a graphviz.Source", "interop") from None
    return graphviz.Source(str(compose(model, format="dot", **options).content))


def to_svgwrite(
    drawing: Model | Scene,
    *,
    theme: str = "light",
    style: str = "",
    depth: Depth = "auto",
    **options: Any,
) -> container.Group:
    """The drawing as an svgwrite group, to be placed in a figure of one's own.

    Args:
        drawing: A model, or a Scene that was drawn before.
        theme: Name of a theme or path of its TOML file.
        style: The style of the drawing of a model; "" takes the one that suits it.
        depth: How many levels of a model's modules stay open.
        **options: More options of the view.

    Raises:
        MissingDependencyError: The package svgwrite is not installed.
    """
    try:
        from svgwrite import container
    except ImportError:
        raise MissingDependencyError("svgwrite", "to make an svgwrite group", "interop") from None
    if isinstance(drawing, Scene):
        scene = drawing
    else:
        view = VIEWS.get(style or style_of(drawing))
        scene = view.draw(prepare(drawing, depth=depth), **options)
    # svgwrite's validator knows neither data-* nor font-kerning.
    group = container.Group(debug=False)
    group.attribs.update({"font-family": FALLBACKS[scene.font], "font-kerning": "none"})
    _fill(group, scene.marks, load_theme(theme).with_colors(scene.palette))
    return group


def _fill(parent: Any, marks: tuple[Mark, ...], theme: Theme) -> None:
    from svgwrite import container

    for mark in marks:
        if isinstance(mark, Group):
            child = container.Group(debug=False)
            if mark.id:
                child.attribs["id"] = one_line(mark.id)
            child.attribs["class"] = one_line(mark.role)
            child.attribs.update((f"data-{key}", one_line(v)) for key, v in mark.data.items())
            if mark.x or mark.y:
                child.attribs["transform"] = f"translate({' '.join(_numbers((mark.x, mark.y)))})"
            if mark.title:
                child.set_desc(title=one_line(mark.title))
            _fill(child, mark.marks, theme)
        else:
            child = _shape(mark)
            child.attribs.update(_look(mark, theme))
        parent.add(child)


def _shape(mark: Rect | Path | Text) -> Any:
    from svgwrite import path, shapes, text

    match mark:
        case Rect():
            place, size = (mark.x, mark.y), (mark.width, mark.height)
            return shapes.Rect(_numbers(place), _numbers(size), rx=number(mark.radius), debug=False)
        case Path():
            commands = [segment[0] + " ".join(_numbers(segment[1:])) for segment in mark.outline]
            return path.Path(d=" ".join(commands), debug=False)
        case Text():
            element = text.Text(one_line(mark.text), debug=False)
            element.attribs.update({"font-size": number(mark.size), "text-anchor": mark.anchor})
            anchor = " ".join(_numbers((mark.x, mark.y)))
            turn = f" rotate({number(mark.rotation)})" if mark.rotation else ""
            element.attribs["transform"] = f"translate({anchor}){turn}"
            return element


def _numbers(values: Any) -> list[str]:
    return [number(value) for value in values]


def _look(mark: Rect | Path | Text, theme: Theme) -> Iterator[tuple[str, str]]:
    style = theme.style(mark.role)
    yield "fill", theme.color(style.fill) if style.fill else "none"
    if style.stroke:
        yield "stroke", theme.color(style.stroke)
        yield "stroke-width", number(style.stroke_width)
    if style.dash:
        yield "stroke-dasharray", style.dash
    if isinstance(mark, Text) and style.weight == "bold":
        yield "font-weight", "700"
