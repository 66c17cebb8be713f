"""Options of figures: the text of a document as arguments of :mod:`archviz.api`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from archviz import api
from archviz.analysis.tree_graph import graph_of_trees
from archviz.errors import OptionError
from archviz.importers import IMPORTERS
from archviz.options import bind, nearest, options_of, parse_bindings
from archviz.overlays import OVERLAYS
from archviz.renderers import RENDERERS
from archviz.views import VIEWS

Options = Mapping[str, tuple[str, ...]]
"""Values by name; an option without a value has one that is empty."""

_RENAMED = {"from": "importer", "pass": "passes", "shape": "bindings"}
"""Options whose name on the command line is not the parameter's."""

_OWN = ("format", "args", "bindings", "passes", "importer")
"""Parameters that documents do not set, or set by another name."""

_COMMAS = re.compile(r"((?:\w+=)?(?:\w+:)?)(\d+(?:\s*,\s*\d+)+)")


@cache
def names() -> frozenset[str]:
    """Every option that some figure can have, as on the command line."""
    reading = {name for importer in IMPORTERS.all() for name in options_of(importer.read)}
    return (drawing_names() | reading).difference(_OWN).union(_RENAMED)


@cache
def drawing_names() -> frozenset[str]:
    """Options of the drawing; what else a figure has is the importer's."""
    functions: list[Callable[..., object]] = [api.compose, graph_of_trees]
    functions += [overlay.prepare for overlay in OVERLAYS.all()]
    functions += [view.draw for view in VIEWS.all()]
    functions += [renderer.render for renderer in RENDERERS.all()]
    return frozenset(name for function in functions for name in options_of(function))


def check(options: Options) -> None:
    """Refuses what no figure can have.

    Raises:
        OptionError: There is no such option.
    """
    for name in options:
        if name not in names():
            raise OptionError(f"figures have no option {name!r}", nearest(name, sorted(names())))


def arguments(options: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of :func:`archviz.api.load` and of :func:`archviz.api.compose`.

    Raises:
        OptionError: A value does not fit.
    """
    loaded: dict[str, Any] = {}
    drawn: dict[str, Any] = {}
    for name, values in options.items():
        if name == "width" and values[-1].endswith("%"):
            continue  # of the page, so that it is the document that it is for
        key = _RENAMED.get(name, name.replace("-", "_"))
        value = _value(name, values)
        if key == "importer" or name not in drawing_names() | {"pass"}:
            loaded[key] = value
        else:
            drawn[key] = value
    ours = {name: value for name, value in drawn.items() if name in _parameters()}
    return loaded, {**drawn, **bind(api.compose, ours, "a figure")}


@cache
def _parameters() -> frozenset[str]:
    return frozenset(name.replace("-", "_") for name in options_of(api.compose))


def fitting(drawn: Mapping[str, Any], format: str) -> dict[str, Any]:
    """Those of the arguments of ``compose`` that mean something to ``format``."""
    renderer = RENDERERS.get(format)
    functions: list[Callable[..., object]] = [renderer.render]
    is_annotated = renderer.consumes == "scene" or renderer.is_annotated
    if renderer.consumes == "scene":
        functions += [view.draw for view in VIEWS.all()]
    if is_annotated:
        functions += [overlay.prepare for overlay in OVERLAYS.all()]
    if renderer.consumes == "graph":
        functions.append(graph_of_trees)
    taken = {name.replace("-", "_") for function in functions for name in options_of(function)}
    known = taken | _parameters()
    if not is_annotated:
        known.discard("overlay")
    found = {name: value for name, value in drawn.items() if name in known}
    if format == "pdf" and not found.keys() & {"width", "fit", "columns"}:
        found["fit"] = "page"
    return found


def _value(name: str, values: tuple[str, ...]) -> object:
    if name == "input":
        return tuple(_with_x(value) for value in values)
    if name == "shape":
        return parse_bindings(values)
    if name in ("hide", "highlight", "pass"):
        return values
    if len(values) > 1:
        raise OptionError(f"the option {name!r} is given {len(values)} times", "give it once")
    # An option without a value is a flag.
    return values[0] or "true"


def _with_x(text: str) -> str:
    """An input's shape as importers read it, also when it is written with commas."""
    found = _COMMAS.fullmatch(text.strip())
    return found[1] + re.sub(r"\s*,\s*", "x", found[2]) if found else text


def slug(target: str) -> str:
    """What a file is called that shows ``target``."""
    last = re.split(r"[/\\:]", target.rstrip("/\\"))[-1].removesuffix(".archviz.json")
    return re.sub(r"[^A-Za-z0-9]+", "-", last.partition(".")[0])[:40].strip("-") or "figure"
