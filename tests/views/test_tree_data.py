"""Trees with data: every row is counted where the library leads it, and nothing else is told."""

from __future__ import annotations

import pickle
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tree_geometry import nodes, problems
from tree_models import grown, model

from archviz import api
from archviz.analysis.tree_counts import evidence, splits_of
from archviz.analysis.tree_rows import Rows, rows_for
from archviz.errors import OptionError
from archviz.ir import Condition, Forest, Model
from archviz.ir.forest.routing import leaves_of, linked, raw_predictions
from archviz.length import PIXELS
from archviz.scene import Group, Scene, Text, flatten
from archviz.scene import Path as Line
from archviz.views.tree import contributions, draw, space
from archviz.views.tree.fills import fills_of

ODD = ("a<b", 'R&D "x"', "c\n", "日本語", "\u202ex]]>", "\x00")


def words(scene: Scene) -> list[str]:
    return [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]


def rows(count: int, seed: int = 0, classes: int = 0, gaps: bool = True) -> tuple[Any, Any]:
    """Rows for the trees that tests grow, some values of them missing, and a target."""
    source = np.random.default_rng(seed)
    data = source.normal(3, 2, (count, 6))
    if gaps:
        data[source.uniform(size=data.shape) < 0.05] = np.nan
    target = source.integers(0, classes, count) if classes else source.normal(150, 60, count)
    return data, target


KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "two classes": (2, {"classes": 2}),
    "twelve classes": (12, {"classes": 12}),
    "regression": (0, {}),
    "scores": (0, {"kind": "score"}),
    "scores with classes": (2, {"kind": "score", "class_names": (("no", "yes"),)}),
}


@pytest.mark.parametrize("width", ["", "85mm", "178mm"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("leaves", [1, 2, 12, 64])
def test_nothing_overlaps_with_data(leaves: int, kind: str, width: str) -> None:
    classes, options = KINDS[kind]
    data, target = rows(300, leaves, classes)
    scene = draw(
        model(leaves, seed=leaves, **options),
        data=data,
        y=target,
        highlight=("row=7",),
        width=width,
    )
    assert problems(scene) == []
    if width:
        smallest = min(text.size for text in flatten(scene.marks) if isinstance(text, Text))
        assert smallest * scene.scale >= 6 * PIXELS["pt"] - 1e-9


@pytest.mark.parametrize(("width", "least"), [("85mm", 2), ("178mm", 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_charts_of_data_stay_on_paper(kind: str, width: str, least: int) -> None:
    classes, options = KINDS[kind]
    data, target = rows(300, 5, classes)
    tree = model(40, seed=5, feature_names=("a", "b", "c", "d", "e", "f"), **options)
    scene = draw(tree, data=data, y=target, width=width)
    thresholds = [m for m in flatten(scene.marks) if getattr(m, "role", "") == "callout"]
    assert len(thresholds) >= least
    assert problems(scene) == []


@pytest.mark.parametrize("form", ["plain", "compact", "icicle", "leaves", "space"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_every_form_takes_data(kind: str, form: Any, direction: Any) -> None:
    classes, options = KINDS[kind]
    data, target = rows(200, 3, classes)
    tree = model(30, seed=4, **options)
    scene = draw(tree, data=data, y=target, form=form, direction=direction)
    assert problems(scene) == []
    without = draw(tree, form=form, direction=direction)
    assert problems(without) == []


@pytest.mark.parametrize("chain", [False, True])
def test_rows_are_counted_where_scikit_learn_leads_them(chain: bool) -> None:
    tree = pytest.importorskip("sklearn.tree")
    data, target = rows(400, 1, 3)
    if chain:
        data, target = np.arange(400.0)[:, None], np.arange(400) % 2
    fitted = tree.DecisionTreeClassifier(random_state=0).fit(data, target)
    forest = api.load(fitted).body
    assert isinstance(forest, Forest)
    other, answers = (data, target) if chain else rows(3000, 2, 3)
    found = evidence(forest, 0, rows_for(forest, other, answers))
    visits = fitted.decision_path(other).toarray()
    np.testing.assert_array_equal(found.nodes.rows, visits.sum(0))
    by_class = np.stack([visits[answers == k].sum(0) for k in range(answers.max() + 1)], 1)
    np.testing.assert_array_equal(found.nodes.by_class, by_class)


@pytest.mark.parametrize(
    "condition", [Condition.LE, Condition.LT, Condition.GE, Condition.GT, Condition.IN]
)
def test_a_histogram_is_divided_exactly_where_the_test_divides_the_rows(
    condition: Condition,
) -> None:
    """Rows that lie on a threshold, or a bit beside it, are in the bars of their own side."""
    forest = grown(20, classes=2, seed=3)
    threshold = np.round(forest.threshold, 1)
    is_split = ~forest.is_leaf
    lists = {}
    if condition is Condition.IN:
        lists = {
            "category_starts": np.concatenate([[0], np.cumsum(np.where(is_split, 2, 0))]),
            "categories": np.tile([1, 3], int(is_split.sum())),
        }
    changed = {
        **{name: getattr(forest, name) for name in ("starts", "yes", "no", "feature", "value")},
        "condition": np.where(is_split, int(condition), 0),
        "threshold": threshold,
        "compare_dtype": "float32",
        **lists,
    }
    own = Forest(**changed)
    source = np.random.default_rng(0)
    near = threshold[np.isfinite(threshold)].astype(np.float32)
    near = np.concatenate(
        [near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))]
    )
    data = source.choice(near, (2000, 6)).astype(np.float64)
    if condition is Condition.IN:
        data = source.integers(0, 6, (2000, 6)).astype(np.float64)
    found = evidence(own, 0, rows_for(own, data, source.integers(0, 2, 2000)))
    splits = np.flatnonzero(own.yes >= 0).tolist()
    counted = splits_of(own, found, splits)
    assert len(counted) == len(splits)
    for node, bars in counted.items():
        total = bars.counts.sum(0)
        assert total.sum() == found.nodes.rows[node]
        if bars.yes:
            met = int(total[np.array(bars.yes)].sum()) if len(total) else 0
        else:
            left = int(total[np.array(bars.edges[1:]) <= bars.threshold].sum())
            is_low = condition in (Condition.LE, Condition.LT)
            met = left if is_low else int(total.sum()) - left
        assert met == found.nodes.rows[own.yes[node]]


def test_the_picture_tells_no_value_of_any_row() -> None:
    source = np.random.default_rng(5)
    data = source.normal(3, 2, (120, 6))
    target = source.normal(150, 60, 120)
    for form in ("fancy", "plain", "leaves", "space", "icicle"):
        text = str(api.render(model(20), format="svg", data=data, y=target, form=form))
        for value in (*data.ravel()[::7], *target[::3]):
            assert f"{value:.4f}" not in text
            assert f"{value:.6g}" not in text


def test_without_counts_no_number_of_rows_is_told() -> None:
    data, target = rows(200, 3, 2)
    options: dict[str, Any] = {"data": data, "y": target, "counts": False, "highlight": ("row=3",)}
    tree = model(9, classes=2, kind="count", impurity=None)
    scene = draw(tree, **options)
    assert problems(scene) == []
    said = " ".join(words(scene)) + " ".join(m.title for m in scene.marks if isinstance(m, Group))
    assert not re.search(r"\bn \d|\b200 rows|weight", said)
    assert {m.role for m in flatten(scene.marks)}.isdisjoint({"band", "callout"})
    pies = [m for m in flatten(scene.marks) if isinstance(m, Line) and m.role == "pie"]
    assert pies
    assert any(m.role == "path" for m in flatten(scene.marks))


def test_numbers_in_cards_are_of_the_data_that_is_given() -> None:
    data, target = rows(77, 3, 2)
    said = words(draw(model(9, classes=2), data=data, y=target))
    assert any(text.startswith("n 77 ·") for text in said)
    assert "77 rows" in said


HEAD = ("petal width (cm)", "age", "worst concave points", "R&D <spend>", "日本語", "x", "kind")


def table(folder: Path, suffix: str) -> tuple[Path, Any, Any]:
    """A file of rows with their class, and what it holds."""
    data, target = rows(50, 1, 2)
    path = folder / f"rows{suffix}"
    names = [f"class {k}" for k in target]
    if suffix == ".npy":
        np.save(path, np.column_stack([data, target]))
    elif suffix == ".parquet":
        arrow = pytest.importorskip("pyarrow", reason="pyarrow comes with the extra parquet")
        import pyarrow.parquet

        columns = {name: data[:, k] for k, name in enumerate(HEAD[:6])}
        pyarrow.parquet.write_table(arrow.table({**columns, "kind": names}), path)
    else:
        mark = "\t" if suffix == ".tsv" else ","
        lines = [mark.join(f'"{name}"' for name in HEAD)]
        for row, name in zip(data, names, strict=True):
            lines.append(mark.join([*("" if v != v else repr(float(v)) for v in row), name]))
        path.write_text("\n".join(lines), encoding="utf-8")
    return path, data, target


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".npy", ".parquet"])
def test_files_of_every_kind_say_the_same(suffix: str, tmp_path: Path) -> None:
    path, data, target = table(tmp_path, suffix)
    forest = grown(9, classes=2)
    found = rows_for(forest, str(path), "6" if suffix == ".npy" else "kind")
    np.testing.assert_array_equal(found.table, data)
    assert found.target is not None
    np.testing.assert_array_equal(found.target, target)
    assert found.classes == ("class 0", "class 1")
    assert found.name == path.name


def test_columns_are_found_by_name_in_any_order_and_writing(tmp_path: Path) -> None:
    path, data, _ = table(tmp_path, ".csv")
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [[*line[::-1]] for line in lines]
    lines[0] = [name.upper().replace(" ", "_") for name in lines[0]]
    path.write_text("\n".join(",".join(line) for line in lines), encoding="utf-8")
    found = rows_for(grown(9, classes=2), str(path), "KIND".join(['"', '"']).strip('"'))
    np.testing.assert_array_equal(found.table, data)


def test_names_of_the_data_are_shown_where_the_model_has_none(tmp_path: Path) -> None:
    path, *_ = table(tmp_path, ".csv")
    nameless = model(9, classes=2, feature_names=())
    said = " ".join(words(draw(nameless, data=str(path), y="kind")))
    assert "x[" not in said
    assert any(name in said for name in ("age", "petal width (cm)", "日本語"))


def test_categories_are_read_by_their_names() -> None:
    own = Forest(
        starts=[0, 3], yes=[1, -1, -1], no=[2, -1, -1], condition=[7, 0, 0], feature=[0, -1, -1],
        threshold=[0, 0, 0], value=[[0.0], [1.0], [2.0]], category_starts=[0, 2, 2, 2],
        categories=[0, 2], feature_names=("colour",), category_names={0: ("red", "green", "blue")},
        value_kind="mean",
    )  # fmt: skip
    data = np.array([["red"], ["blue"], ["green"], ["mauve"], [""]], dtype=object)
    scene = draw(Model(own, "test", "x"), data=data, y=np.arange(5.0))
    assert problems(scene) == []
    found = evidence(own, 0, rows_for(own, data))
    assert found.nodes.rows.tolist() == [5, 2, 3]
    assert {"red", "green", "blue"} <= set(words(scene))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"data": "nowhere.csv"}, r"--data: nowhere.csv cannot be read \(no such file"),
        ({"data": "rows.xyz"}, "has a format that is not read; it takes a .csv"),
        ({"data": "empty.csv"}, "is no table"),
        ({"data": "ragged.csv"}, "line 2 has 1 cells, the first has 2"),
        ({"data": "rows.csv", "y": "kinds"}, "no such column; did you mean 'kind'"),
        (
            {"data": "rows.csv", "y": np.full(50, "odd", object)},
            "'odd' is no class of the model; it has: class 0, class 1",
        ),
        ({"data": "other.csv"}, "has no column 'petal width .cm.' and 5 others"),
        ({"y": "kind"}, "say which data"),
        ({"highlight": ("row=3",)}, "is a row of data; say which data"),
        ({"data": "rows.csv", "y": "kind", "highlight": ("row=50",)}, "row=0 to row=49"),
        ({"data": np.zeros((4, 3))}, "has 3 columns for 6 features"),
        ({"data": np.zeros((2, 2, 2))}, "has 3 axes"),
        ({"data": np.zeros((4, 6)), "y": np.zeros(3)}, "takes one column of the 4 rows"),
        ({"data": "words.csv"}, "says 'tall' for 'age'; the model takes a number"),
        ({"form": "space", "features": ("agee",)}, "no feature 'agee'; did you mean 'age'"),
        ({"form": "space", "features": ("age", "x", "age")}, "a plane has two features"),
    ],
)
def test_data_that_does_not_fit_is_one_clear_sentence(
    options: dict[str, Any], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table(tmp_path, ".csv")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "rows.xyz").write_text("1")
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    text = ",".join(f'"{name}"' for name in HEAD[:6]) + "\n1,tall,3,4,5,6\n"
    (tmp_path / "words.csv").write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=complaint):
        draw(model(9, classes=2), **options)


def test_an_array_of_objects_is_not_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(OptionError, match="is no table"):
        draw(model(9), data=str(path))


def test_the_way_of_a_row_is_a_table_of_its_tests() -> None:
    data, target = rows(60, 1, 2)
    forest = grown(20, classes=2, seed=6)
    leaf = int(leaves_of(forest, data[17:18])[0, 0])
    scene = draw(Model(forest, "test", "x"), data=data, y=target, highlight=("row=17",))
    parents = forest.parents()
    way = [leaf]
    while parents[way[-1]] != way[-1]:
        way.append(int(parents[way[-1]]))
    outcomes = ["yes" if forest.yes[a] == b else "no" for b, a in pairwise(way)]
    said = words(scene)
    start = said.index("test")
    listed = [text for text in said[start:] if text in ("yes", "no")]
    assert listed == outcomes[::-1]
    assert any(text.startswith("The way of row 17: class") for text in said)
    groups = [mark for mark in scene.marks if isinstance(mark, Group)]
    marked = [group.id for group in groups if any(m.role == "path" for m in flatten(group.marks))]
    assert sorted(marked) == sorted(f"t0-n{node}" for node in way)


ENSEMBLES = {
    "sum": {"kind": "score", "base": [0.5], "link": "logistic", "class_names": (("a", "b"),)},
    "classes": {
        "kind": "score", "tree_output": np.arange(30) % 3, "base": [0.1, 0.2, 0.3],
        "link": "softmax", "class_names": (("a", "b", "c"),),
    },
    "mean": {"classes": 3},
    "vote": {"classes": 3, "aggregation": "vote", "tree_weight": np.linspace(1, 2, 30)},
    "median": {"aggregation": "weighted-median", "tree_weight": np.linspace(1, 2, 30)},
}  # fmt: skip


@pytest.mark.parametrize("width", [None, 320.0])
@pytest.mark.parametrize("name", ENSEMBLES)
def test_what_trees_contribute_adds_up_to_the_prediction(name: str, width: float | None) -> None:
    options = dict(ENSEMBLES[name])
    options.setdefault("aggregation", "sum" if options.get("kind") == "score" else "mean")
    forest = grown([5] * 30, seed=2, **options)
    data, _ = rows(3, 1, 0, gaps=False)
    scene = contributions.draw(forest, fills_of(forest), data[1].tolist(), "row 1", width)
    assert problems(scene.scene("x", "", None)) == []
    raw = raw_predictions(forest, data[1:2])[0]
    best = int(raw.argmax()) if len(raw) > 1 else 0
    leaves = leaves_of(forest, data[1:2])[0]
    amounts = contributions._amounts(forest, data[1:2], leaves, best)
    if name != "median":
        base = 0.0 if forest.base is None else forest.base[best]
        assert amounts.sum() + base == pytest.approx(raw[best])
    said = words(scene.scene("x", "", None))
    predicted = linked(forest, raw[None])[0]
    assert any(text.startswith("predicts ") for text in said)
    if name == "classes":
        assert f"predicts {'abc'[best]}: {predicted[best]:.4f} after softmax" in said


def test_a_row_of_an_ensemble_is_followed_unasked_and_one_tree_when_asked() -> None:
    trees = model([5] * 30, seed=2, kind="score", base=[0.5])
    data, _ = rows(3, 1, 0)
    assert any(
        t.startswith("base 0.5") for t in words(draw(trees, data=data, highlight=("row=1",)))
    )
    one = draw(trees, data=data, highlight=("row=1",), tree=4)
    assert "tree 4 of 30, 3 rows" in words(one)


def test_the_plane_of_two_features_shows_what_the_tree_answers_there() -> None:
    tree = pytest.importorskip("sklearn.tree")
    from sklearn.datasets import load_iris

    iris = load_iris()
    pair = iris.data[:, 2:]
    fitted = tree.DecisionTreeClassifier(random_state=0).fit(pair, iris.target)
    forest = api.load(fitted).body
    assert isinstance(forest, Forest)
    edges = [space._edges(forest, feature, None) for feature in (0, 1)]
    grid = space._answers(forest, (0, 1), edges, np.zeros(2))
    for level in range(grid.shape[0]):
        for place in range(grid.shape[1]):
            corner = [edges[0][place + 1] - 1e-6, edges[1][level] + 1e-6]
            for x in (edges[0][place] + 1e-6, corner[0]):
                wanted = fitted.predict_proba([[x, corner[1]]])[0]
                np.testing.assert_array_equal(grid[level, place], wanted)


def test_a_forest_has_a_feature_space_and_one_of_its_trees_has_its_own() -> None:
    trees = model([5] * 30, classes=3, seed=2)
    data, target = rows(100, 1, 3)
    whole = draw(trees, form="space", data=data, y=target)
    assert problems(whole) == []
    assert draw(trees, form="space", tree=3).marks != whole.marks
    line = draw(trees, form="space", features=("age",), data=data, y=target)
    assert problems(line) == []
    assert line.height < whole.height


@pytest.mark.parametrize("target", [np.array([1, 2, 3]), np.array(["lo", "mid", "hi"])])
def test_labels_that_are_no_index_are_counted_by_class(target: Any) -> None:
    tree = pytest.importorskip("sklearn.tree")
    data, number = rows(90, 1, 3)
    answers = target[number]
    fitted = tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(data, answers)
    scene = draw(api.load(fitted), data=data, y=answers)
    counts = [int((answers == name).sum()) for name in fitted.classes_]
    assert f"[{', '.join(map(str, counts))}]" in words(scene)


def test_a_target_of_several_takes_its_own_classes() -> None:
    tree = pytest.importorskip("sklearn.tree")
    data, number = rows(90, 1, 3)
    both = np.column_stack([number, number % 2])
    fitted = tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(data, both)
    scene = draw(api.load(fitted), data=data, y=both[:, 1], output=1)
    assert problems(scene) == []
    assert f"[{(both[:, 1] == 0).sum()}, {(both[:, 1] == 1).sum()}]" in words(scene)


class Series:
    """As pandas has it: ``[k]`` looks for the label k, which is not the place k."""

    def __init__(self, values: Any, name: str) -> None:
        self.values, self.name = values, name

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values, dtype)

    def __getitem__(self, key: object) -> Any:
        raise KeyError(key)


def test_a_series_is_taken_by_place() -> None:
    data, target = rows(40, 1, 2)
    found = rows_for(grown(5, classes=2), data, Series(target, "kind"))
    assert found.target is not None
    np.testing.assert_array_equal(found.target, target)
    assert found.target_name == "kind"


def test_hostile_names_with_data_stay_on_one_line() -> None:
    data, target = rows(60, 1, 3)
    names = (("", "y" * 900, "\n"),)
    tree = model(9, classes=3, feature_names=ODD, class_names=names)
    scene = draw(tree, data=data, y=target, highlight=("row=3",))
    assert problems(scene) == []
    assert len(nodes(scene)) == 17
    for form in ("leaves", "space"):
        assert problems(draw(tree, data=data, y=target, form=form)) == []  # type: ignore[arg-type]


def test_a_pipeline_s_trees_take_data(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    data, target = rows(90, 1, 2, gaps=False)
    fitted = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=3, random_state=0))
    fitted.fit(data, target)
    path = tmp_path / "pipeline.pkl"
    path.write_bytes(pickle.dumps(fitted))
    scaled = fitted[0].transform(data)
    found = str(
        api.render(
            path, format="svg", focus="decisiontreeclassifier", data=scaled, y=target, form="fancy"
        )
    )
    assert f"[{(target == 0).sum()}, {(target == 1).sum()}]" in found


def test_a_chain_of_a_thousand_splits_takes_data() -> None:
    data, target = rows(500, 1, 2)
    chain = model(1000, classes=2, shape="chain")
    scene = draw(chain, data=data, y=target, highlight=("row=3",))
    assert scene.height > 500


def test_rows_are_of_one_kind(tmp_path: Path) -> None:
    found = rows_for(grown(5), np.zeros((3, 6)))
    assert isinstance(found, Rows)
    assert (found.count, found.target, found.name) == (3, None, "")
