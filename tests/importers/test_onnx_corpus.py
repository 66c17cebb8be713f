"""Every ONNX file at hand is read, with as many nodes and edges as the official parser sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx
import pytest
from onnx_bytes import INSTALLED, SHARED, read

from archviz.importers import Confidence
from archviz.importers.onnx import IMPORTER
from archviz.ir import Graph, Model
from archviz.ir.verify import verify
from archviz.ir.walk import all_graphs, all_nodes
from archviz.source import Source


def official_counts(
    graph: onnx.GraphProto, outer: Mapping[str, bool], role: str = ""
) -> tuple[int, int, int]:
    """Nodes, consumed names, and those of them that a node produces; with all subgraphs."""
    is_made = dict(outer)
    for item in (*graph.input, *graph.initializer):
        # An If gives its branches nothing, so one that declares an input means what is outside.
        if not (role.endswith("_branch") and item.name in outer):
            is_made[item.name] = False
    is_made.update((sparse.values.name, False) for sparse in graph.sparse_initializer)
    for node in graph.node:
        is_made.update((name, True) for name in node.output if name)
    nodes = consumed = fed = 0
    for node in graph.node:
        nodes += 1
        consumed += sum(1 for name in node.input if name)
        fed += sum(1 for name in node.input if name and is_made.get(name))
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                counts = official_counts(inner, is_made, attribute.name)
                nodes, consumed, fed = (
                    a + b for a, b in zip((nodes, consumed, fed), counts, strict=True)
                )
    return nodes, consumed, fed


def own_counts(graph: Graph, added: set[str]) -> tuple[int, int, int]:
    """The same of a Model, without the nodes in ``added``."""
    made = {
        value
        for part in all_graphs(graph)
        for node in part.nodes
        if node.id not in added
        for value in node.outputs
    }
    nodes = [node for node in all_nodes(graph) if node.id not in added]
    values = [value for node in nodes for value in node.inputs if value is not None]
    stored = sum(1 for node in nodes for use in node.parameters if use.index >= 0)
    return len(nodes), len(values) + stored, sum(value in made for value in values)


def corpus() -> Iterator[Path]:
    yield from sorted(SHARED.rglob("*.onnx"))


def check(model: Model, official: onnx.ModelProto, name: str) -> None:
    assert verify(model.body) == [], name
    # An output that is an initializer is made by a Constant node which the file does not have.
    expected = official_counts(official.graph, {})
    found = own_counts(model.body, {n.id for n in all_nodes(model.body) if n.kind == "missing"})
    extra = found[0] - expected[0]
    assert found[1:] == expected[1:], name
    assert extra == stored_outputs(official.graph), name


def stored_outputs(graph: onnx.GraphProto) -> int:
    """Outputs of the graph, and of its subgraphs, that are stored tensors of their own graph."""
    stored = {item.name for item in graph.initializer}
    made = {name for node in graph.node for name in node.output}
    count = sum(item.name in stored and item.name not in made for item in graph.output)
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                count += stored_outputs(inner)
    return count


def check_files(paths: list[Path]) -> int:
    compared = 0
    for path in paths:
        source = Source.of(path)
        assert IMPORTER.sniff(source) is Confidence.CONTENT, path
        model = IMPORTER.read(source)
        official = onnx.load(path, load_external_data=False)
        if official.functions:
            assert verify(model.body) == [], path
            continue
        check(model, official, str(path))
        compared += 1
    return compared


@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus of real models is not beside the tree")
def test_every_file_of_the_corpus_is_read_as_the_official_parser_reads_it() -> None:
    paths = list(corpus())
    assert len(paths) == 275
    assert check_files(paths) >= 260


def test_every_model_in_the_onnx_package_is_read_as_the_official_parser_reads_it() -> None:
    paths = sorted(INSTALLED.rglob("*.onnx"))
    assert len(paths) >= 100
    assert check_files(paths) >= len(paths) - 10


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_generated_node_model_is_read_as_the_official_parser_reads_it() -> None:
    from onnx.backend.test.case.node import collect_testcases

    cases = [case for case in collect_testcases(None) if case.model is not None]
    assert len(cases) >= 1500
    for case in cases:
        model = read(case.model)
        assert model.body.nodes, case.name
        if case.model.functions:
            assert verify(model.body) == [], case.name
        else:
            check(model, case.model, case.name)


def test_types_are_known_of_nearly_every_value_in_the_onnx_package() -> None:
    known = total = 0
    for path in sorted((INSTALLED / "light").glob("*.onnx")):
        values = read(path).body.values.values()
        known += sum(value.type is not None for value in values)
        total += len(values)
    assert total > 3000
    assert known == total
