"""The page as one file: data, styles and scripts inside, and a policy that allows no others."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any
from zlib import decompress

from archviz.text import printable
from archviz.theme import AUTO, Theme, load_theme

CATEGORIES = (
    "conv", "linear", "attention", "norm", "act", "pool", "recurrent", "embedding", "other",
)  # fmt: skip

ROLES = (
    "card", "rule", "title", "detail", "row-name", "row-value", "module", "module-inner",
    "module-title", "module-text", "marker", "merge", "merge-symbol", "pill", "pill-title",
    "pill-text", "stub", "stub-text", "missing", "missing-text", "scope-title", "scope-text",
    "edge", "back-edge", "arrow", "label", "note",
    *(f"{role} {category}" for role in ("header", "outline") for category in CATEGORIES),
    *(f"scope {depth}" for depth in range(3)),
)  # fmt: skip

OVERLAY_ROLES = (
    "text", "badge-bad",
    *(f"{mark}-{state}" for mark in ("ring", "sign") for state in ("good", "bad", "off")),
    *(f"{mark}-{state}" for mark in ("edge", "arrow") for state in ("good", "bad")),
    *(f"remark-{state}-title" for state in ("good", "bad", "off")),
)  # fmt: skip
"""Roles that only pages with an overlay have."""

COLORS = (
    "page",
    "ink",
    "muted",
    "edge",
    "card",
    "line",
    "bad",
    "highlight",
    "scope-0",
    "scope-1",
    "scope-2",
)
"""Colours of the page around the picture."""


def assemble(
    data: Mapping[str, Any], description: str, theme: str, *, is_annotated: bool = False
) -> str:
    """The page that shows ``data``.

    Args:
        data: What the scripts read, plain values.
        description: What the picture shows, in a sentence or two.
        theme: Name or file of the theme; "auto" goes by the reader's system.
        is_annotated: Whether the data say what an overlay does.
    """
    packed, start = _template("scripts.txt").strip(), _compact(_template("start.js"))
    roles = (*ROLES, *OVERLAY_ROLES) if is_annotated else ROLES
    style = style_sheet(theme, roles) + _template("page.css").replace("\n", "")
    parts = {
        "theme": f' data-theme="{theme}"' if theme in ("light", "dark") else "",
        "policy": _policy((start, unpacked(packed)), style),
        "title": escape(str(data["title"])),
        "description": escape(printable(description, 2000)),
        "style": style,
        # No "<" in the data can end the element that holds it.
        "model": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace(
            "<", "\\u003c"
        ),
        "scripts": packed,
        "start": start,
    }
    page = _template("page.html")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], page)


def _template(name: str) -> str:
    return (files("archviz_templates") / "html" / name).read_text(encoding="utf-8")


def _compact(script: str) -> str:
    """The script without indentation and without lines that are only a comment."""
    lines = (line.strip() for line in script.split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def unpacked(packed: str) -> str:
    """The scripts as ``templates/make_page.py`` packed them."""
    return decompress(b64decode(packed), wbits=-15).decode()


def _policy(scripts: Iterable[str], style: str) -> str:
    def hashed(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    allowed = " ".join(map(hashed, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {hashed(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def style_sheet(name: str, roles: Iterable[str] = ROLES) -> str:
    """Every colour as a variable, light and dark, and every role by its class."""
    roles, theme = tuple(roles), load_theme(name)
    rules = [_variables(":root", theme, _used(theme, roles))]
    if name in (AUTO, "light", "dark"):
        light, dark = load_theme("light"), load_theme("dark")
        used = _used(light, roles)
        system = _variables(":root:not([data-theme=light])", dark, used)
        rules = [
            _variables(":root", light, used),
            f"@media(prefers-color-scheme:dark){{{system}}}",
            _variables(":root[data-theme=dark]", dark, used),
        ]
    rules += [_rule(role, theme) for role in roles]
    return "".join(rules)


def _used(theme: Theme, roles: Iterable[str]) -> list[str]:
    named = [color for role in roles for color in _colors(theme, role)]
    return list(dict.fromkeys([*COLORS, *named]))


def _colors(theme: Theme, role: str) -> Iterable[str]:
    style = theme.style(role)
    return filter(None, (style.fill, style.stroke))


def _variables(selector: str, theme: Theme, names: Iterable[str]) -> str:
    colors = ";".join(f"--{name}:{theme.color(name)}" for name in names)
    return f"{selector}{{{colors}}}"


def _rule(role: str, theme: Theme) -> str:
    word, _, variant = role.partition(" ")
    chosen = f".{word}" + (
        f".l{variant}" if variant.isdecimal() else f".{variant}" if variant else ""
    )
    style = theme.style(role)
    parts = [f"fill:var(--{style.fill})" if style.fill else "fill:none"]
    if style.stroke:
        parts.append(f"stroke:var(--{style.stroke});stroke-width:{style.stroke_width:g}")
    if style.dash:
        parts.append(f"stroke-dasharray:{style.dash}")
    if style.weight:
        parts.append(f"font-weight:{style.weight}")
    # A collapsed module's group has the class of its rectangle.
    element = (
        "" if word != "module" and word not in ("pill", "stub", "missing", "merge") else "rect"
    )
    return f"{element}{chosen}{{{';'.join(parts)}}}"
