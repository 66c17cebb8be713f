"""The bundled fonts, Archviz Sans and Archviz Serif: Liberation Sans and Serif in part.

:mod:`archviz.text` has their widths.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FAMILIES = {"sans": "Archviz Sans", "serif": "Archviz Serif"}
"""What the fonts call themselves, by the names of :data:`archviz.text.FONTS`."""

FALLBACKS = {
    "sans": "Helvetica, Arial, 'Liberation Sans', 'Nimbus Sans', Arimo, "
    "'DejaVu Sans Condensed', sans-serif",
    "serif": "'Times New Roman', Times, 'Liberation Serif', 'Nimbus Roman', Tinos, "
    "'DejaVu Serif Condensed', serif",
}
"""Families of the same widths, one of which nearly every machine has, as CSS lists them.

The last but one of each is for machines that have none: nearly as narrow, where the default of a
Linux system, DejaVu, is an eighth wider than the boxes allow.
"""


def folder() -> Traversable:
    """Where the font files are."""
    from importlib.resources import files

    return files("archviz_templates") / "fonts"


def postscript_name(font: str, *, bold: bool = False) -> str:
    """What a file calls one weight of ``font``: "ArchvizSans-Bold"."""
    return f"{FAMILIES[font].replace(' ', '')}-{'Bold' if bold else 'Regular'}"


@cache
def face(font: str = "sans", *, bold: bool = False, format: str = "ttf") -> bytes:
    """The font file of one weight.

    Args:
        font: "sans" or "serif".
        bold: Which weight.
        format: "ttf" (TrueType) or "woff2" (WOFF File Format 2.0, W3C 2022).
    """
    return (folder() / f"{postscript_name(font, bold=bold)}.{format}").read_bytes()
