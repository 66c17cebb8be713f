"""What every view must do."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import pytest
from conftest import small_model
from samples import each_sample, loaded

from archviz import api
from archviz.errors import OptionError
from archviz.ir import Forest, Graph, Model
from archviz.scene import Path as PathMark
from archviz.scene import Rect, Scene, Text, flatten
from archviz.theme import load_theme, theme_names
from archviz.views import VIEWS, View

each_view = pytest.mark.parametrize("view", list(VIEWS.builtin()), ids=lambda view: view.name)


def check(scene: Scene) -> None:
    """Everything is drawn in finite places inside the page, in roles that every theme has."""
    themes = [load_theme(name) for name in theme_names()]
    slack = 1.0
    for mark in flatten(scene.marks):
        for theme in themes:
            theme.style(mark.role)
        match mark:
            case Rect():
                corners = [(mark.x, mark.y), (mark.x + mark.width, mark.y + mark.height)]
            case Text():
                corners = [(mark.x, mark.y)]
                if not mark.rotation:
                    corners += [(mark.left, mark.y), (mark.left + mark.width, mark.y)]
            case PathMark():
                numbers = [value for segment in mark.outline for value in segment[1:]]
                assert all(isinstance(value, float | int) for value in numbers)
                pairs = zip(numbers[::2], numbers[1::2], strict=True)
                corners = [(float(x), float(y)) for x, y in pairs]  # type: ignore[arg-type]
        for x, y in corners:
            assert math.isfinite(x)
            assert math.isfinite(y)
            assert -slack <= x <= scene.width + slack, mark
            assert -slack <= y <= scene.height + slack, mark
    assert scene.title
    assert scene.description


def suits(view: View, model: Model) -> bool:
    """Whether the view draws the model; if not, it has to say so."""
    if view.prepared == "operations":
        with contextlib.suppress(OptionError):
            return bool(view.draw(model))
        with pytest.raises(OptionError, match=r"^[^\n]*--style node-link$"):
            view.draw(model)
        return False
    if view.consumes == "graph" or isinstance(model.body, Forest):
        return True
    with pytest.raises(OptionError, match="this model is a graph"):
        view.draw(model)
    return False


@each_view
@pytest.mark.parametrize("depth", [0, 1, "all"])
def test_a_view_draws_inside_the_page_in_roles_that_themes_have(view: View, depth: int) -> None:
    model = api.prepare(small_model(), depth=depth)
    if suits(view, model):
        check(view.draw(model))


@each_sample
@each_view
def test_a_view_draws_samples_and_twice_the_same(view: View, sample: Path) -> None:
    model = api.prepare(loaded(sample))
    if not suits(view, model):
        return
    scene = view.draw(model)
    check(scene)
    assert view.draw(model) == scene


@each_view
def test_a_view_draws_an_empty_model(view: View) -> None:
    model = Model(Graph(), source="empty.test")
    if not suits(view, model):
        return
    scene = view.draw(model)
    assert scene.width > 0
    assert scene.height > 0
