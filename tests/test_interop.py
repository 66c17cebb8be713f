"""Models for NetworkX, graphviz and svgwrite: with the real packages."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest
from conftest import HOSTILE, small_model

from archviz import api, interop
from archviz.errors import MissingDependencyError
from archviz.scene import flatten
from archviz.views import VIEWS


def test_networkx_gets_every_node_edge_and_fact() -> None:
    networkx = pytest.importorskip("networkx")
    graph = interop.to_networkx(small_model())
    assert networkx.is_directed_acyclic_graph(graph)
    assert list(networkx.topological_sort(graph)) == [
        "input:image",
        "block1/conv1/Conv",
        "block1/conv1",
        "block2/Conv",
        "block2/Norm",
        "output:result",
    ]
    assert graph.nodes["block2/Conv"]["parameters"] == ("conv1.weight", "block2.bias")
    assert graph.nodes["block1/conv1/Conv"]["scope"] == ("block1", "conv1")
    edge = graph.edges["block1/conv1/Conv", "block1/conv1", "first"]
    assert edge == {
        "value": "first",
        "position": 0,
        "dtype": "float32",
        "shape": ("batch", 4, 8, 8),
    }
    assert graph.graph["metadata"] == {"producer": "tests"}


def test_networkx_keeps_both_uses_of_a_value_by_one_operation() -> None:
    from archviz.ir import Model
    from archviz.ir.build import GraphBuilder

    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    b.node("Mul", (x, x), (b.value("y"),))
    graph = interop.to_networkx(Model(b.build()))
    assert sorted(graph["input:x"]["Mul"]) == ["x", "x@2"]


def test_graphviz_gets_a_source_that_says_what_dot_says() -> None:
    graphviz = pytest.importorskip("graphviz")
    source = interop.to_graphviz(small_model(), depth="all")
    assert isinstance(source, graphviz.Source)
    assert source.source == api.render(small_model(), format="dot", depth="all")


@pytest.mark.parametrize("name", ["conv1", HOSTILE])
def test_svgwrite_gets_every_mark_in_a_group(name: str) -> None:
    svgwrite = pytest.importorskip("svgwrite")
    model = small_model(name)
    group = interop.to_svgwrite(model, depth="all")
    figure = svgwrite.Drawing(debug=False)
    figure.add(group)
    root = ElementTree.fromstring(figure.tostring())
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    scene = VIEWS.get("node-link").draw(api.prepare(model, depth="all"))
    kinds = [type(mark).__name__.lower() for mark in flatten(scene.marks)]
    for kind in ("rect", "path", "text"):
        assert tags.count(kind) == kinds.count(kind)
    assert interop.to_svgwrite(scene).tostring() == group.tostring()


def test_svgwrite_marks_have_the_themes_colours() -> None:
    pytest.importorskip("svgwrite")
    light = interop.to_svgwrite(small_model(), theme="light").tostring()
    dark = interop.to_svgwrite(small_model(), theme="dark").tostring()
    assert light != dark
    assert light.count("<rect") == dark.count("<rect")


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("networkx", interop.to_networkx),
        ("graphviz", interop.to_graphviz),
        ("svgwrite", interop.to_svgwrite),
    ],
)
def test_a_missing_package_is_named_with_what_brings_it(
    package: str, call: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=f"{package} is needed .*; run: pip install"):
        call(small_model())  # type: ignore[operator]
