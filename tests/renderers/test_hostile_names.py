"""Names from models are text wherever they are written: nothing executes, and nothing breaks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from xml.etree import ElementTree

import networkx
import pytest
from conftest import HOSTILE
from test_languages import needs_parsers, understood

from archviz import api
from archviz.ir import Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.outline import outline
from archviz.table import one_line

NAMES = {
    "everything": HOSTILE,
    "script": "</script></style></title></svg><script>alert(1)</script>",
    "handler": "\" onload=\"alert(1)\" x='' onmouseover='alert(1)'><img src=x onerror=alert(1)>",
    "entity": "&lt;script&gt; &#60;b&#62; &amp;amp; &nbsp",
    "bidi": "abc\u202edef\u2066ghi\u200f\u061c\u2069",
    "control": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029\ufeff\ufffe\uffff",
    "long": "x" * 10_000,
    "wide": "\U0001f9ea漢字" * 3_000,
    "markdown": "[x](javascript:alert(1)) ![y](http://z/) **b** `c` | d | www.h.com ~~i~~ $j$",
    "address": "someone@example.com https://example.com/?a=b ftp://x.y <e@f.g>",
    "block": "# a\n\n- b\n\n    c\n\n```\nd\n```\n\n<details>",
    "list": "1. a",
    "comment": "--> <!-- %%{init: {'theme':'dark'}}%% /* */ // # ]]> <?x?> {{ x }} {% x %}",
    "mermaid": 'a"] --> b; click a href "javascript:alert(1)"\nend\nsubgraph x',
    "d2": "a -> b: {link: javascript:alert(1)} |md # x | ${y} \\",
    "empty": "",
    "spaces": "  a  b  ",
}


def hostile(name: str) -> Model:
    """A model with ``name`` for everything that has a name."""
    b = GraphBuilder(name)
    b.scope((name or "m",), name)
    b.scope((name or "m", "b"), "B")
    b.parameter(Parameter(name, TensorType("float32", (3, 4)), trainable=True))
    x = b.value(name, TensorType("float32", (name or "n", 4)))
    b.inputs.append(x)
    y = b.value(f"{name} y", TensorType(name or "float32", (1, 4)))
    b.node(
        name or "Op",
        (x,),
        (y,),
        label=name,
        parameters=(ParameterUse(name, name or "w", 1),),
        attributes={name or "key": name, "note": (name, name)},
        scope=(name or "m", "b"),
    )
    z = b.value("z", TensorType("float32", (1, 4)))
    b.node("Abs", (y,), (z,), label=f"second {name}", scope=(name or "m",))
    b.outputs.append(z)
    return Model(b.build(), "test", name, {name or "key": name})


MODELS = {kind: hostile(name) for kind, name in NAMES.items()}


def written(format: str) -> list[str]:
    found = [api.render(model, format=format, depth="all") for model in MODELS.values()]
    # As it reaches a file.
    return [
        str(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        for text in found
    ]


def outlined(model: Model) -> list[str]:
    """The labels of the boxes and groups, as other tools should show them."""
    drawn = outline(api.prepare(model, depth="all").graph)
    return ["\n".join(map(one_line, box.lines)) for box in drawn.boxes]


def test_svg_has_nothing_that_could_run_or_load() -> None:
    allowed = {"svg", "g", "title", "desc", "style", "rect", "circle", "path", "text", "tspan"}
    for kind, text in zip(MODELS, written("svg"), strict=True):
        root = ElementTree.fromstring(text)
        elements = list(root.iter())
        assert {element.tag.rpartition("}")[2] for element in elements} <= allowed, kind
        names = {name for element in elements for name in element.attrib}
        assert not {name for name in names if name.startswith("on") or "href" in name}, kind
        ids = [element.get("id") for element in elements if element.get("id")]
        assert len(ids) == len(set(ids)), kind
        assert len(text) < 400_000, kind
    (title,) = [
        e.text for e in ElementTree.fromstring(written("svg")[1]) if e.tag.endswith("title")
    ]
    assert title == NAMES["script"]


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's dot is not installed")
def test_graphviz_draws_every_name_as_text() -> None:
    for kind, text in zip(MODELS, written("dot"), strict=True):
        done = subprocess.run(
            ["dot", "-Tsvg"], input=text.encode(), capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), kind
        root = ElementTree.fromstring(done.stdout)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "title", "polygon", "path", "text", "ellipse", "a", "polyline"}
        names = {name for element in root.iter() for name in element.attrib}
        assert not {name for name in names if name.startswith("on") or name.endswith("href")}, kind
        shown = [e for e in root.iter() if e.get("class") == "node"]
        assert len(shown) == 4, kind


@needs_parsers
def test_mermaid_reads_every_name_as_a_label() -> None:
    for kind, read in zip(MODELS, understood("mermaid", written("mermaid")), strict=True):
        assert len(read["labels"]) == 4, kind
        assert len(read["edges"]) == 3, kind
        assert len(read["groups"]) == 1, kind
        for label in read["labels"].values():
            assert not re.search(r"[<>\"]", label.replace("<br>", "")), kind
            assert len(label) < 2_000, kind


@needs_parsers
def test_d2_reads_every_name_as_a_label() -> None:
    for (kind, model), read in zip(MODELS.items(), understood("d2", written("d2")), strict=True):
        assert len(read["labels"]) == 5, kind
        assert len(read["edges"]) == 3, kind
        if kind not in ("long", "wide", "comment", "markdown", "handler"):  # which are shortened
            missing = set(outlined(model)) - set(read["labels"].values())
            assert not missing, kind


@needs_parsers
def test_cytoscape_reads_every_name_as_data() -> None:
    found = understood("cytoscape", written("cytoscape"))
    for (kind, model), read in zip(MODELS.items(), found, strict=True):
        drawn = outline(api.prepare(model, depth="all").graph)
        labels = [label for _, label, _ in read["nodes"]]
        assert set(outlined(model)) <= set(labels), kind
        assert len(read["edges"]) == len(drawn.arrows) == 3, kind
        assert len({id_ for id_, _, _ in read["nodes"]}) == 5, kind
        assert sum(parent is not None for _, _, parent in read["nodes"]) == 2, kind


def test_networkx_reads_every_name_from_graphml() -> None:
    for (kind, model), text in zip(MODELS.items(), written("graphml"), strict=True):
        read = networkx.parse_graphml(text)
        labels = [data.get("label", "") for _, data in read.nodes(data=True)]
        assert set(outlined(model)) <= set(labels), kind
        assert read.number_of_nodes() == 5, kind
        assert read.number_of_edges() == 3, kind


class Page(HTMLParser):
    """The tags, attributes and text of some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said += data


@needs_parsers
def test_github_shows_every_name_of_a_description_as_text() -> None:
    for (kind, model), read in zip(
        MODELS.items(), understood("markdown", written("markdown")), strict=True
    ):
        raw, safe = Page(read["raw"]), Page(read["safe"])
        expected = {"h1", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}
        # Nothing keeps GitHub from linking what looks like an address, to just that address.
        links = re.findall(
            r'<a href="(?:mailto:|https?://)+([^"]+)">(?:https?://)?([^<]+)</a>', read["raw"]
        )
        assert all(address == said for address, said in links), kind
        assert raw.tags.count("a") == len(links), kind
        assert set(raw.tags) - {"a"} <= expected, kind
        assert raw.attributes <= {"align", "href"}, kind
        assert safe.tags == raw.tags, "a sanitizer has nothing to take away"
        assert raw.tags.count("table") == 1, kind
        assert {raw.tags.count("td") % 4, raw.tags.count("th")} == {0, 4}, kind
        said = " ".join(safe.said.split())
        for label in outlined(model):
            for line in label.split("\n"):
                assert " ".join(line.split()) in said, kind


def test_json_reads_every_name_back() -> None:
    from archviz.ir.serde import from_json

    for (kind, model), text in zip(MODELS.items(), written("json"), strict=True):
        again = from_json(json.loads(text))
        assert [n.id for n in again.graph.nodes] == [
            n.id for n in api.prepare(model, depth="all").graph.nodes
        ], kind


def test_a_terminal_gets_no_name_that_steers_it() -> None:
    for text in written("text"):
        assert all(line.isprintable() for line in text.split("\n"))
        assert max(map(len, text.split("\n"))) < 2_000
