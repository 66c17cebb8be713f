"""The words of a figure, without the marks of Markdown."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>|~#&$])")
_MARKS = re.compile(r"(?<!\\)\*\*|^#+ ", re.MULTILINE)


def plain(markdown: str) -> str:
    """What ``archviz describe`` writes, as plain text, up to its table.

    Args:
        markdown: As the renderer for Markdown wrote it.
    """
    words = markdown.partition("\n| module |")[0]
    return _ESCAPED.sub(r"\1", _MARKS.sub("", words)).strip()
