"""Pictures tell of rows how many there are, and without counts not even that.

Each test changes the rows, or the numbers of rows, in a way that must not be seen, and asks for the
same picture: what is not a function of a secret cannot tell it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tree_models import grown

from archviz import api
from archviz.analysis.tree_counts import ANSWER_BINS, evidence, outwards, splits_of, step_of
from archviz.analysis.tree_rows import rows_for
from archviz.ir import Forest, Model
from archviz.ir.forest.routing import leaves_of
from archviz.scene import Text, flatten
from archviz.views.tree import draw, space
from archviz.views.tree.space import DOTS

FORMS = ("fancy", "plain", "compact", "icicle", "leaves", "space")


def picture(forest: Forest, suffix: str = "svg", **options: Any) -> str:
    return str(api.render(Model(forest, "test", "x"), format=suffix, **options))


def borders(forest: Forest, data: Any, target: Any) -> list[Any]:
    """For each feature, all places at which a value that crosses one may be told apart."""
    found = evidence(forest, 0, rows_for(forest, data, target))
    places: list[list[float]] = [[] for _ in range(data.shape[1])]
    for node, counted in splits_of(forest, found, np.flatnonzero(forest.yes >= 0)).items():
        places[int(forest.feature[node])] += counted.edges
    for feature, listed in enumerate(places):
        low, high = (float(end(data[:, feature])) for end in (np.min, np.max))
        step = step_of(low, high)
        listed += (np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step).tolist()
        own = forest.threshold[forest.feature == feature]
        pad = (own.max() - own.min()) * 0.12 or 1.0 if len(own) else 1.0
        if len(own):
            low, high = min(low, own.min() - pad), max(high, own.max() + pad)
        more = (high - low) * 0.02 or 0.5
        low, high = outwards(low - more, high + more)
        listed += np.linspace(low, high, DOTS + 1).tolist()
    return [np.unique(listed) for listed in places]


def moved(values: Any, edges: Any, source: np.random.Generator) -> Any:
    """Each value somewhere else between the same two edges; the least and the most stay."""
    place = np.searchsorted(edges, values)
    low, high = edges[place - 1], edges[place]
    found = low + (high - low) * source.uniform(0.05, 0.95, len(values))
    ends = [values.argmin(), values.argmax()]
    found[ends] = values[ends]
    return found


@pytest.mark.parametrize("kind", ["classes", "numbers", "no target"])
@pytest.mark.parametrize("form", FORMS)
def test_rows_that_lie_in_the_same_bins_give_the_same_picture(form: str, kind: str) -> None:
    source = np.random.default_rng(7)
    classes = 3 if kind == "classes" else 0
    forest = grown(14, classes=classes, seed=5)
    data = source.uniform(-1, 7, (160, 6))
    target = source.integers(0, 3, 160) if classes else source.uniform(20, 280, 160)
    if kind == "numbers":
        # Pairs of a leaf move towards each other, so that the means stay.
        low, high = outwards(float(target.min()), float(target.max()))
        bins = np.floor((target - low) / (high - low) * ANSWER_BINS)
        other = target.copy()
        leaves = leaves_of(forest, data)[:, 0]
        for key in {*zip(leaves.tolist(), bins.tolist(), strict=True)}:
            own = np.flatnonzero((leaves == key[0]) & (bins == key[1]))
            own = own[~np.isin(own, (target.argmin(), target.argmax()))][:2]
            if len(own) == 2:
                gap = (target[own[1]] - target[own[0]]) / 5
                other[own] += [gap, -gap]
        assert (other != target).sum() > 20
    else:
        other = target
    given: dict[str, Any] = {} if kind == "no target" else {"y": target}
    changed: dict[str, Any] = {} if kind == "no target" else {"y": other}
    edges = borders(forest, data, target)
    for _ in range(2):
        rows = np.stack([moved(data[:, k], edges[k], source) for k in range(6)], 1)
        assert (rows != data).mean() > 0.9
        assert (leaves_of(forest, rows) == leaves_of(forest, data)).all()
        for suffix in ("svg", "tikz"):
            first = picture(forest, suffix, data=data, form=form, **given)
            assert first == picture(forest, suffix, data=rows, form=form, **changed)


def test_the_ends_of_axes_are_no_row_s_values() -> None:
    source = np.random.default_rng(3)
    forest = grown(14, seed=5)
    data, target = source.normal(37.123, 5.4, (150, 6)), source.normal(1234.56, 99.9, 150)
    spans = [*(counted.range for counted in _splits(forest, data, target))]
    ends = {end for span in spans for end in (span.low, span.high)} - {*forest.threshold.tolist()}
    assert len(spans) > 5
    assert ends.isdisjoint({*data.ravel().tolist(), *target.tolist()})
    assert all(float(f"{end:.3g}") == pytest.approx(end) for end in ends)
    middle = space._middle(forest, _plots(forest, data, target))
    assert {*middle.tolist()}.isdisjoint({*data.ravel().tolist()})


def _splits(forest: Forest, data: Any, target: Any) -> list[Any]:
    found = evidence(forest, 0, rows_for(forest, data, target))
    return [*splits_of(forest, found, np.flatnonzero(forest.yes >= 0)).values()]


def _plots(forest: Forest, data: Any, target: Any) -> Any:
    from archviz.views.tree.plots import Plots

    return Plots(forest, 0, rows_for(forest, data, target))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 0.0), (37.123, 37.123), (-1e308, 1e308), (0.0, 5e-324), (1e16, 1e16 + 2)],
)
def test_round_ends_hold_what_they_are_of(low: float, high: float) -> None:
    found = outwards(low, high)
    assert np.isfinite(found).all()
    assert found[0] <= low
    assert found[1] >= high or found[1] == pytest.approx(high)


@pytest.mark.parametrize("suffix", ["svg", "tikz"])
def test_columns_that_are_no_features_are_nowhere(suffix: str, tmp_path: Path) -> None:
    """A file of people has more columns than a model looks at."""
    source = np.random.default_rng(1)
    forest = grown(9, classes=2, seed=4)
    data, target = source.uniform(-1, 7, (40, 6)).round(2), source.integers(0, 2, 40)
    names = [*forest.feature_names, "surname", "income", "kind"]
    lines = [",".join(f'"{name}"' for name in names)]
    for index, (row, answer) in enumerate(zip(data.tolist(), target.tolist(), strict=True)):
        more = [f"Canary{index}", str(7_654_321 + index), f"class {answer}"]
        lines.append(",".join([*map(str, row), *more]))
    path = tmp_path / "secret folder" / "people.csv"
    path.parent.mkdir()
    path.write_text("\n".join(lines), encoding="utf-8")
    said = picture(forest, suffix, data=str(path), y="kind")
    assert "anary" not in said
    assert "76543" not in said.replace(",", "")
    assert "surname" not in said
    assert "secret" not in said
    assert str(tmp_path) not in said


def scaled(forest: Forest, source: np.random.Generator) -> Forest:
    """The same shares and answers, to the last bit, of other numbers of rows."""
    assert forest.samples is not None
    times = 2.0 ** source.integers(1, 5, forest.node_count)
    value = forest.value * times[:, None] if forest.value_kind == "count" else forest.value
    return replace(forest, samples=forest.samples * times, weight=forest.weight * 2, value=value)


@pytest.mark.parametrize("form", [*FORMS, "overview", "auto"])
@pytest.mark.parametrize("kind", ["count", "fraction", "mean", "score"])
@pytest.mark.parametrize("leaves", [12, [7, 9, 8]], ids=["tree", "forest"])
def test_without_counts_other_numbers_of_rows_give_the_same_picture(
    form: str, kind: str, leaves: int | list[int]
) -> None:
    source = np.random.default_rng(2)
    forest = grown(leaves, classes=3 if kind in ("count", "fraction") else 0, kind=kind, seed=3)
    options: dict[str, Any] = {"form": form}
    if form not in ("overview", "auto"):
        options["tree"] = 0
    for suffix in ("svg", "tikz"):
        told = picture(forest, suffix, **options)
        first = picture(forest, suffix, counts=False, **options)
        assert picture(scaled(forest, source), suffix, counts=False, **options) == first
        if form != "space":
            assert picture(scaled(forest, source), suffix, **options) != told


@pytest.mark.parametrize("form", FORMS)
def test_without_counts_data_of_any_size_give_the_same_picture(form: str) -> None:
    forest = grown(12, classes=3, seed=3)
    source = np.random.default_rng(2)
    few, many = (source.uniform(-1, 7, (count, 6)) for count in (40, 317))
    first = picture(forest, form=form, counts=False, data=few, y=source.integers(0, 3, 40))
    assert first == picture(
        forest, form=form, counts=False, data=many, y=source.integers(0, 3, 317)
    )
    assert first == picture(forest, form=form, counts=False)


@pytest.mark.parametrize("suffix", ["dot", "mermaid", "text", "html", "graphml"])
@pytest.mark.parametrize("kind", ["count", "fraction", "mean"])
def test_without_counts_no_other_format_tells_numbers_of_rows(kind: str, suffix: str) -> None:
    source = np.random.default_rng(2)
    forest = grown(12, classes=0 if kind == "mean" else 3, kind=kind, seed=3)
    other = scaled(forest, source)
    assert picture(other, suffix) != picture(forest, suffix)
    assert picture(other, suffix, counts=False) == picture(forest, suffix, counts=False)


def test_without_counts_bars_are_of_leaves() -> None:
    forest = grown(12, classes=3, kind="count", seed=3)
    scene = draw(Model(forest, "test", "x"), form="leaves", counts=False)
    said = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert "Leaves by the share of their most frequent class" in said
    assert not any("ows" in text for text in said)
