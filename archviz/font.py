"""The bundled font, Archviz Sans: Liberation Sans in part, whose widths :mod:`archviz.text` has."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

FAMILY = "Archviz Sans"


def folder() -> Traversable:
    """Where the font files are."""
    return files("archviz_templates") / "fonts"


@cache
def face(*, bold: bool = False, format: str = "ttf") -> bytes:
    """The font file of one weight.

    Args:
        bold: Which weight.
        format: "ttf" (TrueType) or "woff2" (WOFF File Format 2.0, W3C 2022).
    """
    name = f"ArchvizSans-{'Bold' if bold else 'Regular'}.{format}"
    return (folder() / name).read_bytes()
