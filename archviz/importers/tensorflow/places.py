"""Where a node lives and what it is called, from its name."""

from __future__ import annotations

import re

from archviz.ir import ScopePath
from archviz.reading.names import clean

MAX_LEVELS = 32
MAX_PART = 200
_WRAPPER = re.compile(r"(?:Stateful)?PartitionedCall(?:_\d+)?|__inference_.*|__forward_.*")


def place_of(name: str, around: ScopePath = ()) -> ScopePath:
    """The scope in a name's directories, inside ``around``, calls of functions left out."""
    parts = [part[:MAX_PART] for part in clean(name).split("/")[:-1] if part]
    path = tuple(part for part in parts if not _WRAPPER.fullmatch(part))
    # What a function holds is often named with the path to its call once more.
    shared = 0
    for length in range(min(len(around), len(path)), 0, -1):
        if around[-length:] == path[:length] or around[:length] == path[:length]:
            shared = length
            break
    if shared and around[:shared] == path[:shared]:
        return (*around[:shared], *path[shared:])[:MAX_LEVELS]
    return (*around, *path[shared:])[:MAX_LEVELS]


def label_of(name: str) -> str:
    """The last part of a name."""
    return clean(name).rstrip("/").rpartition("/")[2][:MAX_PART] or "node"
