"""Text widths from built-in metrics, so that no font is needed and every machine agrees.

The advance widths of "sans" are Arial's and Helvetica's, which Liberation Sans, Nimbus Sans and
Arimo share, those of "serif" Times New Roman's, as Liberation Serif and Tinos have them; both in
units of 1/2048 em. Kerning is not counted; renderers switch it off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from unicodedata import category, east_asian_width

UNITS_PER_EM = 2048
CAP_HEIGHT = 0.716
"""Height of a capital letter, in em."""

_CHARACTERS = (
    "".join(map(chr, (*range(32, 127), *range(160, 256))))
    + "–—‘’“”•…−√∞≈≠≤≥←↑→↓Ωαβγδεζηθικλμνξοπρστυφχψω∂∆∏∑∫"
)

_REGULAR = """
    569 569 727 1139 1139 1821 1366 391 682 682 797 1196 569 682 569 569 1139 1139 1139 1139
    1139 1139 1139 1139 1139 1139 569 569 1196 1196 1196 1139 2079 1366 1366 1479 1479 1366 1251
    1593 1479 569 1024 1366 1139 1706 1479 1593 1366 1593 1479 1366 1251 1479 1366 1933 1366
    1366 1251 569 569 569 961 1139 682 1139 1139 1024 1139 1139 569 1139 1139 455 455 1024 455
    1706 1139 1139 1139 1139 682 1024 569 1139 1024 1479 1024 1024 1024 684 532 684 1196 569 682
    1139 1139 1139 1139 532 1139 682 1509 758 1139 1196 682 1509 1131 819 1124 682 682 682 1180
    1100 682 682 682 748 1139 1708 1708 1708 1251 1366 1366 1366 1366 1366 1366 2048 1479 1366
    1366 1366 1366 569 569 569 569 1479 1479 1593 1593 1593 1593 1593 1196 1593 1479 1479 1479
    1479 1366 1366 1251 1139 1139 1139 1139 1139 1139 1821 1024 1139 1139 1139 1139 569 569 569
    569 1139 1139 1139 1139 1139 1139 1139 1124 1251 1139 1139 1139 1139 1024 1139 1024 1139
    2048 455 455 682 682 717 2048 1196 1124 1460 1124 1124 1124 1124 2048 1024 2048 1024 1531
    1184 1178 1024 1140 913 903 1139 1139 455 1024 1024 1180 1024 917 1139 1413 1165 1264 809
    1120 1328 1075 1460 1599 1012 1253 1686 1460 561
"""

_BOLD = """
    569 682 971 1139 1139 1821 1479 487 682 682 797 1196 569 682 569 569 1139 1139 1139 1139
    1139 1139 1139 1139 1139 1139 682 682 1196 1196 1196 1251 1997 1479 1479 1479 1479 1366 1251
    1593 1479 569 1139 1479 1251 1706 1479 1593 1366 1593 1479 1366 1251 1479 1366 1933 1366
    1366 1251 682 569 682 1196 1139 682 1139 1251 1139 1251 1139 682 1251 1251 569 569 1139 569
    1821 1251 1251 1251 1251 797 1139 682 1251 1139 1593 1139 1139 1024 797 573 797 1196 569 682
    1139 1139 1139 1139 573 1139 682 1509 758 1139 1196 682 1509 1131 819 1124 682 682 682 1180
    1139 682 682 682 748 1139 1708 1708 1708 1251 1479 1479 1479 1479 1479 1479 2048 1479 1366
    1366 1366 1366 569 569 569 569 1479 1479 1593 1593 1593 1593 1593 1196 1593 1479 1479 1479
    1479 1366 1366 1251 1139 1139 1139 1139 1139 1139 1821 1139 1139 1139 1139 1139 569 569 569
    569 1251 1251 1251 1251 1251 1251 1251 1124 1251 1251 1251 1251 1251 1139 1251 1139 1139
    2048 569 569 1024 1024 717 2048 1196 1124 1460 1124 1124 1124 1124 2048 1024 2048 1024 1642
    1259 1250 1139 1242 972 943 1251 1107 569 1142 1139 1253 1139 912 1251 1568 1267 1401 914
    1192 1465 1179 1543 1730 1012 1253 1686 1460 561
"""

_SERIF_REGULAR = """
    512 682 836 1024 1024 1706 1593 369 682 682 1024 1155 512 682 512 569 1024 1024 1024 1024
    1024 1024 1024 1024 1024 1024 569 569 1155 1155 1155 909 1886 1479 1366 1366 1479 1251 1139
    1479 1479 682 797 1479 1251 1821 1479 1479 1139 1479 1366 1139 1251 1479 1479 1933 1479 1479
    1251 682 569 682 961 1024 682 909 1024 909 1024 909 682 1024 1024 569 569 1024 569 1593 1024
    1024 1024 1024 682 797 569 1024 1024 1479 1024 1024 909 983 410 983 1108 512 682 1024 1024
    1024 1024 410 1024 682 1556 565 1024 1155 682 1556 1024 819 1124 614 614 682 1180 928 682
    682 614 635 1024 1536 1536 1536 909 1479 1479 1479 1479 1479 1479 1821 1366 1251 1251 1251
    1251 682 682 682 682 1479 1479 1479 1479 1479 1479 1479 1155 1479 1479 1479 1479 1479 1479
    1139 1024 909 909 909 909 909 909 1366 909 909 909 909 909 569 569 569 569 1024 1024 1024
    1024 1024 1024 1024 1124 1024 1024 1024 1024 1024 1024 1024 1024 1024 2048 682 682 909 909
    717 2048 1155 1124 1460 1124 1124 1124 1124 2048 1024 2048 1024 1522 1073 1042 905 965 860
    848 1071 981 551 1032 993 1098 926 913 1024 1034 1022 1104 823 1014 1182 909 1282 1348 1012
    1253 1686 1460 561
"""

_SERIF_BOLD = """
    512 682 1137 1024 1024 2048 1706 569 682 682 1024 1167 512 682 512 569 1024 1024 1024 1024
    1024 1024 1024 1024 1024 1024 682 682 1167 1167 1167 1024 1905 1479 1366 1479 1479 1366 1251
    1593 1593 797 1024 1593 1366 1933 1479 1593 1251 1593 1479 1139 1366 1479 1479 2048 1479
    1479 1366 682 569 682 1190 1024 682 1024 1139 909 1139 909 682 1024 1139 569 682 1139 569
    1706 1139 1024 1139 1139 909 797 682 1139 1024 1479 1024 1024 909 807 451 807 1065 512 682
    1024 1024 1024 1024 451 1024 682 1530 614 1024 1167 682 1530 1024 819 1124 614 614 682 1180
    1106 683 682 614 676 1024 1536 1536 1536 1024 1479 1479 1479 1479 1479 1479 2048 1479 1366
    1366 1366 1366 797 797 797 797 1479 1479 1593 1593 1593 1593 1593 1167 1593 1479 1479 1479
    1479 1479 1251 1139 1024 1024 1024 1024 1024 1024 1479 909 909 909 909 909 569 569 569 569
    1024 1139 1024 1024 1024 1024 1024 1124 1024 1139 1139 1139 1139 1024 1139 1024 1024 2048
    682 682 1024 1024 717 2048 1167 1124 1460 1124 1124 1124 1124 2048 1024 2048 1024 1640 1143
    1079 958 1063 875 846 1163 1069 635 1137 1006 1161 915 913 1024 1122 1096 1114 944 1063 1278
    946 1409 1497 1012 1253 1686 1460 561
"""


class _Widths(dict[str, int]):
    """Advance widths by character; others are guessed, generously, from their Unicode class."""

    def __missing__(self, character: str) -> int:
        if category(character) in ("Mn", "Me", "Cf", "Cc"):
            width = 0
        elif east_asian_width(character) in ("W", "F"):
            width = UNITS_PER_EM
        else:
            width = 1434  # 0.7 em, wider than most letters of any script
        self[character] = width
        return width


def _table(text: str) -> _Widths:
    return _Widths(zip(_CHARACTERS, map(int, text.split()), strict=True))


_WIDTHS = {
    ("sans", False): _table(_REGULAR),
    ("sans", True): _table(_BOLD),
    ("serif", False): _table(_SERIF_REGULAR),
    ("serif", True): _table(_SERIF_BOLD),
}
FONTS = ("sans", "serif")
"""Fonts that labels can be set in."""

_font: ContextVar[str] = ContextVar("font", default="sans")


@contextmanager
def measured_in(font: str) -> Iterator[None]:
    """Measures in ``font``, one of FONTS, inside the block.

    A picture has one font, and each of its labels is measured; so the font is a setting around
    the making of a picture, instead of an argument of every function that makes a part of it.
    """
    token = _font.set(font)
    try:
        yield
    finally:
        _font.reset(token)


@lru_cache(maxsize=16384)
def _units(text: str, font: str, bold: bool) -> int:
    return sum(map(_WIDTHS[font, bold].__getitem__, text))


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Advance width of one line in pixels, at ``size`` pixels to the em."""
    return _units(text, _font.get(), bold) * size / UNITS_PER_EM


def fit(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """``text``, or as much of its start and its end as ``width`` pixels hold around a "…".

    The end gets the larger share, because names differ there ("encoder.layer.11.output.dense").
    """
    if text_width(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        kept = (low + high + 1) // 2
        if text_width(_shortened(text, kept), size, bold=bold) <= width:
            low = kept
        else:
            high = kept - 1
    return _shortened(text, low)


def _shortened(text: str, kept: int) -> str:
    head = kept * 2 // 5
    return text[:head].rstrip() + "…" + text[len(text) - (kept - head) :].lstrip()


def printable(text: str, limit: int = 200) -> str:
    """``text`` on one line without control, format and bidirectional characters, capped."""
    if len(text) <= limit and text.isprintable():
        return text
    cleaned = "".join(
        " " if character in "\t\n\r" else character
        for character in text[: limit * 4]
        if character in "\t\n\r" or category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"
