"""Numbers as people write them, and no more digits than tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

DIGITS = 4
"""Significant digits when nobody asks for others."""

ZERO = 1.0000000180025095e-35
"""LightGBM writes this for a threshold right above zero."""

MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = DIGITS) -> str:
    """``value`` with ``digits`` significant digits, its whole part in full up to a million."""
    if value != value:
        return "?"
    if not isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size <= ZERO:
        return "0"
    if 1e-4 <= size < 1e6:
        whole = len(str(int(size))) if size >= 1 else 0
        if whole:
            places = max(digits - whole, 1 if digits >= DIGITS else 0)
        else:
            places = digits
            while size < 0.1 and places < digits + 4:
                size *= 10
                places += 1
        text = f"{value:,.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa, _, exponent = f"{value:.{max(digits - 1, 0)}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{mantissa}e{int(exponent)}"
    return "0" if text in ("-0", "0") else text.replace("-", MINUS)


def signed(value: float, digits: int = DIGITS) -> str:
    """``value`` with its sign, as what is added to something."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text != "0" else text


def count(value: float) -> str:
    """A number of rows, which weights may make a fraction."""
    return f"{round(value):,}" if value == round(value) else number(value)


def percent(part: float) -> str:
    """``part`` of 1 in percent; only all of it is 100 %, only nothing 0 %."""
    if part in (0.0, 1.0):
        return f"{part * 100:.0f}%"
    if 0.995 <= part < 1:
        return f"{min(part * 100, 99.9):.1f}%"
    return f"{part * 100:.0f}%" if part >= 0.005 else "<1%"


def distinct(values: Sequence[float], digits: int = DIGITS) -> list[str]:
    """The values as texts, with more digits where different values would look the same."""
    texts = {value: number(value, digits) for value in dict.fromkeys(values) if value == value}
    for more in range(digits + 1, 18):
        alike = _alike(texts)
        if not alike:
            break
        for value in alike:
            texts[value] = number(value, more)
    return [texts.get(value, "?") for value in values]


def _alike(texts: dict[float, str]) -> Iterable[float]:
    by_text: dict[str, list[float]] = {}
    for value, text in texts.items():
        by_text.setdefault(text, []).append(value)
    return [value for values in by_text.values() if len(values) > 1 for value in values]
