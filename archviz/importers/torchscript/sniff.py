"""Recognising TorchScript archives."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.source import Source

SUFFIXES = (".torchscript",)


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a TorchScript archive."""
    if source.is_file and folder_of(source.members) is not None:
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE


def folder_of(members: tuple[str, ...]) -> str | None:
    """The folder that a TorchScript archive keeps everything in; None for other archives."""
    for name in members:
        folder = name.removesuffix("data.pkl")
        if folder != name and folder.count("/") <= 1:
            code = f"{folder}code/"
            return folder if any(other.startswith(code) for other in members) else None
    return None
