"""Decision trees from the file to the picture: which style, which part, which options."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import small_model
from samples import FOLDER, loaded

import archviz
from archviz import api
from archviz.analysis.forest_summary import ForestSummary
from archviz.errors import OptionError
from archviz.ir import Forest

FOREST = FOLDER / "sklearn" / "iris_forest.joblib"
TREE = FOLDER / "sklearn" / "iris_tree.pkl"
PIPELINE = FOLDER / "sklearn" / "pipeline.joblib"


def svg(path: Path, **options: object) -> str:
    return str(archviz.render(loaded(path), **options))  # type: ignore[arg-type]


def test_a_forest_is_drawn_as_trees_unless_another_style_is_asked_for() -> None:
    assert "Splits by depth" in svg(FOREST)
    assert "petal" in svg(TREE)
    card = svg(FOREST, style="node-link")
    assert "RandomForestClassifier" in card
    assert "Splits by depth" not in card


def test_a_pipeline_says_what_its_trees_are_and_opens_them() -> None:
    whole = svg(PIPELINE)
    for text in ("StandardScaler", ">trees<", ">nodes<"):
        assert text in whole
    inside = svg(PIPELINE, focus="boosting")
    assert "StandardScaler" not in inside
    assert "Splits by depth" in inside
    assert svg(PIPELINE, focus="Pipeline/boosting", tree=0) == svg(
        PIPELINE, focus="boosting", tree=0
    )


def test_preparing_trees_leaves_them_as_they_are() -> None:
    assert isinstance(api.prepare(loaded(FOREST)).body, Forest)
    assert isinstance(api.prepare(loaded(PIPELINE), focus="boosting").body, Forest)


def test_an_option_of_another_style_is_refused_once_the_style_is_known() -> None:
    with pytest.raises(OptionError, match="the style 'node-link' has no option 'max-depth'"):
        archviz.render(small_model(), max_depth=3)
    with pytest.raises(OptionError, match=r"has no option 'data'; .* --focus NODE draws"):
        archviz.render(loaded(PIPELINE), data="rows.csv")
    with pytest.raises(OptionError, match="render has no option 'max_dpth'; did you mean 'max-d"):
        archviz.render(loaded(TREE), max_dpth=3)


def test_options_reach_the_style_from_a_path_as_from_a_model() -> None:
    assert archviz.render(TREE, max_depth=1) == svg(TREE, max_depth=1)
    assert archviz.render(TREE, max_depth="1") == svg(TREE, max_depth=1)


def test_one_path_alone_can_be_highlighted() -> None:
    assert svg(TREE, highlight="2") == svg(TREE, highlight=["2"])
    assert 'class="s-highlight"' in svg(TREE, highlight="2")


@pytest.mark.parametrize("theme", ["light", "dark", "print", "gray", "auto"])
def test_every_theme_draws_every_form(theme: str) -> None:
    for form in ("fancy", "plain", "compact", "icicle"):
        assert svg(TREE, theme=theme, form=form, show="missing,class,id").count("<g ") >= 8
    assert "<svg" in svg(FOREST, theme=theme)


@pytest.mark.parametrize("format", ["pdf", "tikz"])
def test_trees_are_written_for_papers(format: str) -> None:
    for path in (TREE, FOREST):
        assert len(archviz.render(loaded(path), format=format, theme="gray")) > 2000  # type: ignore[arg-type]


def test_the_summary_of_trees_tells_their_sizes_and_importances() -> None:
    found = archviz.summary(loaded(FOREST))
    assert isinstance(found, ForestSummary)
    forest = loaded(FOREST).body
    assert isinstance(forest, Forest)
    assert (found.trees, found.nodes) == (forest.tree_count, forest.node_count)
    assert sum(share for _, share in found.importances) == pytest.approx(1, abs=1e-4)
    assert found.to_json()["measure"] == "impurity"
    assert "classes     setosa, versicolor, virginica" in str(found)


def test_the_same_trees_give_the_same_bytes() -> None:
    for path in (FOREST, TREE):
        assert svg(path, width="85mm") == svg(path, width="85mm")
