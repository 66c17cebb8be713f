"""Captions: what a picture shows, in words for LaTeX, Markdown or plain text.

They are the picture's own description, which screen readers get as well.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archviz.errors import OptionError
from archviz.output import write_whole
from archviz.renderers import markdown, tex

_FORMS: dict[str, Callable[[str], str]] = {
    # A caption has no two hyphens in a row, which LaTeX would make a dash of.
    ".tex": lambda text: tex.escaped(text).replace("{-}", "-"),
    ".md": markdown.escaped,
    ".txt": str,
}


def write_caption(text: str, path: Path) -> None:
    """Writes ``text`` as one paragraph into a file of LaTeX, Markdown or text.

    Raises:
        OptionError: The file's suffix is none of those, or there is no text.
        RendererError: The file cannot be written.
    """
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        known = ", ".join(_FORMS)
        raise OptionError(f"{path}: captions have no format of this suffix", f"end it with {known}")
    if not text:
        raise OptionError(
            f"{path}: this output is no picture, so that there is nothing to describe",
            "write svg, pdf, png or tex",
        )
    write_whole(path, form(text) + "\n")
