"""A Sphinx extension: the directive ``archviz`` draws a model where it stands.

    extensions = ["archviz.sphinx"]

The picture is an ordinary figure, so that captions, numbers, references and every builder work as
for any other: SVG for pages, PDF for LaTeX, words where there are no pictures. A model that cannot
be drawn gives a warning, and its sentence where the picture would be. What Sphinx offers
extensions: sphinx-doc.org, "Sphinx API".
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from archviz.errors import ArchvizError
from archviz.figure import FORMATS, TIME_LIMIT, Figure, Request, make
from archviz.figure.cache import version
from archviz.figure.page import BELOW, HEIGHT, framed, image
from archviz.figure.settings import names
from archviz.figure.words import plain
from archviz.options import nearest

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = logging.getLogger(__name__)

_LIGHT_ONLY = {
    "agogo", "alabaster", "bizstyle", "classic", "epub", "haiku", "nature", "nonav", "pyramid",
    "scrolls", "sphinx_rtd_theme", "sphinxdoc", "traditional",
}  # fmt: skip
"""Themes that stay light where the reader's system is dark, and do not say so."""

_DRAWABLE = ("image/svg+xml", "application/pdf")


def _align(argument: str) -> str:
    return directives.choice(argument, ("left", "center", "right"))


class _Options(dict[str, Any]):
    """Those of documents, and whatever a figure can have, which is found out when it is asked."""

    def __missing__(self, name: str) -> Callable[[str | None], str]:
        if name not in names():
            known = sorted({*names(), *self})

            def refuse(text: str | None) -> str:
                raise ValueError(f"there is no such option: {nearest(name, known)}")

            return refuse
        return lambda text: text or ""


class ModelFigure(SphinxDirective):
    """``.. archviz:: package.module:attribute`` or a file's path, with the options of render.

    The content is the caption, and a legend below it, as in ``figure``.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = _Options(
        {
            "align": _align,
            "alt": directives.unchanged,
            "caption": directives.unchanged_required,
            "class": directives.class_option,
            "fallback": directives.path,
            "height": directives.length_or_unitless,
            "interactive": directives.flag,
            "figclass": directives.class_option,
            "figwidth": directives.length_or_percentage_or_unitless,
            "name": directives.unchanged_required,
            "target": directives.unchanged_required,
        }
    )

    def run(self) -> list[nodes.Node]:
        """The figure, or the sentence that says why there is none."""
        picture: nodes.Element
        try:
            picture = self._picture(self._make())
        except ArchvizError as error:
            sentence = str(error)
            logger.warning(
                "%s", sentence, location=self.get_location(), type="archviz", subtype="figure"
            )
            self.env.note_reread()
            picture = nodes.literal_block(sentence, sentence, classes=["archviz"])
            picture["language"] = "text"
        self.set_source_info(picture)
        return [self._around(picture)]

    def _make(self) -> Figure:
        config = self.config
        given = {name: value for name, value in self.options.items() if name in names()}
        defaults = {name: str(value) for name, value in config.archviz_options.items()}
        if config.html_theme in _LIGHT_ONLY:
            defaults.setdefault("theme", "light")
        folder, target = self._place(self.arguments[0])
        fallback = self.options.get("fallback", "")
        request = Request(
            target,
            {name: tuple(text.split("\n")) for name, text in (defaults | given).items()},
            folder,
            os.path.join(*self._place(fallback)) if fallback else "",
            (*FORMATS, "html") if "interactive" in self.options else FORMATS,
        )
        cache = Path(config.archviz_cache or Path(self.env.doctreedir, "archviz"))
        found = make(request, self.env.srcdir / cache, time_limit=config.archviz_time_limit)
        for path in found.sources:
            self.env.note_dependency(os.path.abspath(path))
        if found.note:
            logger.info("archviz: %s: %s", target, found.note)
        return found

    def _place(self, target: str) -> tuple[Path, str]:
        """The folder that ``target`` is relative to, the source folder for one with a slash."""
        if target.startswith("/"):
            return Path(self.env.srcdir), target[1:]
        return Path(self.env.doc2path(self.env.docname)).parent, target

    def _picture(self, found: Figure) -> nodes.Element:
        path = os.path.relpath(found.files["svg"], self.env.srcdir)
        uri = "/" + Path(path).with_suffix(".*").as_posix()
        picture = nodes.image(
            uri=uri,
            alt=self.options.get("alt", found.alt),
            # The second class tells pydata-sphinx-theme that the picture is dark by itself.
            classes=["archviz", "dark-light", *self.options.get("class", ())],
            words=plain(found.text("markdown")),
        )
        if "html" in found.files:
            picture["page"] = str(found.files["html"])
            picture["height-of-page"] = self.options.get("height", HEIGHT)
            picture["picture"] = str(found.files["svg"])
        width = self.options.get("width", "")
        if width.endswith("%"):
            picture["width"] = width
        if "target" in self.options:
            link = nodes.reference("", "", picture, refuri=self.options["target"])
            self.set_source_info(picture)
            return link
        return picture

    def _around(self, picture: nodes.Element) -> nodes.Element:
        """The figure with its caption, or the picture alone when there is none."""
        content = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, content)
        caption = self.options.get("caption", "")
        rest = list(content.children)
        if caption:
            text, problems = self.parse_inline(caption, lineno=self.lineno)
            rest.insert(0, nodes.paragraph(caption, "", *text, *problems))
        first = rest.pop(0) if rest else None
        if not isinstance(first, nodes.paragraph):
            if "align" in self.options:
                picture["align"] = self.options["align"]
            self.add_name(picture)
            return picture
        figure = nodes.figure("", picture, classes=self.options.get("figclass", []))
        figure["align"] = self.options.get("align", "default")
        if "figwidth" in self.options:
            figure["width"] = self.options["figwidth"]
        self.set_source_info(figure)
        line = nodes.caption(first.rawsource, "", *first.children)
        self.set_source_info(line)
        figure += line
        if rest:
            figure += nodes.legend("", *rest)
        self.add_name(figure)
        return figure


def pages_for_pictures(app: Sphinx, document: nodes.document, name: str) -> None:
    """Puts interactive pages in the place of their pictures where there is a browser."""
    if app.builder.format != "html" or app.builder.name == "epub":
        return
    for picture in list(document.findall(nodes.image)):
        page = Path(picture.get("page", ""))
        if page.is_file():
            svg = image(Path(picture["picture"]).read_bytes(), picture["alt"], look=BELOW)
            text = page.read_text(encoding="utf-8")
            html = framed(text, svg, picture["alt"], picture["height-of-page"])
            block = nodes.raw("", html, format="html", ids=picture["ids"])
            picture.replace_self(block)


def words_for_pictures(app: Sphinx, document: nodes.document, name: str) -> None:
    """Puts the words of pictures in their place for builders that show no pictures."""
    if set(app.builder.supported_image_types) & set(_DRAWABLE):
        return
    for picture in list(document.findall(nodes.image)):
        words = picture.get("words")
        if words:
            block = nodes.literal_block(words, words, language="text", ids=picture["ids"])
            outer = picture.parent
            (outer if isinstance(outer, nodes.reference) else picture).replace_self(block)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directive and its settings."""
    app.add_config_value("archviz_options", {}, "env", types=frozenset({dict}))
    app.add_config_value("archviz_time_limit", TIME_LIMIT, "")
    app.add_config_value("archviz_cache", "", "")
    app.add_directive("archviz", ModelFigure)
    app.connect("doctree-resolved", pages_for_pictures)
    app.connect("doctree-resolved", words_for_pictures)
    # Documents are read again, and figures drawn again, when this differs from last time.
    app.add_config_value("archviz_version", version(), "env")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
