"""What options can be, for help and for shell completion."""

from collections.abc import Callable
from enum import StrEnum


class Direction(StrEnum):
    """Directions of drawing."""

    AUTO = "auto"
    TB = "TB"
    LR = "LR"


class Shapes(StrEnum):
    """Which edges say a shape."""

    CHANGE = "change"
    ALL = "all"
    NONE = "none"


class Fit(StrEnum):
    """What a picture is fitted to."""

    NONE = "none"
    PAGE = "page"


class Font(StrEnum):
    """What texts are set in."""

    SANS = "sans"
    SERIF = "serif"


class Severity(StrEnum):
    """How severe a finding is, from the mildest."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Catalogue(StrEnum):
    """What ``archviz show`` lists."""

    FORMATS = "formats"
    PASSES = "passes"
    THEMES = "themes"
    LAYOUTS = "layouts"
    VIEWS = "views"
    RULES = "rules"
    RULE = "rule"
    REPORTERS = "reporters"
    OVERLAYS = "overlays"


def _complete(family: str) -> Callable[[str], list[tuple[str, str]]]:
    def complete(incomplete: str) -> list[tuple[str, str]]:
        from archviz.catalogue import entries

        return [
            (entry.name, entry.title)
            for entry in entries(family)
            if entry.name.startswith(incomplete)
        ]

    return complete


complete_importer = _complete("importers")
complete_renderer = _complete("renderers")
complete_reporter = _complete("reporters")
complete_layout = _complete("layouts")
complete_theme = _complete("themes")
complete_pass = _complete("passes")
complete_style = _complete("views")
complete_overlay = _complete("overlays")


def complete_venue(incomplete: str) -> list[str]:
    """Names of venues that begin so."""
    from archviz.length import VENUES

    return [name for name in VENUES if name.startswith(incomplete)]


def complete_width(incomplete: str) -> list[str]:
    """Names of widths that begin so."""
    from archviz.length import WIDTHS

    return [name for name in WIDTHS if name.startswith(incomplete)]
