"""DOT, as Graphviz itself reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from conftest import HOSTILE, small_model

from archviz import api
from archviz.ir import Graph, Model, Node
from archviz.ir.build import GraphBuilder
from archviz.renderers.dot import render
from archviz.table import one_line

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not installed")


def as_read(text: str) -> dict[str, Any]:
    """What the real dot makes of the text, laid out, as JSON."""
    done = subprocess.run(
        ["dot", "-Tjson"], input=text.encode(), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@needs_dot
def test_graphviz_reads_nodes_edges_and_clusters() -> None:
    read = as_read(render(small_model()))
    names = [item["name"] for item in read["objects"]]
    assert {name for name in names if not name.startswith("cluster")} == {
        "input:image",
        "block1/conv1/Conv",
        "block1/conv1",
        "block2/Conv",
        "block2/Norm",
        "output:result",
    }
    assert {name for name in names if name.startswith("cluster")} == {
        "cluster_block1",
        "cluster_block2",
    }
    assert len(read["edges"]) == 5


@needs_dot
def test_hostile_names_reach_the_picture_as_they_are() -> None:
    text = api.render(small_model(HOSTILE), format="dot", depth="all")
    assert isinstance(text, str)
    done = subprocess.run(
        ["dot", "-Tsvg"],
        input=text.encode("utf-8", "replace"),
        capture_output=True,
        timeout=60,
        check=True,
    )
    from xml.etree import ElementTree

    root = ElementTree.fromstring(done.stdout)
    shown = ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]
    shown += [text for element in root.iter() for key, text in element.items() if "title" in key]
    hostile = one_line(HOSTILE).replace("\ufffd\ufffd", "\ufffd")
    assert any(hostile in text.replace("\ufffd\ufffd", "\ufffd") for text in shown)
    assert not [element for element in root.iter() if element.tag.endswith("script")]


@needs_dot
@pytest.mark.parametrize(
    "name", ["\\", "\\\\", "a\\", '"', "\\N", "\\G\\l", "<b>", "&lt;", "{|}", ""]
)
def test_a_label_says_exactly_the_name(name: str) -> None:
    b = GraphBuilder()
    b.node(f"op{name}", node_id=f"id {name}")
    read = as_read(render(Model(b.build())))
    ((_, text),) = [
        (item["op"], item["text"])
        for item in read["objects"][0]["_ldraw_"]
        if item["op"] == "T" and item["text"].startswith("op")
    ]
    assert text == f"op{name}"


def test_inputs_do_not_take_the_ids_of_nodes() -> None:
    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    b.node("Relu", (x,), (b.value("y"),), node_id="input:x")
    text = render(Model(b.build()))
    assert '"input:x#2" -> "input:x"' in text


def test_shapes_are_said_where_they_change() -> None:
    model = small_model()
    assert render(model, shapes="change").count('batch×4×8×8"]') == 1
    assert render(model, shapes="change").count('batch×4×4×4"]') == 1
    assert render(model, shapes="all").count(" -> ") == render(model, shapes="all").count('4"]') + (
        render(model, shapes="all").count('8×8"]')
    )
    assert "] " not in render(model, shapes="none").partition(" -> ")[2]


def test_a_scope_as_deep_as_you_like_is_written() -> None:
    b = GraphBuilder()
    path = tuple(str(level) for level in range(3000))
    b.scope(path)
    b.node("Relu", scope=path)
    b.node("Relu", scope=path)
    text = render(Model(b.build()))
    assert text.count("{") == text.count("}") == 3001


def test_a_subgraphs_captured_values_are_edges() -> None:
    inner = Graph(nodes=(Node("inner", "Abs", ("x",), ()),))
    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    b.node("If", subgraphs={"then": inner})
    assert '"input:x" -> "If"' in render(Model(b.build()))
