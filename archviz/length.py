"""Lengths on paper and on screens: "84mm", "3.25in", "600px", and the widths of venues."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from archviz.errors import OptionError, closest

PIXELS = {"px": 1.0, "pt": 96 / 72, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
"""CSS pixels in each unit; Cascading Style Sheets, level 2, section 4.3.2."""

READABLE = 5.0
"""Points below which printed text cannot be read without a glass; journals ask for 5 to 8."""

_PATTERN = r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*"


class Length(NamedTuple):
    """A number of units.

    Attributes:
        value: How many.
        unit: One of "px", "pt", "mm", "cm" and "in".
    """

    value: float
    unit: str

    @property
    def pixels(self) -> float:
        """In CSS pixels, of which an inch has 96."""
        return self.value * PIXELS[self.unit]


PAGE_WIDTH, PAGE_HEIGHT = Length(170.0, "mm"), Length(239.0, "mm")
"""What both A4 and US Letter have inside margins of 20 mm."""


VENUES = {
    "neurips": (Length(5.5, "in"), None),
    "iclr": (Length(5.5, "in"), None),
    "icml": (Length(3.25, "in"), Length(6.75, "in")),
    "cvpr": (Length(3.25, "in"), Length(6.875, "in")),
    "iccv": (Length(3.25, "in"), Length(6.875, "in")),
    "acl": (Length(3.03, "in"), Length(6.3, "in")),
    "ieee": (Length(3.5, "in"), Length(7.16, "in")),
    "acm": (Length(3.33, "in"), Length(7.0, "in")),
    "lncs": (Length(12.2, "cm"), None),
    "nature": (Length(89, "mm"), Length(183, "mm")),
    "a4": (Length(16, "cm"), None),
    "beamer": (Length(12.8, "cm"), None),
}
"""Widths of a column and, where pages have two, of the text, in the venues' LaTeX classes."""

WIDTHS = {
    **{name: column for name, (column, _) in VENUES.items()},
    **{f"{name}-wide": text for name, (_, text) in VENUES.items() if text},
}
"""What a width can be called: a venue for a column of it, "cvpr-wide" for both columns."""


def parse_length(text: str, owner: str) -> Length:
    """``text`` as a length; a number without a unit is one of pixels.

    Args:
        text: A positive number and a unit, or one of WIDTHS.
        owner: What messages call it.

    Raises:
        OptionError: It is none.
    """
    named = WIDTHS.get(text.strip().lower())
    if named is not None:
        return named
    found = re.fullmatch(_PATTERN, text.lower())
    length = Length(float(found[1]), found[2] or "px") if found else None
    if length is None or length.unit not in PIXELS or not 0 < length.value < math.inf:
        near = closest(text.lower(), WIDTHS)
        raise OptionError(
            f"{owner} is {text!r}, which is no length",
            f"did you mean {near}?" if near else "write it as 84mm, 3.25in, 600px or cvpr",
        )
    if not 10 <= length.pixels <= 1e6:
        raise OptionError(f"{owner} is {text!r}", "a picture has 10 px to 1,000,000 px")
    return length
