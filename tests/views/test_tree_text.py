"""Trees as text: rules that lead every row where the tree leads it, and graphs for other tools."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tree_models import grown, model

from archviz import api
from archviz.analysis.tree_rules import rules
from archviz.errors import OptionError
from archviz.ir import Condition, Forest, Model
from archviz.ir.forest.routing import leaves_of

FOLDER = Path(__file__).parents[1] / "samples"
HOSTILE = ("a<b", 'R&D "x"', "c\n", "日本語", "\u202ex]]>", "\x00")
LINE = re.compile(
    r"(?P<bars>[| ]*)\|--- (?:(?P<feature>f\d+) (?P<sign><=|<|>=|>|==|!=|in|not in|is true|is false"
    r"|is missing|is not missing)(?: (?P<value>\{.*\}|[^ ]+))?(?P<missing> or missing)?"
    r"|(?P<leaf>(?:class|value): .*))"
)


def small(seed: int, dtype: str, conditions: tuple[Condition, ...]) -> Forest:
    """A tree whose leaves are numbered, with thresholds that only all their digits tell apart."""
    source = np.random.default_rng(seed)
    forest = grown(40, seed=seed)
    is_split = ~forest.is_leaf
    condition = np.where(is_split, source.choice([int(c) for c in conditions], len(is_split)), 0)
    threshold = source.choice(source.normal(size=6).astype(np.float32).astype(float), len(is_split))
    threshold = threshold + source.choice([0.0, 1e-9, -1e-9], len(is_split))
    lists = np.isin(condition, (int(Condition.IN), int(Condition.NOT_IN)))
    return Forest(
        **{
            "starts": forest.starts,
            "yes": forest.yes,
            "no": forest.no,
            "condition": condition,
            "feature": np.where(is_split, source.integers(0, 3, len(is_split)), -1),
            "threshold": np.where(is_split & ~lists, threshold, 0.0),
            "value": np.arange(len(is_split), dtype=float),
            "missing": np.where(is_split, source.integers(0, 2, len(is_split)), -1),
            "category_starts": np.concatenate([[0], np.cumsum(np.where(lists, 2, 0))]),
            "categories": source.integers(0, 4, 2 * int(lists.sum())),
            "feature_names": ("f0", "f1", "f2"),
            "compare_dtype": dtype,
        }
    )


def followed(lines: list[str], row: np.ndarray, dtype: str) -> str:
    """The answer that somebody comes to who follows the printed rules."""
    x = row.astype(dtype)
    depth = 0
    for line in lines:
        found = LINE.fullmatch(line)
        assert found, line
        level = len(found["bars"]) // 4
        if level != depth:
            continue
        if found["leaf"]:
            return found["leaf"]
        if holds(found, x[int(found["feature"][1:])], dtype):
            depth += 1
    raise AssertionError("the rules end without an answer")


def holds(found: re.Match[str], x: Any, dtype: str) -> bool:
    sign, value = found["sign"], found["value"]
    if sign in ("is missing", "is not missing"):
        return bool(np.isnan(x)) == (sign == "is missing")
    if np.isnan(x):
        return bool(found["missing"])
    if sign in ("in", "not in"):
        listed = [int(item) for item in value[1:-1].split(", ")]
        return (x > -1 and int(x) in listed) == (sign == "in")  # as libraries cast
    if sign in ("is true", "is false"):
        return bool(x >= 0.5) == (sign == "is true")
    number = np.dtype(dtype).type(value)
    tests = {"<=": x <= number, "<": x < number, ">=": x >= number, ">": x > number,
             "==": x == number, "!=": x != number}  # fmt: skip
    return bool(tests[sign])


NUMERIC = (Condition.LE, Condition.LT, Condition.GE, Condition.GT)


@pytest.mark.parametrize(
    ("dtype", "conditions"),
    [
        ("float32", NUMERIC),
        ("float64", (*NUMERIC, Condition.EQ, Condition.NE)),
        ("float64", (*NUMERIC, Condition.IN, Condition.NOT_IN, Condition.TRUE, Condition.MISSING)),
    ],
)
def test_printed_rules_lead_every_row_where_the_tree_does(
    dtype: str, conditions: tuple[Condition, ...]
) -> None:
    source = np.random.default_rng(1)
    leaves: set[tuple[int, int]] = set()
    for seed in range(6):
        forest = small(seed, dtype, conditions)
        near = forest.threshold[~forest.is_leaf]
        near = np.concatenate([near, np.nextafter(near, 9), np.nextafter(near, -9)])
        near = np.concatenate([near, near.astype(np.float32), [0.0, 1.0, 2.0, 3.0, np.nan]])
        data = source.choice(near, (60, 3))
        data = np.concatenate([data, source.normal(size=(20, 3))])
        lines = list(rules(forest))
        reached = leaves_of(forest, data)[:, 0].tolist()
        leaves |= {(seed, leaf) for leaf in reached}
        for row, leaf in zip(data, reached, strict=True):
            assert (
                followed(lines, row, dtype).startswith(f"value: {leaf} ")
                or followed(lines, row, dtype) == f"value: {leaf}"
            )


def test_rules_of_a_scikit_learn_tree_are_those_of_its_own_export() -> None:
    sklearn_tree = pytest.importorskip("sklearn.tree")
    from sklearn.datasets import load_breast_cancer, load_diabetes

    shape = re.compile(r"([| ]*\|--- )(.*?)(?: (<=|>) +(\S+))?")
    for loader, kind in ((load_breast_cancer, "Classifier"), (load_diabetes, "Regressor")):
        data = loader()
        names = [str(name) for name in data.feature_names]
        tree = getattr(sklearn_tree, f"DecisionTree{kind}")(max_depth=6, random_state=0)
        tree.fit(data.data, data.target)
        tree.feature_names_in_ = np.array(names, object)
        theirs = sklearn_tree.export_text(
            tree, feature_names=names, decimals=12, max_depth=99
        ).splitlines()
        ours = str(api.render(tree, format="text")).splitlines()
        assert len(ours) == len(theirs) > 40
        for mine, its in zip(ours, theirs, strict=True):
            one, other = shape.fullmatch(mine), shape.fullmatch(its)
            assert one
            assert other
            assert one[1] == other[1]
            if one[3] is None:
                answer = re.sub(r" \(.*", "", one[2])
                kind_, _, value = answer.partition(": ")
                assert other[2].startswith(kind_)
                number = other[2].partition(": ")[2].strip("[]")
                assert float(value) == pytest.approx(float(number), rel=1e-5)
            else:
                assert (one[2], one[3]) == (other[2], other[3])
                assert float(one[4]) == pytest.approx(float(other[4]), rel=1e-6)


def test_rules_of_an_ensemble_say_how_its_trees_become_one() -> None:
    text = str(api.render(FOLDER / "xgboost" / "iris.json", format="text"))
    assert text.startswith("prediction: softmax(sum of 6 trees)\n\ntree 0 (class 0, round 0)\n")
    assert text.count("\ntree ") == 6
    only = str(api.render(FOLDER / "xgboost" / "iris.json", format="text", tree=4, max_depth=1))
    assert "\ntree 4 (class 1, round 1)\n" in only
    assert only.count("\ntree ") == 1
    with pytest.raises(OptionError, match="there is no tree 6; --tree takes 0 to 5"):
        api.render(FOLDER / "xgboost" / "iris.json", format="text", tree=6)


def test_rules_that_are_cut_say_what_is_left_out() -> None:
    text = str(api.render(FOLDER / "sklearn" / "iris_tree.pkl", format="text", max_depth=1))
    assert text.endswith("|   |--- ... 6 more nodes, 4 leaves\n")


def test_a_chain_of_a_thousand_splits_is_written_in_every_format() -> None:
    deep = model(1000, shape="chain")
    text = str(api.render(deep, format="text")).splitlines()
    assert len(text) == 999 * 2 + 1000
    for name in ("dot", "d2", "graphml", "cytoscape", "json"):
        assert len(str(api.render(deep, format=name))) > 20_000


def test_rules_deeper_than_anyone_reads_are_refused() -> None:
    deep = model(5002, shape="chain")
    with pytest.raises(OptionError, match="more than 5,000 tests deep"):
        api.render(deep, format="text")
    assert str(api.render(deep, format="text", max_depth=2)).count("\n") == 7


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's dot is not installed")
def test_dot_reads_every_node_and_branch_of_a_forest() -> None:
    forest = api.load(FOLDER / "sklearn" / "iris_forest.joblib")
    assert isinstance(forest.body, Forest)
    text = str(api.render(forest, format="dot"))
    done = subprocess.run(
        ["dot", "-Tjson0"], input=text.encode(), capture_output=True, check=True, timeout=60
    )
    read = json.loads(done.stdout)
    nodes = [item for item in read["objects"] if "nodes" not in item and "label" in item]
    names = [item for item in nodes if "/n" in item["name"]]
    assert len(names) == forest.body.node_count
    labels = [edge["label"] for edge in read["edges"]]
    splits = int((~forest.body.is_leaf).sum())
    assert labels.count("yes") == labels.count("no") == splits == len(labels) / 2


@pytest.mark.parametrize("format", ["text", "dot", "mermaid", "d2", "graphml", "cytoscape"])
def test_hostile_names_stay_on_their_line(format: str) -> None:
    forest = grown(12, classes=3, feature_names=HOSTILE, class_names=(HOSTILE[:3],))
    text = str(api.render(Model(forest, "test", "x"), format=format))
    assert "\x00" not in text
    assert "\u202e" not in text
    if format == "text":
        assert len(text.splitlines()) == 11 * 2 + 12


def test_a_forest_too_large_for_other_tools_is_one_sentence() -> None:
    big = model([501] * 60)
    with pytest.raises(OptionError, match="more than 50,000 nodes; say which with --tree"):
        api.render(big, format="dot")
    assert "t7/n0" in str(api.render(big, format="dot", tree=7))
