"""Text from a file, made fit to be shown: names of nodes, values, operators and scopes."""

from __future__ import annotations

MAX_NAME = 4096
"""Characters of a name that are kept."""

MAX_TEXT = 4096
"""Characters of a description or a metadata entry that are kept."""

_LINE_BREAKS = frozenset("\n\t")


def clean(text: str | bytes) -> str:
    """``text`` as one printable line.

    Control characters and those that reorder text become "�", as do bytes that are no UTF-8
    (the official parser hands these over as bytes).
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if len(text) > MAX_NAME:
        text = text[: MAX_NAME - 1] + "…"
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "�" for char in text)


def clean_text(text: str | bytes) -> str:
    """``text`` as printable lines."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in _LINE_BREAKS else "�" for char in text)
