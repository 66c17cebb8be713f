"""Models in notebooks: one bundle of forms, of which each program shows the one that it prefers.

Pages show ``text/html``: the interactive page in a frame of its own, above an image that sanitizers
let through, or the image alone where the model is large or its drawing has a style. Nothing leaks
between either and the notebook, and they are dark where the notebook says that it is. LaTeX takes
``application/pdf``, programs without HTML a PNG or the SVG. Words are made when they are asked for
alone, since Quarto would show them in place of the picture on paper. The protocol:
ipython.readthedocs.io, "Integrating your objects with IPython".
"""

from __future__ import annotations

import importlib
import logging
import struct
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from archviz.api import compose, load, summary
from archviz.errors import OptionError
from archviz.figure.page import BELOW, framed, image
from archviz.figure.settings import drawing_names, fitting
from archviz.ir import Graph, Model
from archviz.options import nearest
from archviz.output import Rendering, encode

MOST_NODES = 20_000
"""Models with more nodes show themselves as text alone."""

MOST_BYTES = 2_000_000
"""An interactive page that is larger is left out; the notebook keeps what its outputs hold."""

_OF_PAGES = {"depth", "focus", "hide", "passes", "raw", "shapes", "theme"}
"""Settings that mean to an interactive page what they mean to a picture."""

_NONE: Mapping[str, Any] = MappingProxyType({})

Bundle = tuple[dict[str, str], dict[str, Any]]

logger = logging.getLogger(__name__)


class Picture:
    """A model with the settings that it is drawn with, which a notebook shows as a picture.

    Args:
        model: What to draw.
        settings: Those of :func:`archviz.render`.
        live: What the model was made from, for overlays, which look at that.
        reading: Options of the importer, for the same.
        interactive: Whether pages show the interactive page; None decides by model and settings.
    """

    def __init__(
        self,
        model: Model,
        settings: Mapping[str, Any] = _NONE,
        live: object = None,
        reading: Mapping[str, Any] = _NONE,
        interactive: bool | None = None,
    ) -> None:
        self.interactive = interactive
        self.model = model
        self.settings = settings
        self.live = live
        self.reading = reading

    def __repr__(self) -> str:
        return f"Picture of {self.model.source!r}"

    @cached_property
    def svg(self) -> Rendering:
        """The picture as SVG, drawn when it is first asked for."""
        return self._composed("svg")

    def _composed(self, format: str) -> Rendering:
        settings = fitting(self.settings, format)
        if settings.get("overlay"):
            return compose(self.live or self.model, format=format, **self.reading, **settings)
        return compose(self.model, format=format, **settings)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> Bundle:
        """The forms by MIME type, and what is to be known of them.

        Args:
            include: The only forms to make, "text/markdown" and "image/svg+xml" among them; None
                for those that programs show by themselves.
            exclude: Forms to leave out.
        """
        pixels = "image/png" if find_spec("resvg_py") else "image/svg+xml"
        wanted = include or ("text/html", "application/pdf", pixels, "text/plain")
        is_drawn = len(self.model.graph.nodes) <= MOST_NODES
        data: dict[str, str] = {}
        facts: dict[str, Any] = {}
        for type_ in [name for name in FORMS if name in wanted and name not in (exclude or ())]:
            if not is_drawn and type_ != "text/plain":
                continue
            try:
                data[type_] = FORMS[type_](self)
            except Exception:  # a notebook must show something whatever is wrong
                logger.debug("cannot display %s", self.model.source, exc_info=True)
        if "image/png" in data:
            facts["image/png"] = _size(data["image/png"], self.settings.get("scale", 2))
        if not data:
            data["text/plain"] = f"Model {self.model.source!r}"
        return data, facts

    def _html(self) -> str:
        svg, alt = encode(self.svg.content), self.svg.caption
        page = self._page()
        return framed(page, image(svg, alt, look=BELOW), alt) if page else image(svg, alt)

    def _page(self) -> str:
        """The interactive page; "" where it does not say what was asked for, or is too large."""
        suits = isinstance(self.model.body, Graph) and self.settings.keys() <= _OF_PAGES
        if not (suits if self.interactive is None else self.interactive):
            return ""
        page = str(self._composed("html").content)
        return page if self.interactive or len(page) <= MOST_BYTES else ""

    def _markdown(self) -> str:
        return str(self._composed("markdown").content)

    def _plain(self) -> str:
        return str(summary(self.model))

    def _pdf(self) -> str:
        return b64encode(encode(self._composed("pdf").content)).decode()

    def _png(self) -> str:
        return b64encode(encode(self._composed("png").content)).decode()

    def _vectors(self) -> str:
        return str(self.svg.content)


FORMS: dict[str, Callable[[Picture], str]] = {
    "text/html": Picture._html,
    "image/svg+xml": Picture._vectors,
    "image/png": Picture._png,
    "application/pdf": Picture._pdf,
    "text/markdown": Picture._markdown,
    "text/plain": Picture._plain,
}
"""What a picture can be, by MIME type."""


def _size(png: str, scale: float) -> dict[str, int]:
    """Width and height in CSS pixels, as the file's first chunk has them in pixels."""
    width, height = struct.unpack(">II", b64decode(png[:64])[16:24])
    return {"width": round(width / scale), "height": round(height / scale)}


def show(
    target: object,
    args: tuple[object, ...] = (),
    kwargs: Mapping[str, object] | None = None,
    *,
    importer: str = "",
    interactive: bool | None = None,
    **options: Any,
) -> Picture | None:
    """Shows a model in a notebook, drawn as the options say.

    Args:
        target: A Model, or what :func:`archviz.load` takes.
        args: Positional arguments for a live model that is called to see what it does.
        kwargs: Named arguments for it.
        importer: Name of the importer when ``target`` is no Model; "" finds it.
        interactive: Whether it can be searched, opened and closed; None leaves that to the model
            and to the options, since an interactive page has a style of its own.
        **options: Those of :func:`archviz.render`, and of the importer.

    Returns:
        Nothing in a notebook; elsewhere a value that a notebook can show.

    Raises:
        ArchvizError: The model cannot be read or drawn.
    """
    known = drawing_names()
    drawn = {name: value for name, value in options.items() if name.replace("_", "-") in known}
    rest = {name: value for name, value in options.items() if name not in drawn}
    if isinstance(target, Model) and rest:
        name = next(iter(rest))
        raise OptionError(f"show has no option {name!r}", nearest(name, sorted(known)))
    if isinstance(target, Model):
        picture = Picture(target, drawn, interactive=interactive)
    else:
        given = {"args": args, "kwargs": kwargs or {}, "importer": importer}
        reading = {name: value for name, value in given.items() if value} | rest
        model = load(target, args, kwargs, importer=importer, **rest)
        picture = Picture(model, drawn, target, reading, interactive)
    _ = picture.svg  # drawn now, so that what is wrong is told
    display = _display()
    if display is None:
        return picture
    display(picture)
    return None


def _display() -> Callable[[object], object] | None:
    """What shows a value in this notebook; None elsewhere."""
    ipython = sys.modules.get("IPython")
    running = ipython.get_ipython() if ipython else None
    if running is None or not hasattr(running, "kernel"):
        return None
    found: Callable[[object], object] = importlib.import_module("IPython.display").display
    return found
