"""PMML of several writers: predictions of the trees in it are those of the model it was made of."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archviz import api
from archviz.errors import ImporterError
from archviz.ir import Condition, Forest
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.ir.verify import verify

MODELS = Path(__file__).parent / "pmml_models"
SAMPLES = Path(__file__).parents[1] / "samples" / "pmml"
STORED: dict[str, Any] = dict(np.load(MODELS / "predictions.npz"))
NAMES = sorted(name.removeprefix("of ") for name in STORED if name.startswith("of "))


def path_of(name: str) -> Path:
    return next(p for p in (SAMPLES / f"{name}.pmml", MODELS / f"{name}.pmml") if p.is_file())


def forest_in(path: Path) -> Forest:
    body = api.load(path).body
    assert isinstance(body, Forest)
    assert verify(body) == []
    return body


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_the_model(name: str) -> None:
    forest = forest_in(path_of(name))
    data = STORED["gaps" if name == "xgboost" else "iris"]
    if name in ("dtr", "gb"):
        data = STORED["diabetes"]
    if name == "xgboost":
        data = data[:, [STORED["names"].tolist().index(n) for n in forest.feature_names]]
    wanted = STORED[f"of {name}"]
    found = linked(forest, raw_predictions(forest, data)).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=2e-6, atol=1e-9)


def written(inside: str, *, schema: str = "", kind: str = "regression") -> str:
    """A document with one TreeModel."""
    fields = (
        '<DataField name="a" optype="continuous" dataType="double"/>'
        '<DataField name="b" optype="categorical" dataType="string">'
        '<Value value="red"/><Value value="light blue"/><Value value="green"/></DataField>'
        '<DataField name="y" optype="categorical" dataType="string">'
        '<Value value="no"/><Value value="yes"/></DataField>'
    )
    return (
        f'<?xml version="1.0"?><PMML version="4.2"><DataDictionary>{fields}</DataDictionary>'
        f'<TreeModel functionName="{kind}" {schema}><MiningSchema><MiningField name="a"/>'
        '<MiningField name="b"/><MiningField name="y" usageType="predicted"/></MiningSchema>'
        f"{inside}</TreeModel></PMML>"
    )


def read(text: str, folder: Path) -> Forest:
    path = folder / "model.pmml"
    path.write_text(text, encoding="utf-8")
    return forest_in(path)


def answers(forest: Forest, rows: list[list[float]]) -> list[float]:
    found = forest.value[leaves_of(forest, np.array(rows))[:, 0], 0].tolist()
    return [-1.0 if value != value else value for value in found]


SEVERAL = """<Node score="0"><True/>
<Node score="1"><SimplePredicate field="a" operator="lessThan" value="1"/></Node>
<Node score="2"><SimplePredicate field="a" operator="lessThan" value="2"/></Node>
<Node score="3"><SimplePredicate field="a" operator="lessThan" value="3"/></Node></Node>"""


def test_a_node_of_many_children_asks_one_after_the_other(tmp_path: Path) -> None:
    rows = [[0.5, 0], [1.5, 0], [2.5, 0], [9, 0], [np.nan, 0]]
    last = read(written(SEVERAL, schema='noTrueChildStrategy="returnLastPrediction"'), tmp_path)
    assert answers(last, rows) == [1, 2, 3, 0, 0]
    nothing = read(written(SEVERAL), tmp_path)
    assert answers(nothing, rows) == [1, 2, 3, -1, -1]


def test_sets_of_words_are_categories_by_name(tmp_path: Path) -> None:
    text = """<Node><True/><Node score="1"><SimpleSetPredicate field="b" booleanOperator="isIn">
    <Array n="2" type="string">red "light blue"</Array></SimpleSetPredicate></Node>
    <Node score="2"><SimpleSetPredicate field="b" booleanOperator="isNotIn">
    <Array n="2" type="string">red "light blue"</Array></SimpleSetPredicate></Node></Node>"""
    forest = read(written(text), tmp_path)
    assert forest.node_count == 3
    assert forest.category_names == {1: ("red", "light blue", "green")}
    assert answers(forest, [[0, 0], [0, 1], [0, 2]]) == [1, 1, 2]


def test_where_missing_values_go_is_read(tmp_path: Path) -> None:
    text = """<Node><True/><Node score="1"><CompoundPredicate booleanOperator="or">
    <SimplePredicate field="a" operator="lessOrEqual" value="1"/>
    <SimplePredicate field="a" operator="isMissing"/></CompoundPredicate></Node>
    <Node score="2"><True/></Node></Node>"""
    rows = [[1.0, 0], [2.0, 0], [np.nan, 0]]
    assert answers(read(written(text), tmp_path), rows) == [1, 2, 1]
    text = """<Node defaultChild="r"><True/>
    <Node id="l" score="1"><SimplePredicate field="a" operator="lessOrEqual" value="1"/></Node>
    <Node id="r" score="2"><SimplePredicate field="a" operator="greaterThan" value="1"/></Node>
    </Node>"""
    forest = read(written(text, schema='missingValueStrategy="defaultChild"'), tmp_path)
    assert forest.node_count == 3
    assert answers(forest, rows) == [1, 2, 2]
    text = """<Node><True/>
    <Node score="1"><SimplePredicate field="a" operator="isNotMissing"/></Node>
    <Node score="2"><SimplePredicate field="a" operator="isMissing"/></Node></Node>"""
    forest = read(written(text), tmp_path)
    assert forest.condition[0] == Condition.MISSING
    assert answers(forest, rows) == [1, 1, 2]


def test_classes_are_in_the_order_of_the_target_s_values(tmp_path: Path) -> None:
    text = """<Node score="yes" recordCount="9"><True/>
    <ScoreDistribution value="yes" recordCount="6"/><ScoreDistribution value="no" recordCount="3"/>
    <Node score="no"><SimplePredicate field="a" operator="lessThan" value="1"/></Node>
    <Node score="yes"><SimplePredicate field="a" operator="greaterOrEqual" value="1"/></Node>
    </Node>"""
    forest = read(written(text, kind="classification"), tmp_path)
    assert forest.class_names == (("no", "yes"),)
    assert forest.value.tolist() == [[3, 6], [1, 0], [0, 1]]
    assert forest.samples is not None
    assert forest.samples[0] == 9


def test_a_deep_tree_is_read_and_drawn(tmp_path: Path) -> None:
    test = '<SimplePredicate field="a" operator="{}" value="{}"/>'
    head, tail = '<Node score="0"><True/>', "</Node>"
    for depth in range(1500):
        head += f'<Node score="{depth}">{test.format("lessThan", -depth)}</Node>'
        head += f'<Node score="1">{test.format("greaterOrEqual", -depth)}'
        tail += "</Node>"
    forest = read(written(head + tail), tmp_path)
    assert int(forest.depths().max()) == 1500


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
BROKEN = {
    "entities": (written("&b;").replace("<PMML", BOMB + "<PMML"), "declares entities"),
    "no XML": ("<PMML><", "no XML"),
    "another model": (
        "<PMML><NeuralNetwork/><ClusteringModel/></PMML>", "it holds a ClusteringModel, no tree",
    ),
    "no tree": (written(""), "a tree has no node"),
    "two tests": (
        written(
            '<Node><True/><Node><CompoundPredicate booleanOperator="and">'
            '<SimplePredicate field="a" operator="lessThan" value="1"/>'
            '<SimplePredicate field="b" operator="equal" value="red"/>'
            "</CompoundPredicate></Node></Node>"
        ),
        "2 things at once",
    ),
    "no number": (
        written(
            '<Node><True/><Node><SimplePredicate field="a" operator="lessThan" value="x"/></Node>'
            "</Node>"
        ),
        "could not convert",
    ),
    "nested": ("<PMML>" + "<MiningModel>" * 200_000, "too (many elements|deep)"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_tree_is_one_sentence(name: str, tmp_path: Path) -> None:
    text, complaint = BROKEN[name]
    path = tmp_path / "model.pmml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ImporterError, match=complaint) as caught:
        api.load(path)
    assert str(caught.value).startswith("model.pmml: ")
    assert "\n" not in str(caught.value)


def test_a_document_with_changed_bytes_ends_in_a_model_or_a_sentence(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    content = path_of("gbc").read_bytes()
    path = tmp_path / "model.pmml"
    for _ in range(120):
        changed = bytearray(content)
        changed[source.integers(len(changed))] = source.integers(32, 127)
        path.write_bytes(bytes(changed))
        with suppress(ImporterError):
            assert verify(api.load(path, importer="pmml").body) == []
