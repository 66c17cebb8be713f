"""Python's search for garbage, put off while many small values are made.

A model, its layout and its picture are trees of small frozen values. There are no cycles to find
among them, and looking for some again and again takes longer than making them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """No automatic collection inside; afterwards as it was before."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                # Makes all that is new old, so that it is not gone through at once.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
