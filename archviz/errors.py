"""Errors that archviz raises on purpose: one sentence and the next step."""

from __future__ import annotations

from collections.abc import Iterable


class ArchvizError(Exception):
    """A deliberate error; anything else that escapes archviz is a bug.

    Args:
        message: One sentence that names what is wrong and where.
        hint: What to do next, as a clause without a final full stop.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ImporterError(ArchvizError):
    """A source that no importer can turn into a Model.

    Args:
        message: One sentence that names what is wrong.
        hint: What to do next.
        offset: Byte offset in the file where reading stopped, when known.
    """

    def __init__(self, message: str, hint: str = "", *, offset: int | None = None) -> None:
        super().__init__(message, hint)
        self.offset = offset


class OptionError(ArchvizError):
    """An option or argument that does not exist or has a value of the wrong kind."""


class PluginError(ArchvizError):
    """A plugin that cannot be loaded, or one that breaks its family's contract."""


class LayoutError(ArchvizError):
    """A layout engine that lacks a feature, is not installed or did not finish."""


class RendererError(ArchvizError):
    """A picture that cannot be written."""


class MissingDependencyError(ArchvizError):
    """An optional package that the asked-for work needs.

    Args:
        package: The distribution's name.
        purpose: What it is needed for, as in "to open this".
        extra: The extra of archviz that brings it, when there is one.
    """

    def __init__(self, package: str, purpose: str, extra: str = "") -> None:
        target = f"'archviz[{extra}]'" if extra else package
        super().__init__(f"the package {package} is needed {purpose}", f"run: pip install {target}")
        self.package = package


def closest(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The one of ``known`` that is most like ``word``, for a hint; "" when none is alike."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, list(known), 1, likeness)), "")
