"""Formats that other tools lay out, as those tools' own parsers read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import networkx
import pytest
from conftest import HOSTILE, small_model
from samples import each_sample, every_sample, loaded

from archviz import api
from archviz.analysis.tree_graph import graph_of_trees
from archviz.errors import RendererError
from archviz.ir import Forest, Graph, Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.outline import Box, outline
from archviz.renderers import RENDERERS
from archviz.renderers.mermaid import render as mermaid
from archviz.table import one_line

JS = Path(__file__).parent / "js"

needs_parsers = pytest.mark.skipif(
    not shutil.which("node") or not (JS / "node_modules").is_dir(),
    reason="Mermaid and D2 are not installed: run npm ci in tests/renderers/js",
)


def understood(script: str, texts: list[str]) -> list[dict[str, Any]]:
    """What the language's own parser makes of each text."""
    done = subprocess.run(
        ["node", str(JS / f"{script}.js")],
        input=json.dumps([text.encode("utf-8", "replace").decode() for text in texts]).encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-1000:]
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def prepared(target: object, depth: str = "all") -> Graph:
    model = target if isinstance(target, Model) else api.load(target)
    body = api.prepare(model, depth=depth).body
    return graph_of_trees(body) if isinstance(body, Forest) else body


def written(target: object, format: str, depth: str = "all") -> str:
    text = api.render(target, format=format, depth=depth)
    assert isinstance(text, str)
    return text


def chain(length: int, blocks: int = 0) -> Model:
    """Operations behind one another, in equal parts in ``blocks`` modules if any."""
    b = GraphBuilder("chain")
    value = b.value("x")
    b.inputs.append(value)
    for index in range(length):
        after = b.value(f"v{index}")
        place = (f"block{index * blocks // length}",) if blocks else ()
        if place:
            b.scope(place)
        b.node("Sin" if index % 2 else "Cos", (value,), (after,), scope=place)
        value = after
    b.outputs.append(value)
    return Model(b.build())


@needs_parsers
def test_mermaid_reads_every_box_arrow_and_module() -> None:
    samples = every_sample()
    found = understood("mermaid", [written(loaded(path), "mermaid") for path in samples])
    for path, read in zip(samples, found, strict=True):
        drawn = outline(prepared(loaded(path)))
        names, groups = drawn.names()
        assert sorted(read["labels"]) == sorted(names[box.id] for box in drawn.boxes)
        assert [edge[:2] for edge in read["edges"]] == [
            [names[arrow.source], names[arrow.target]] for arrow in drawn.arrows
        ]
        assert sorted(group[0] for group in read["groups"]) == sorted(groups.values())


@needs_parsers
def test_d2_reads_every_box_arrow_and_module() -> None:
    samples = every_sample()
    found = understood("d2", [written(loaded(path), "d2") for path in samples])
    for path, read in zip(samples, found, strict=True):
        drawn = outline(prepared(loaded(path)))
        names, groups = drawn.names()
        full = {
            box.id: ".".join(
                [groups[box.group[:n]] for n in range(1, len(box.group) + 1)] + [names[box.id]]
            )
            for box in drawn.boxes
        }
        assert set(full.values()) <= set(read["labels"])
        assert len(read["labels"]) == len(full) + len(groups)
        assert sorted(edge[:2] for edge in read["edges"]) == sorted(
            [full[arrow.source], full[arrow.target]] for arrow in drawn.arrows
        )


NAMES = [HOSTILE, "end", "1. first", "- item", "a#b;", "`code`", "$x", "${x}", "a\\nb", "[x](y)"]


def named(name: str) -> Model:
    b = GraphBuilder()
    b.node(name, label=name, scope=("end",))
    b.node("x", label="graph", scope=("end",))
    return Model(b.build())


@needs_parsers
@pytest.mark.parametrize("language", ["mermaid", "d2"])
def test_hostile_labels_reach_other_tools_as_they_are(language: str) -> None:
    found = understood(language, [written(named(name), language) for name in NAMES])
    for name, read in zip(NAMES, found, strict=True):
        labels = set(read["labels"].values())
        if language == "mermaid":
            assert not any("<" in label.replace("<br>", "") for label in labels)
            labels = {unescape(decoded(label.replace("<br>", "\n"))) for label in labels}
        drawn = outline(prepared(named(name)))
        assert {"\n".join(map(one_line, box.lines)) for box in drawn.boxes} <= labels


def decoded(label: str) -> str:
    """The label as Mermaid shows it; its parser keeps entities between two marks of its own."""
    return label.replace("ﬂ°°", "&#").replace("ﬂ°", "&").replace("¶ß", ";")


def test_mermaid_collapses_modules_to_stay_within_its_limits() -> None:
    model = Model(prepared(chain(900, blocks=30)))
    text = mermaid(model)
    assert text.startswith("%% collapsed at depth 0")
    assert text.count(" -->") == 31
    assert mermaid(Model(prepared(chain(90, blocks=3)))).startswith("flowchart")
    assert len(mermaid(model, max_text=4000)) <= 4000


def test_mermaid_says_so_when_a_flat_graph_is_above_its_limits() -> None:
    with pytest.raises(RendererError, match=r"at most 500 arrows.*--focus"):
        api.render(chain(900), format="mermaid", depth="all")


@each_sample
def test_networkx_reads_every_box_and_arrow_of_graphml(sample: Path) -> None:
    drawn = outline(prepared(loaded(sample)))
    read = networkx.parse_graphml(written(loaded(sample), "graphml"), force_multigraph=True)
    boxes = {box.id: box for box in drawn.boxes}
    assert {name for name, data in read.nodes(data=True) if data["kind"] != "scope"} == set(boxes)
    for name, data in read.nodes(data=True):
        if name in boxes:
            assert data["label"] == "\n".join(boxes[name].lines)
    assert sorted(read.edges()) == sorted((a.source, a.target) for a in drawn.arrows)


@each_sample
def test_networkx_reads_every_box_and_arrow_of_cytoscape_json(sample: Path) -> None:
    drawn = outline(prepared(loaded(sample)))
    data = json.loads(written(loaded(sample), "cytoscape"))
    for edge in data["elements"]["edges"]:
        edge["data"]["key"] = edge["data"]["id"]  # by which networkx tells parallel edges apart
    for node in data["elements"]["nodes"]:
        node["data"].setdefault("name", node["data"]["id"])
        node["data"]["value"] = node["data"]["id"]
    read = networkx.cytoscape_graph(data)
    boxes = {box.id: box for box in drawn.boxes}
    assert set(boxes) <= set(read.nodes)
    assert sorted((s, t) for s, t, _ in read.edges) == sorted(
        (a.source, a.target) for a in drawn.arrows
    )
    groups = {node["data"]["id"] for node in data["elements"]["nodes"]} - set(boxes)
    parents = {node["data"].get("parent") for node in data["elements"]["nodes"]} - {None}
    assert parents <= groups


def test_ids_with_control_characters_stay_apart_in_graphml() -> None:
    b = GraphBuilder()
    for name in ("a\x00", "a\x01", "a\\x00", "<&\"'>"):
        b.node("Op", node_id=name)
    read = networkx.parse_graphml(written(Model(b.build()), "graphml"))
    assert len(read) == 4


@each_sample
def test_markdown_names_every_box_once_with_where_it_comes_from(sample: Path) -> None:
    drawn = outline(prepared(loaded(sample)))
    text = written(loaded(sample), "markdown")
    steps = [line for line in text.split("\n") if line.lstrip().startswith("- Step ")]
    assert len(steps) == sum(isinstance(part, Box) for part in drawn.parts)


def test_markdown_names_sources_that_are_not_the_step_before() -> None:
    text = written(small_model(), "markdown")
    assert "from image" in text
    assert "| block1 | Block |" in text
    assert "Gives result (batch×4×4×4 float32)" in text


def test_markdown_counts_a_block_that_is_drawn_once_as_often_as_it_repeats() -> None:
    b = GraphBuilder("net")
    x = b.value("x", TensorType("float32", (1, 8)))
    b.inputs.append(x)
    b.scope(("layers",), "ModuleList")
    for index in range(6):
        place = ("layers", str(index))
        b.scope(place, "Block")
        name = f"layers.{index}.weight"
        b.parameter(Parameter(name, TensorType("float32", (8, 8)), trainable=True))
        for op in ("Linear", "CumSum"):
            y = b.value(f"{op}{index}", TensorType("float32", (1, 8)))
            used = (ParameterUse(name, "weight", 1),) if op == "Linear" else ()
            b.node(op, (x,), (y,), parameters=used, scope=place)
            x = y
    b.outputs.append(x)
    model = Model(b.build(), source="net")
    for depth in ("auto", "0", "1", "2", "all"):
        text = written(model, "markdown", depth)
        assert "12 operations" in text
        assert "384 parameters" in text, depth
        assert "384 parameters" in str(api.compose(model, depth=depth).caption), depth
        assert re.search(r"\| layers \| ModuleList \| .* \| 384 \|", text), depth
    assert "384 params" in str(api.render(model, depth=0))
    read = networkx.parse_graphml(written(model, "graphml", "0"))
    assert [data["parameters"] for _, data in read.nodes(data=True) if "parameters" in data] == [
        384
    ]


def test_what_formats_lose_is_what_the_documents_say() -> None:
    text = (Path(__file__).parents[2] / "docs" / "documents.md").read_text(encoding="utf-8")
    table = text.partition("| format | for | is lost |")[2]
    rows = dict(re.findall(r"^\| (\w+)[^|]* \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE))
    assert len(rows) == 6
    for name, lost in rows.items():
        said = RENDERERS.get(name.lower()).loses
        words = re.findall(r"\w+", lost)
        assert {*re.findall(r"\w+", said)} - {
            "and",
            "their",
            "its",
            "limits",
            "stay",
            "within",
            "to",
        } <= {*words}, name
