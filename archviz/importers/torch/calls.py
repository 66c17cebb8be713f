"""The module hook: notes which module calls which, while a recording is made."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

import torch

from archviz.importers.torch.recorder import Recorder

_lock = threading.RLock()


@contextlib.contextmanager
def module_calls(recorder: Recorder) -> Iterator[None]:
    """A context in which the recorder is told of every module call of this thread.

    ``Module.__call__`` is replaced, as hooks would be the caller's to see, would not fire when an
    exception passes and would cost more. It is put back in any case.
    """
    thread = threading.get_ident()
    sites = recorder.sites
    disable_function = torch._C.DisableTorchFunction
    disable_dispatch = torch._C._DisableTorchDispatch
    with _lock:
        original = torch.nn.Module.__call__

        def module_call(self: torch.nn.Module, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != thread or recorder.running is not None:
                return original(self, *args, **kwargs)
            frame = id(sys._getframe())
            sites.enter(frame)
            try:
                with disable_function(), disable_dispatch():
                    around = recorder.enter(self, args, kwargs)
                try:
                    result = original(self, *args, **kwargs)
                except BaseException:
                    recorder.abandon(around)
                    raise
                with disable_function(), disable_dispatch():
                    recorder.leave(around, result)
                return result
            finally:
                sites.leave(frame)

        torch.nn.Module.__call__ = module_call
        try:
            yield
        finally:
            torch.nn.Module.__call__ = original
