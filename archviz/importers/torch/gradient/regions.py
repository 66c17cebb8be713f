"""Where gradient is switched off: the lines of no_grad, inference_mode and their decorators."""

from __future__ import annotations

import os
import sys
from types import FrameType

import torch

from archviz.analysis.gradient.graph import Frame, Region
from archviz.importers.torch.sites import whose_code

_CONTEXTS = os.path.join(os.path.dirname(torch.__file__), "utils", "_contextlib.py")
_GRAD_MODE = os.path.join(os.path.dirname(torch.__file__), "autograd", "grad_mode.py")
DEEPEST = 12
"""Frames between the switch and what the user wrote."""


class Regions:
    """Follows the switch through nested regions.

    Attributes:
        current: The region that gradient is off in, or None.
    """

    def __init__(self) -> None:
        self.current: Region | None = None
        self._before: dict[int, Region | None] = {}

    def switched(self, is_on: bool) -> None:
        """Notes that gradient is about to be switched, from the frames of who does it."""
        frame: FrameType | None = sys._getframe(2)
        manager: object = None
        is_leaving = False
        for _ in range(DEEPEST):
            if frame is None:
                break
            if frame.f_code.co_filename == _GRAD_MODE:
                manager = frame.f_locals.get("self")
                is_leaving = frame.f_code.co_name == "__exit__"
                break
            frame = frame.f_back
        if is_leaving and id(manager) in self._before:
            self.current = self._before.pop(id(manager))
            return
        if manager is not None:
            self._before[id(manager)] = self.current
        if is_on:
            self.current = None
        elif torch.is_grad_enabled():
            self.current = Region("no_grad", region_frame())


def region_frame() -> Frame | None:
    """The with statement's line, or the function that a decorator wraps."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(DEEPEST):
        if frame is None:
            break
        if frame.f_code.co_filename == _CONTEXTS:
            code = getattr(frame.f_locals.get("func"), "__code__", None)
            if code is not None:
                return (code, -1)
        if whose_code(frame.f_code) in ("user", "library"):
            return (frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return None
