"""More of the calling places than a record keeps, for operations that need an explanation."""

from __future__ import annotations

import sys
from types import FrameType

from archviz.analysis.gradient.graph import Frame
from archviz.importers.torch.sites import whose_code

DEEPEST = 60
KEPT = 5


def deep_frames(skip: int = 2) -> tuple[Frame, ...]:
    """The innermost frames that are not PyTorch's, up to the recorded call."""
    frame: FrameType | None = sys._getframe(skip)
    found: list[Frame] = []
    for _ in range(DEEPEST):
        if frame is None or len(found) == KEPT:
            break
        kind = whose_code(frame.f_code)
        if kind == "boundary":
            break
        if kind in ("user", "library"):
            found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(found)
