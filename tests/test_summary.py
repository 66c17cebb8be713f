"""The summary: what it counts, and how the table stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from conftest import HOSTILE, small_model
from steps import growth

import archviz
from archviz.analysis.summary import Summary, summarize
from archviz.errors import OptionError
from archviz.ir import Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder


def rows(summary: Summary) -> dict[str, int]:
    return {"/".join(row.path): row.counts.parameters for row in summary.rows}


def test_a_shared_weight_counts_once_where_it_first_occurs() -> None:
    summary = summarize(small_model())
    assert rows(summary) == {"block1": 144, "block1/conv1": 144, "block2": 4}
    assert [row.is_shared for row in summary.rows] == [False, False, True]
    assert summary.totals.parameters == 148


def test_trainable_frozen_and_buffers_are_apart() -> None:
    totals = summarize(small_model()).totals
    assert (totals.trainable, totals.frozen, totals.unstated) == (144, 4, 0)
    assert totals.buffers == 4
    assert totals.nbytes == (144 + 4 + 4) * 4
    assert [row.counts.training for row in summarize(small_model()).rows] == ["yes", "yes", "no"]


def test_a_modules_output_is_what_leaves_it() -> None:
    summary = summarize(small_model())
    shapes = [[output.shape for output in row.outputs] for row in summary.rows]  # type: ignore[union-attr]
    assert shapes == [
        [("batch", 4, 8, 8)],
        [("batch", 4, 8, 8)],
        [("batch", 4, 4, 4)],
    ]


def test_the_table_reads_as_it_should() -> None:
    assert str(archviz.summary(small_model())).splitlines() == [
        "module   type    output       parameters  trainable",
        "block1   Block   batch×4×8×8         144  yes",
        "  conv1  Conv2d  batch×4×8×8         144  yes",
        "block2   Block   batch×4×4×4           4  no",
        "",
        "operations     4",
        "parameters   148",
        "  trainable  144",
        "  frozen       4",
        "buffers        4",
        "bytes        608",
    ]


def test_the_json_says_the_same_as_the_table() -> None:
    data = json.loads(json.dumps(archviz.summary(small_model()).to_json()))
    assert data["totals"]["parameters"] == 148
    assert [row["path"] for row in data["rows"]] == [["block1"], ["block1", "conv1"], ["block2"]]
    assert data["rows"][2]["shared"] is True
    assert data["rows"][0]["outputs"] == ["batch×4×8×8 float32"]


def test_depth_limits_the_rows_and_says_so() -> None:
    summary = archviz.summary(small_model(), depth=1)
    assert list(rows(summary)) == ["block1", "block2"]
    assert "(1 more row below depth 1)" in str(summary)


def test_without_any_depth_only_the_totals_are_left() -> None:
    text = str(archviz.summary(small_model(), depth=0))
    assert "below depth 0)" in text
    assert "more" not in text
    with pytest.raises(OptionError, match="depth is -1"):
        archviz.summary(small_model(), depth=-1)


def test_the_automatic_depth_keeps_the_table_short() -> None:
    b = GraphBuilder()
    for index in range(40):
        b.scope((f"block{index}", "inner"))
        b.node("Relu", scope=(f"block{index}", "inner"))
    model = Model(b.build())
    assert len(summarize(model).rows) == 40
    assert summarize(model).hidden == 40
    assert len(summarize(model, depth="all").rows) == 80


def test_a_depth_that_is_no_depth_is_refused() -> None:
    with pytest.raises(OptionError, match="takes a number, auto or all"):
        summarize(small_model(), depth="deep")


def test_a_flat_model_has_a_row_an_operation() -> None:
    b = GraphBuilder()
    x = b.value("x")
    b.inputs.append(x)
    b.parameter(Parameter("w", TensorType("float16", (2, "n"))))
    for op in ("Gemm", "Gemm"):
        y = b.value("y")
        b.node(op, (x, None), (y,), parameters=(ParameterUse("w", "W", 1),))
        x = y
    b.outputs.append(x)
    summary = summarize(Model(b.build()))
    assert list(rows(summary)) == ["Gemm", "Gemm#2"]
    assert summary.totals.unsized == 1
    assert "of unknown size" in str(summary)


def test_operations_with_weights_beside_modules_have_rows() -> None:
    b = GraphBuilder()
    b.scope(("head",), "Head")
    b.parameter(Parameter("scale", TensorType("float32", (7,))))
    b.node("Mul", (None,), (b.value("y"),), parameters=(ParameterUse("scale", "B", 0),))
    b.node("Relu", ("y",), (b.value("z"),), scope=("head",))
    b.outputs.append("z")
    assert rows(summarize(Model(b.build()))) == {"Mul": 7, "head": 0}


def test_unused_weights_are_in_the_totals() -> None:
    b = GraphBuilder()
    b.parameter(Parameter("forgotten", TensorType("float32", (1_000_000,))))
    summary = summarize(Model(b.build()))
    assert summary.totals.parameters == 1_000_000
    assert "1,000,000" in str(summary)
    assert "(4.0 MB)" in str(summary)


def test_long_and_hostile_names_stay_within_the_lines() -> None:
    name = "a.very.long.name.of.a.module" * 5
    table = str(summarize(small_model(name + HOSTILE), depth="all"))
    lines = table.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("…" in line for line in lines)
    assert all(char.isprintable() for line in lines for char in line)


def summing_up(count: int) -> Callable[[], None]:
    builder = GraphBuilder()
    value = builder.value("x")
    builder.inputs.append(value)
    for _ in range(count):
        made = builder.value("v")
        builder.node("Relu", (value,), (made,), label="same")
        value = made
    builder.outputs.append(value)
    model = Model(builder.build(), "test", "many")

    def run() -> None:
        summary = summarize(model, depth="all")
        assert [row.path for row in summary.rows[:3]] == [("same",), ("same#2",), ("same#3",)]
        assert len(summary.rows) == count

    return run


def test_work_to_number_operations_of_one_name_grows_with_them() -> None:
    assert growth(summing_up, 250) < 1.5
