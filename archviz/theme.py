"""Themes: what each role of a Scene looks like, as TOML."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from archviz.errors import OptionError
from archviz.hatch import KINDS

AUTO = "auto"
"""The light theme, with the dark one where the reader's system asks for it."""

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}|none|currentColor")
_DASH = re.compile(r"[\d. ]+")
_STYLE_KEYS = ("fill", "stroke", "stroke-width", "dash", "weight")


@dataclass(frozen=True, slots=True)
class Style:
    """How a role looks; colours are names in the theme's palette, "" for none."""

    fill: str = ""
    stroke: str = ""
    stroke_width: float = 0.0
    dash: str = ""
    weight: str = ""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by name, and a style by role.

    Attributes:
        name: As the user gave it.
        title: A few words for ``archviz show themes``.
        palette: "#RRGGBB" by name.
        roles: A style by the role's first word; "{}" in it stands for the second.
        hatches: Kind of hatch, in the colour "hatch", by the colour that it is drawn over.
        legend: Whether its pictures say what their fills mean.
    """

    name: str
    title: str
    palette: dict[str, str]
    roles: dict[str, Style]
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
            if color and color not in self.palette:
                raise OptionError(f"the theme {self.name!r} has no colour {color!r}")
        return style


def theme_names() -> tuple[str, ...]:
    """Names of the themes that ship with archviz, sorted, and "auto"."""
    folder = files("archviz_templates") / "themes"
    names = sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )
    return (AUTO, *names)


def load_theme(name: str) -> Theme:
    """The theme called ``name``, or the one in the TOML file of that path; "auto" gives "light".

    Raises:
        OptionError: There is no such theme, or the file breaks the format.
    """
    if name == AUTO:
        return _shipped("light")
    if name in theme_names():
        return _shipped(name)
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
def _shipped(name: str) -> Theme:
    resource = files("archviz_templates") / "themes" / f"{name}.toml"
    return _parsed(name, resource.read_text(encoding="utf-8"))


def _parsed(name: str, text: str) -> Theme:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"the theme {name!r} is not TOML ({error})") from None
    palette: dict[str, str] = {}
    roles: dict[str, Style] = {}
    hatches: dict[str, str] = {}
    base = data.pop("extends", None)
    if base is not None:
        if base not in theme_names() or base == AUTO:
            raise OptionError(f"the theme {name!r} extends {base!r}, which does not exist")
        parent = _shipped(base)
        palette.update(parent.palette)
        roles.update(parent.roles)
        hatches.update(parent.hatches)
    title = str(data.pop("title", name))
    colors, tables = data.pop("palette", {}), data.pop("role", {})
    patterns, legend = data.pop("hatch", {}), data.pop("legend", False)
    if data or not all(isinstance(part, dict) for part in (colors, tables, patterns)):
        extra = next(iter(data), "palette")
        raise OptionError(
            f"the theme {name!r} has an unknown entry {extra!r}",
            "it takes title, extends, legend, [palette], [role.…] and [hatch]",
        )
    for key, color in colors.items():
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            raise OptionError(f"the theme {name!r} gives {key} = {color!r}", "write #RRGGBB")
        palette[key] = color
    for role, table in tables.items():
        roles[role] = _style(name, role, table)
    for color, kind in patterns.items():
        if kind not in KINDS or color not in palette or "hatch" not in palette:
            raise OptionError(
                f"the theme {name!r} gives {color} the hatch {kind!r}",
                f"it takes {', '.join(KINDS)}, and a colour named hatch in [palette]",
            )
        hatches[color] = kind
    return Theme(name, title, palette, roles, hatches, legend is True)


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
        or (dash and not _DASH.fullmatch(dash))
    ):
        raise OptionError(
            f"[role.{role}] of the theme {theme!r} is odd",
            'write stroke-width = 1.2, dash = "4 3", weight = "bold"',
        )
    return Style(
        str(table.get("fill", "")), str(table.get("stroke", "")), float(width), dash, weight
    )
