"""Options sorted by who takes them: the overlay, the style, the format, and the importer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archviz.errors import OptionError
from archviz.options import bind, nearest, options_of
from archviz.overlays import Overlay
from archviz.renderers import RENDERERS, Renderer
from archviz.views import VIEWS, View


def options_for(
    overlay: Overlay | None, options: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Options that the overlay takes, and the rest."""
    known = options_of(overlay.prepare) if overlay is not None else {}
    over = {key: value for key, value in options.items() if key.replace("_", "-") in known}
    return over, {key: value for key, value in options.items() if key not in over}


def split_options(
    options: Mapping[str, object], renderer: Renderer, style: str, drawing: Iterable[str] | None
) -> tuple[dict[str, object], dict[str, Any]]:
    """Options that the view or the renderer takes, and the rest, which the importer gets.

    Args:
        options: What was given by name.
        renderer: The format.
        style: The style's name; "" for any.
        drawing: Names of the other options of a drawing when no importer gets the rest.

    Raises:
        OptionError: There is a rest, and nobody takes it.
    """
    known = options_of(renderer.render)
    if renderer.consumes == "graph":
        from archviz.analysis.tree_graph import graph_of_trees

        known = known | options_of(graph_of_trees)
    if renderer.consumes == "scene" and options:
        for view in [VIEWS.get(style)] if style else VIEWS.all():
            known = known | options_of(view.draw)
    ours = {key: value for key, value in options.items() if key.replace("_", "-") in known}
    rest = {key: value for key, value in options.items() if key not in ours}
    if rest and drawing is not None:
        name = next(iter(rest))
        own = name.replace("_", "-")
        formats = [r.name for r in RENDERERS.all() if own in options_of(r.render)]
        if formats:
            raise OptionError(
                f"the format {renderer.name!r} has no option {own!r}",
                f"leave it out, or write {' or '.join(formats)}",
            )
        everything = dict.fromkeys([*drawing, *known])
        raise OptionError(f"render has no option {name!r}", nearest(name, everything))
    return ours, rest


def check_options(options: Mapping[str, object], view: View, renderer: Renderer) -> None:
    """Checks that the style that a model decided for takes what was given for some style.

    Raises:
        OptionError: It does not.
    """
    known = options_of(view.draw) | options_of(renderer.render)
    for name in options:
        own = name.replace("_", "-")
        if own not in known:
            hint = nearest(name, known)
            if own in options_of(VIEWS.get("tree").draw):
                hint = "pictures of decision trees have it; --focus NODE draws those of a node"
            elif own in options_of(VIEWS.get("layered").draw):
                hint = "figures for papers have it; draw one with --style layered"
            raise OptionError(f"the style {view.name!r} has no option {own!r}", hint)


def fitting(function: Any, settings: Mapping[str, object], owner: str) -> dict[str, Any]:
    """Keyword arguments for ``function`` of those settings that it has."""
    known = options_of(function)
    return bind(
        function, {k: v for k, v in settings.items() if k.replace("_", "-") in known}, owner
    )
