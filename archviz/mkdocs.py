r"""A fence for Markdown: ```` ```archviz ```` draws a model where it stands.

For MkDocs, Zensical, and whatever else reads Python-Markdown with ``pymdownx.superfences``::

    markdown_extensions:
      - pymdownx.superfences:
          custom_fences:
            - name: archviz
              class: archviz
              format: !!python/name:archviz.mkdocs.fence

The first line is the target, each further one an option, "depth: 2". The picture is an ``<img>``
that holds its SVG, so that no style, id or script leaks between it and the page. Formatters of
fences: facelessuser.github.io/pymdown-extensions, "SuperFences".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from archviz.errors import ArchvizError, OptionError
from archviz.figure import TIME_LIMIT, Figure, Request, make
from archviz.figure.page import BELOW, HEIGHT, framed, image
from archviz.options import parse_value
from archviz.table import one_line

# MkDocs counts the warnings of its own loggers, and fails on them when it is told to be strict.
logger = logging.getLogger("mkdocs.plugins.archviz")

CACHE = ".cache/archviz"

_OWN = ("alt", "caption", "class", "fallback", "height", "interactive", "name")
"""Options of the document, not of the drawing."""

_STYLE = (
    "<style>[data-bs-theme=light] .archviz,.wy-body-for-nav .archviz{color-scheme:light}</style>"
)
"""Pictures follow the page's own switch, also where a theme does not say that it is light."""


def fence(
    source: str,
    language: str,
    css_class: str,
    options: Mapping[str, Any],
    md: Any,
    *,
    attrs: Mapping[str, str] | None = None,
    id_value: str = "",
    folder: str = "",
    cache: str = CACHE,
    time_limit: float = TIME_LIMIT,
    **others: Any,
) -> str:
    """The HTML of a fence; a model that cannot be drawn gives a warning and its sentence.

    Args:
        source: What stands inside the fence.
        language: The fence's language.
        css_class: The class that the configuration gives the fence.
        options: What the validator of the fence let through.
        md: The Markdown instance.
        attrs: Options in the fence's head, ``{.archviz depth=2}``, which superfences hands over
            where the extension attr_list is on.
        id_value: The id in the fence's head.
        folder: Where relative paths start; the current folder if not given.
        cache: Where figures are kept.
        time_limit: Seconds that drawing one may take.
        **others: What else superfences tells.
    """
    try:
        target, asked = parse(source, {**options, **(attrs or {})})
        own = {"name": id_value} | {name: _one(name, asked) for name in _OWN if name in asked}
        is_interactive = parse_value(own.get("interactive", "false") or "true", bool, "interactive")
        found = make(
            Request(
                target,
                {name: values for name, values in asked.items() if name not in _OWN},
                Path(folder),
                _one("fallback", asked),
                ("svg", "html") if is_interactive else ("svg",),
            ),
            Path(cache),
            time_limit=time_limit,
        )
        return _figure(found, css_class, own, _one("width", asked))
    except ArchvizError as error:
        logger.warning("archviz: %s", one_line(str(error)))
        return f'<pre class="{escape(css_class)}"><code>{escape(one_line(str(error)))}</code></pre>'


def parse(
    source: str, head: Mapping[str, Any] | None = None
) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The target and the options that a fence names.

    Args:
        source: Its lines: the target, then options, "depth: 2" or ":depth: 2".
        head: Options in its first line.

    Raises:
        OptionError: There is no target, or a line is no option.
    """
    target, *lines = [line.strip() for line in source.strip().split("\n")]
    if not target:
        raise OptionError(
            "a figure names no model", "write a path or package.module:attribute in its first line"
        )
    found: dict[str, list[str]] = {}
    for name, value in (head or {}).items():
        found.setdefault(name, []).append("" if value is True else str(value))
    for line in lines:
        name, colon, value = line.removeprefix(":").partition(":")
        if line and not colon:
            raise OptionError(f"{target}: {line!r} is no option", "write one a line: depth: 2")
        if line:
            found.setdefault(name.strip(), []).append(value.strip())
    return target, {name: tuple(values) for name, values in found.items()}


def _one(name: str, asked: Mapping[str, tuple[str, ...]]) -> str:
    values = asked.get(name, ("",))
    if len(values) > 1:
        raise OptionError(f"the option {name!r} is given {len(values)} times", "give it once")
    return values[0]


def _figure(found: Figure, css_class: str, own: Mapping[str, str], width: str) -> str:
    classes = escape(" ".join(filter(None, (css_class, own.get("class")))))
    name = f' id="{escape(own["name"])}"' if own["name"] else ""
    wide = f";width:{escape(width)}" if width.endswith("%") else ""
    caption = f"<figcaption>{escape(own['caption'])}</figcaption>" if "caption" in own else ""
    alt = own.get("alt") or found.alt
    svg = found.files["svg"].read_bytes()
    if "html" in found.files:
        height = own.get("height") or HEIGHT
        shown = framed(found.text("html"), image(svg, alt, look=BELOW), alt, height)
    else:
        shown = image(svg, alt, look=f"max-width:100%;height:auto{wide}")
    return f'{_STYLE}<figure class="{classes}"{name}>{shown}{caption}</figure>'
