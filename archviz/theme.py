"""Themes: what each role of a Scene looks like, as TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from archviz.compiled import compiled
from archviz.errors import OptionError
from archviz.hatch import KINDS
from archviz.records import field, record, replace

_NAME = re.compile(r"[a-z]+(?:-[a-z]+)*")

AUTO = "auto"
"""The light theme, with the dark one where the reader's system asks for it."""

SHADES = 8
"""Shades of a colour: "conv-0" is that of a card, "conv-8" the colour itself."""

STEPS = 32
"""Colours of a ramp, "value-0" to "value-31"."""

_INKS = ("#000000", "#FFFFFF")
PLATE = "plate"
"""Role of what is behind labels, which no hatch runs through."""
_DERIVED = re.compile(r"(on-)?(.+)-(\d+)")
_COLOR = r"#[0-9A-Fa-f]{6}|none|currentColor"
_DASH = r"[\d. ]+"
_STYLE_KEYS = ("fill", "stroke", "stroke-width", "dash", "weight")


@record
class Style:
    """How a role looks; colours are names in the theme's palette, "" for none."""

    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.0
    dash: str = ""
    weight: str = ""


@record
class Theme:
    """Colours by name, and a style by role.

    Attributes:
        name: As the user gave it.
        title: A few words for ``archviz show themes``.
        palette: "#RRGGBB" by name.
        roles: A style by the role's first word; "{}" in it stands for the second.
        ramps: Colours at even distances along a scale, by its name.
        hatches: Kind of hatch, in the colour "hatch", by the colour that it is drawn over.
        legend: Whether its pictures say what their fills mean.
    """

    name: str
    title: str
    palette: dict[str, str]
    roles: dict[str, Style]
    ramps: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hatches: dict[str, str] = field(default_factory=dict)
    legend: bool = False

    def style(self, role: str) -> Style:
        """The style of ``role``, "header conv" being a "header" of variant "conv".

        Raises:
            OptionError: The theme has no such role or lacks a colour that it names.
        """
        word, _, variant = role.partition(" ")
        found = self.roles.get(word)
        if found is None:
            raise OptionError(f"the theme {self.name!r} has no [role.{word}]")
        style = Style(
            found.fill.replace("{}", variant),
            found.stroke.replace("{}", variant),
            found.stroke_width,
            found.dash,
            found.weight,
        )
        for color in (style.fill, style.stroke):
            if color:
                self.color(color)
        return style

    def color(self, name: str) -> str:
        """The colour of that name: of the palette, or made of it.

        "conv-3" is the third of eight shades from "card" to "conv", "value-7" a step of the ramp
        "value"; "on-" before either is the ink that is read best on it.

        Raises:
            OptionError: The theme has no such colour.
        """
        found = self.palette.get(name)
        parts = None if found else _DERIVED.fullmatch(name)
        if parts:
            ink, base, number = parts.groups()
            if base in self.ramps:
                found = along(self.ramps[base], int(number) / (STEPS - 1))
            elif base in self.palette:
                ends = (self.palette["card"], self.palette[base])
                found = along(ends, int(number) / SHADES)
            if found and ink:
                found = max(_INKS, key=lambda color: _contrast(color, found or ""))
        if not found:
            raise OptionError(f"the theme {self.name!r} has no colour {name!r}")
        return found

    def with_colors(self, palette: Mapping[str, str]) -> Theme:
        """The theme with other colours, or more of them."""
        return replace(self, palette={**self.palette, **palette}) if palette else self

    def hatching(self, role: str) -> str:
        """Kind of the hatch over what has a role; "" for none, as behind labels."""
        if not self.hatches or role.startswith(PLATE):
            return ""
        return self.hatch(self.style(role).fill)

    def hatch(self, color: str) -> str:
        """Kind of the hatch over ``color`` or what it is a shade of; "" for none."""
        parts = _DERIVED.fullmatch(color)
        return self.hatches.get(color) or (self.hatches.get(parts[2], "") if parts else "")


def along(stops: Sequence[str], place: float) -> str:
    """The colour at ``place``, from 0 to 1, on the way along ``stops``."""
    at = min(max(place, 0.0), 1.0) * (len(stops) - 1)
    first = min(int(at), len(stops) - 2)
    one, other = _channels(stops[first]), _channels(stops[first + 1])
    mixed = (round(a + (b - a) * (at - first)) for a, b in zip(one, other, strict=True))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


def _channels(color: str) -> tuple[int, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _contrast(one: str, other: str) -> float:
    """Contrast ratio (Web Content Accessibility Guidelines 2.1, W3C 2018)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lightness(color: str) -> float:
    """How light "#RRGGBB" is, from 0 for black to 100 for white (CIE 1976 L*)."""
    y = _luminance(color)
    return float(116 * y ** (1 / 3) - 16) if y > 0.008856 else 903.3 * y


def saturation(color: str) -> float:
    """How far "#RRGGBB" is from gray: the spread of its channels, from 0 to 1."""
    channels = _channels(color)
    return (max(channels) - min(channels)) / 255


def theme_names() -> tuple[str, ...]:
    """Names of the themes that ship with archviz, sorted, and "auto"."""
    return (AUTO, *_tables())


def load_theme(name: str) -> Theme:
    """The theme called ``name``, or the one in the TOML file of that path; "auto" gives "light".

    Raises:
        OptionError: There is no such theme, or the file breaks the format.
    """
    if not isinstance(name, str):  # from Python it may be anything
        raise OptionError(f"the theme is {name!r}", "give a theme's name or a .toml file")
    if name == AUTO:
        name = "light"
    if _NAME.fullmatch(name) and (shipped := _shipped(name)):
        return shipped
    if not name.endswith(".toml"):
        raise OptionError(
            f"there is no theme {name!r}",
            f"there are: {', '.join(theme_names())}; or give a .toml file",
        )
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"the theme {name!r} cannot be read ({error})") from None
    return _parsed(name, text)


@cache
def _shipped(name: str) -> Theme | None:
    table = _tables().get(name)
    return _made(name, dict(table)) if table is not None else None


def _tables() -> dict[str, dict[str, Any]]:
    """The themes that ship with archviz, as written, by name, sorted."""
    return compiled("archviz_templates", "themes")


def _parsed(name: str, text: str) -> Theme:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"the theme {name!r} is not TOML ({error})") from None
    return _made(name, data)


def _made(name: str, data: dict[str, Any]) -> Theme:
    palette: dict[str, str] = {}
    roles: dict[str, Style] = {}
    ramps: dict[str, tuple[str, ...]] = {}
    hatches: dict[str, str] = {}
    base = data.pop("extends", None)
    if base is not None:
        parent = _shipped(base) if _NAME.fullmatch(str(base)) else None
        if parent is None:
            raise OptionError(f"the theme {name!r} extends {base!r}, which does not exist")
        palette.update(parent.palette)
        roles.update(parent.roles)
        ramps.update(parent.ramps)
        hatches.update(parent.hatches)
    title = str(data.pop("title", name))
    colors, tables = data.pop("palette", {}), data.pop("role", {})
    patterns, legend = data.pop("hatch", {}), data.pop("legend", False)
    scales = data.pop("ramp", {})
    if data or not all(isinstance(part, dict) for part in (colors, tables, patterns, scales)):
        extra = next(iter(data), "palette")
        raise OptionError(
            f"the theme {name!r} has an unknown entry {extra!r}",
            "it takes title, extends, legend, [palette], [ramp], [role.…] and [hatch]",
        )
    for key, color in colors.items():
        if not isinstance(color, str) or not re.fullmatch(_COLOR, color):
            raise OptionError(f"the theme {name!r} gives {key} = {color!r}", "write #RRGGBB")
        palette[key] = color
    for role, table in tables.items():
        roles[role] = _style(name, role, table)
    for ramp, stops in scales.items():
        if not (
            isinstance(stops, list)
            and len(stops) > 1
            and all(isinstance(stop, str) and stop[:1] == "#" for stop in stops)
            and all(re.fullmatch(_COLOR, stop) for stop in stops)
        ):
            raise OptionError(
                f"the theme {name!r} gives the ramp {ramp} odd colours", 'write ["#RRGGBB", …]'
            )
        ramps[ramp] = tuple(stops)
    for color, kind in patterns.items():
        if kind not in KINDS or color not in {**palette, **ramps} or "hatch" not in palette:
            raise OptionError(
                f"the theme {name!r} gives {color} the hatch {kind!r}",
                f"it takes {', '.join(KINDS)}, and a colour named hatch in [palette]",
            )
        hatches[color] = kind
    return Theme(name, title, palette, roles, ramps, hatches, legend is True)


def _style(theme: str, role: str, table: object) -> Style:
    if not isinstance(table, dict) or not set(table) <= set(_STYLE_KEYS):
        raise OptionError(
            f"[role.{role}] of the theme {theme!r} is odd", f"it takes {', '.join(_STYLE_KEYS)}"
        )
    width, dash = table.get("stroke-width", 0.0), str(table.get("dash", ""))
    weight = str(table.get("weight", ""))
    if (
        isinstance(width, bool)
        or not isinstance(width, int | float)
        or weight not in ("", "normal", "bold")
        or (dash and not re.fullmatch(_DASH, dash))
    ):
        raise OptionError(
            f"[role.{role}] of the theme {theme!r} is odd",
            'write stroke-width = 1.2, dash = "4 3", weight = "bold"',
        )
    return Style(
        str(table.get("fill", "")), str(table.get("stroke", "")), float(width), dash, weight
    )
