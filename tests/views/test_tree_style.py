"""The tree style: every form, size and kind of tree without overlaps, at any width."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from steps import lines_run
from tree_geometry import area_of, nodes, problems
from tree_models import grown, model

from archviz.errors import OptionError
from archviz.ir import Forest, Graph, Model
from archviz.ir.forest import Condition
from archviz.length import PIXELS
from archviz.scene import Group, Path, Rect, Scene, Text, flatten
from archviz.views.tree import COMPACT, FANCY, PLAIN, draw, form_of
from archviz.views.tree.cards import Line
from archviz.views.tree.fills import fills_of
from archviz.views.tree.icicle import sizes

SIZES = {"a leaf": 1, "a stump": 2, "small": 9, "fancy": FANCY, "plain": 90, "compact": 300}
KINDS: dict[str, dict[str, Any]] = {
    "two classes": {"classes": 2},
    "twelve classes": {"classes": 12},
    "counts": {"classes": 3, "kind": "count"},
    "regression": {},
    "scores": {"kind": "score"},
    "scores of classes": {"classes": 4, "kind": "score"},
}


def words(scene: Scene) -> list[str]:
    return [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_nothing_overlaps_at_any_size(size: str, kind: str, direction: Any) -> None:
    scene = draw(model(SIZES[size], **KINDS[kind]), direction=direction)
    assert problems(scene) == []
    assert len(nodes(scene)) == 2 * SIZES[size] - 1


@pytest.mark.parametrize("shape", ["chain", "complete"])
@pytest.mark.parametrize("form", ["fancy", "plain", "compact", "icicle"])
def test_nothing_overlaps_in_any_shape_and_form(form: Any, shape: str) -> None:
    scene = draw(model(33, classes=3, shape=shape, seed=5), form=form)
    assert problems(scene) == []


@pytest.mark.parametrize("width", ["85mm", "178mm"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("leaves", [1, 2, 8, 16, 64, 400, 3000])
def test_text_on_paper_has_six_points(leaves: int, kind: str, width: str) -> None:
    scene = draw(model(leaves, seed=leaves, **KINDS[kind]), width=width)
    assert problems(scene) == []
    smallest = min(text.size for text in flatten(scene.marks) if isinstance(text, Text))
    assert smallest * scene.scale >= 6 * PIXELS["pt"] - 1e-9
    assert scene.scale <= 1.3


@pytest.mark.parametrize("width", ["", "85mm", "178mm"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overlaps_in_an_overview(kind: str, width: str) -> None:
    scene = draw(model([3, 9, 1, 40, 12] * 8, **KINDS[kind]), width=width)
    assert problems(scene) == []
    assert any(text.startswith("40 trees") for text in words(scene))


def test_the_form_goes_by_the_number_of_leaves() -> None:
    assert [form_of(n) for n in (1, FANCY, FANCY + 1, PLAIN + 1, COMPACT + 1)] == [
        "fancy", "fancy", "plain", "compact", "icicle",
    ]  # fmt: skip


def test_a_limited_tree_is_drawn_in_the_form_of_what_is_left() -> None:
    big = model(5000, classes=2)
    assert {m.role for m in draw(big).marks if isinstance(m, Group)} == {"node tile"}
    few = draw(big, max_nodes=9)
    assert problems(few) == []
    assert len(nodes(few)) == 9
    stubs = [m for m in few.marks if isinstance(m, Group) and m.role == "node stub"]
    assert stubs
    hidden = sum(
        int(text.split()[1].replace(",", ""))
        for text in words(few)
        if text.startswith("… ") and "more nodes" in text
    )
    assert hidden + 9 == 2 * 5000 - 1


def test_depth_and_root_choose_a_part() -> None:
    tree = model(40, classes=2)
    assert len(nodes(draw(tree, max_depth=2))) == 7
    assert "t0-n0" not in nodes(draw(tree, root=2))
    assert len(nodes(draw(tree, max_depth=0))) == 1


def test_a_tree_of_a_forest_says_which_it_is() -> None:
    scene = draw(model([5, 7, 9], classes=2), tree=1)
    assert "tree 1 of 3" in words(scene)
    assert len(nodes(scene)) == 13


def test_a_chain_of_a_thousand_splits_is_drawn_in_every_form() -> None:
    chain = model(1000, classes=2, shape="chain")
    for form in ("plain", "compact", "icicle"):
        assert draw(chain, form=form).height > 500  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"tree": 3}, "there is no tree 3; --tree takes 0 to 2"),
        ({"tree": -1}, "no tree -1"),
        ({"tree": 0, "root": 99}, "tree 0 has no node 99; --root takes 0 to 8"),
        ({"max_depth": -1}, "--max-depth is -1"),
        ({"max_nodes": 0}, "--max-nodes is 0"),
        ({"show": ("colour",)}, "no fact 'colour' to show"),
        ({"output": 1}, "no target 1"),
        ({"highlight": ("77",)}, "tree 0 has no such node"),
        ({"highlight": ("1,2",)}, "has 2 values for 6 features"),
        ({"highlight": ("agee=3",)}, "no feature 'agee'; did you mean 'age'"),
        ({"highlight": ("age=old",)}, "'old' is no value of 'age'"),
    ],
)
def test_what_is_not_there_is_one_clear_sentence(options: Any, complaint: str) -> None:
    with pytest.raises(OptionError, match=complaint):
        draw(model([5, 6, 7], classes=2), **options)


def test_a_graph_is_no_tree() -> None:
    with pytest.raises(OptionError, match="draws decision trees, and this model is a graph"):
        draw(Model(Graph(), source="x"))


def path_marks(scene: Scene) -> list[Rect | Path]:
    """What marks a node: a border of its card, a ring around its pie, a border of its tile."""
    groups = [m for m in scene.marks if isinstance(m, Group)]
    inside = [m for group in groups for m in flatten(group.marks) if m.role == "path"]
    return [*inside, *(m for m in scene.marks if isinstance(m, Rect) and m.role == "path")]


@pytest.mark.parametrize("form", ["fancy", "plain", "compact", "icicle"])
def test_the_way_of_a_row_is_marked_from_the_root_to_its_leaf(form: Any) -> None:
    forest = grown(20, classes=2, seed=3)
    row = [3.0] * 6
    node, way = 0, [0]
    while forest.yes[node] >= 0:
        is_met = row[forest.feature[node]] <= forest.threshold[node]
        node = int(forest.yes[node] if is_met else forest.no[node])
        way.append(node)
    for text in (", ".join(map(str, row)), str(node), f"t0/n{node}"):
        scene = draw(Model(forest, "test", "x"), form=form, highlight=(text,))
        assert len(path_marks(scene)) == len(way)
    named = ", ".join(f"{name}=3" for name in forest.feature_names)
    scene = draw(Model(forest), form=form, highlight=(named,))
    assert len(path_marks(scene)) == len(way)
    assert problems(scene) == []


def test_facts_are_shown_as_asked() -> None:
    tree = model(4, classes=2, gain=[0.5] * 7)
    text = " ".join(words(draw(tree, show=("id", "proportion", "gain", "impurity"))))
    assert "#0 · 100%" in text
    assert "gain 0.5" in text
    assert " n " not in text
    assert "n 40" in " ".join(words(draw(tree)))


def test_missing_values_are_said_at_the_line_they_take() -> None:
    def labels(**options: Any) -> list[str]:
        missing = [1, 0, -1, -1, -1]
        tree = model(3, classes=2, missing=missing, shape="chain", **options)
        scene = draw(tree, show=("missing", "class"))
        return [m.text for m in scene.marks if isinstance(m, Text) and m.role == "label"]

    assert labels() == ["yes, missing", "no", "yes", "no, missing"]
    assert labels(missing_kind=[2, 0, 0, 0, 0]) == ["yes", "no", "yes", "no, missing"]


def test_every_kind_of_test_is_worded_as_the_library_means_it() -> None:
    kinds = (
        Condition.LE, Condition.LT, Condition.GE, Condition.GT, Condition.EQ, Condition.NE,
        Condition.IN, Condition.NOT_IN, Condition.TRUE, Condition.MISSING, Condition.OBLIQUE,
        Condition.IN,
    )  # fmt: skip
    splits = len(kinds)
    # A chain: the split number k is node 2k, its leaf 2k + 1.
    is_split = [node % 2 == 0 and node < 2 * splits for node in range(2 * splits + 1)]
    thresholds = [1.0000000180025095e-35, 2.449999988079071, -1234.5, 7.0, 3.0, 4.0]
    lists = {6: (0, 1, 9), 7: (2,), 11: (0, 1, 2, 3, 4, 5)}
    lengths = [len(lists.get(node // 2, ())) * is_split[node] for node in range(len(is_split))]
    terms = [3 * (node == 20) for node in range(len(is_split))]
    forest = Forest(
        starts=[0, len(is_split)],
        yes=[node + 1 if split else -1 for node, split in enumerate(is_split)],
        no=[node + 2 if split else -1 for node, split in enumerate(is_split)],
        condition=[kinds[n // 2] if split else Condition.LEAF for n, split in enumerate(is_split)],
        feature=[0 if split else -1 for split in is_split],
        threshold=[(thresholds + [0.0] * splits)[node // 2] for node in range(len(is_split))],
        value=[[0.5]] * len(is_split),
        category_starts=list(accumulate(lengths, initial=0)),
        categories=[item for listed in lists.values() for item in listed],
        oblique_starts=list(accumulate(terms, initial=0)),
        oblique_features=[0, 1, 2],
        oblique_weights=[0.5, -2.0, 1.0],
        feature_names=("colour", "size"),
        category_names={0: ("red", "green", "blue", "grey", "pink", "teal")},
    )
    said = [
        text
        for text in words(draw(Model(forest), form="plain"))
        if text not in ("yes", "no", "+0.5", "leaf", "score")
    ]
    assert said[:splits] == [
        "colour ≤ 0",
        "colour < 2.45",
        "colour ≥ −1,234.5",
        "colour > 7",
        "colour = 3",
        "colour ≠ 4",
        "colour in {red, green, 9}",
        "colour is not blue",
        "colour is true",
        "colour is missing",
        "0.5·colour − 2·size + 1 more ≥ 0",
        "colour in {red, green, blue, grey, +2}",
    ]


def test_the_colour_says_the_class_and_how_pure_it_is() -> None:
    forest = grown(2, classes=2).value.copy()
    forest[:] = [[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]]
    scene = draw(model(2, classes=2, value=forest), form="plain")
    fills = [m.role.split()[1] for m in flatten(scene.marks) if m.role[:5] in ("split", "leaf ")]
    assert fills[-3:] == ["class-0-1", "class-0-8", "class-1-5"]


def test_scores_lie_on_either_side_of_zero() -> None:
    value = [[0.0], [-2.0], [4.0]]
    scene = draw(model(2, kind="score", value=value), form="plain")
    fills = [m.role.split()[1] for m in flatten(scene.marks) if m.role[:5] in ("split", "leaf ")]
    assert fills == ["card", "below-16", "above-31"]
    assert {"−2", "+4", "0"} <= set(words(scene))


def test_the_areas_of_pies_go_with_their_rows() -> None:
    tree = model(3, classes=2, shape="chain", samples=[100, 50, 50, 40, 10], weight=None)
    wide = {}
    for group in draw(tree).marks:
        if isinstance(group, Group):
            for mark in group.marks:
                if isinstance(mark, Path) and mark.role == "pie":
                    left, _, right, _ = area_of(mark)
                    wide[group.id] = right - left
    assert wide["t0-n3"] ** 2 / wide["t0-n4"] ** 2 == pytest.approx(4, rel=0.02)
    assert wide["t0-n2"] == 48


def test_an_overview_of_many_nodes_runs_no_line_of_python_for_each() -> None:
    def lines(leaves: int) -> int:
        forest = Model(grown([leaves] * 40, classes=2, seed=1))
        return lines_run(lambda: draw(forest))

    assert lines(2000) < 2.2 * lines(250)


def test_a_narrow_stub_says_what_it_hides_in_two_lines() -> None:
    lines = Line("n 20 · … no stub", False).broken()
    assert [line.text for line in lines] == ["n 20", "… no stub"]
    lines = Line("… 1,234 more nodes, 617 leaves", False).broken()
    assert [line.text for line in lines] == ["… 1,234 more nodes,", "617 leaves"]


def test_an_icicle_draws_what_can_be_seen_alone() -> None:
    scene = draw(model(20000, classes=2, seed=2))
    shown = int(next(t for t in words(scene) if "thinner" in t).split()[0].replace(",", ""))
    assert 500 < shown < 20000
    assert problems(scene) == []


def test_an_icicle_is_as_wide_as_leaves_where_no_rows_are_stated_however_deep() -> None:
    deep = model(20000, shape="chain", samples=None, weight=None)
    forest = deep.body
    assert isinstance(forest, Forest)
    nodes_below = sizes(forest, 0)
    assert sorted(nodes_below, reverse=True) == [*range(20000, 1, -1), *[1] * 20000]
    inner = np.flatnonzero(forest.yes >= 0)
    together = nodes_below[forest.yes[inner]] + nodes_below[forest.no[inner]]
    assert (nodes_below[inner] == together).all()
    assert sizes(grown([40], seed=4, samples=None, weight=None), 0)[0] == 40
    scene = draw(deep)
    assert any("below row 1,000 or thinner than a line" in text for text in words(scene))
    assert scene.height < 3200


def test_a_tree_of_too_many_leaves_for_a_form_is_refused() -> None:
    large = model(25_001, shape="chain")
    for form in ("fancy", "plain", "compact"):
        with pytest.raises(OptionError, match="would show 25,001 leaves"):
            draw(large, form=form)  # type: ignore[arg-type]
    assert draw(large, form="plain", max_nodes=31).height > 100


def test_hostile_names_stay_on_one_line_and_in_their_card() -> None:
    names = ("a\nb\x00<script>", "x" * 5000, "\u202eevil", "", 'R&D "x"', "]]>")
    tree = model(9, classes=3, feature_names=names, class_names=(("", "y" * 900, "\n"),))
    for form in ("fancy", "plain", "compact", "icicle"):
        assert problems(draw(tree, form=form)) == []  # type: ignore[arg-type]
    assert problems(draw(model([9] * 5, classes=3, feature_names=names))) == []


def test_values_that_are_not_stated_are_drawn_as_cards_without_colour() -> None:
    nothing = float("nan")
    value = [[nothing], [0.5], [-0.5]]
    scene = draw(model(2, kind="score", value=value, samples=None, weight=None, impurity=None))
    assert problems(scene) == []
    assert any(m.role == "split card" for m in flatten(scene.marks))


def test_a_tree_with_the_mean_answer_in_it_stretches_no_scale() -> None:
    """LightGBM adds the mean of the target to the leaves of its first tree."""
    forest = grown([6, 6, 6], seed=2, kind="score")
    value = forest.value.copy()
    value[forest.rows(0)] = value[forest.rows(0)] / 10 + 150
    own = replace(forest, value=value)
    fills = fills_of(own)
    rest = value[forest.rows(1).start :][forest.is_leaf[forest.rows(1).start :]]
    assert (fills.kind, fills.high) == ("score", rest.max())
    first = fills_of(own, tree=0)
    leaves = value[forest.rows(0)][forest.is_leaf[forest.rows(0)]]
    assert (first.kind, first.low, first.high) == ("value", leaves.min(), leaves.max())
    assert len({first.fill(row) for row in leaves.tolist()}) > 3
    assert fills_of(own, tree=1) == fills
    assert problems(draw(Model(own, "test", "x"), tree=0)) == []
