"""Work of native code that may crash, hang or take all memory, done in a copy of this process.

A forked child starts in milliseconds and needs no import of its own. Where there is no fork
(Windows), the work is done here; what is known to go wrong has been looked for before.
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import selectors
import signal
import sys
import time
import warnings
from collections.abc import Callable

MEMORY = 2 << 30
"""Bytes that the child may take on top of what the process has, when nobody says fewer."""


PATIENCE = 8
"""How many times its processor time the child may take: on a busy machine it has to wait."""


class IsolationError(Exception):
    """The child did not answer: it crashed, ran too long or ran out of memory."""


def run_apart(work: Callable[[], bytes], seconds: float, memory: int = MEMORY) -> bytes:
    """What ``work`` returns, done apart from this process where that is possible.

    Args:
        work: Must catch its own exceptions.
        seconds: Processor time that it may take, which is rounded up to whole seconds; what does
            not run, but waits, is given up after some times that. So what a machine does besides
            does not decide on what is drawn.
        memory: Bytes that it may take on top of what this process has.

    Raises:
        IsolationError: There was no answer.
    """
    if not hasattr(os, "fork"):
        return work()
    reader, writer = os.pipe()
    try:
        with warnings.catch_warnings():
            # Other threads are no danger: the child runs native code that waits for none.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return work()
    if child == 0:
        _child(work, writer, math.ceil(seconds), memory)
    os.close(writer)
    answer = None
    try:
        answer = _collect(reader, time.monotonic() + PATIENCE * seconds)
    finally:
        os.close(reader)
        if answer is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        raise IsolationError("it took too long")
    if len(answer) < 8 or int.from_bytes(answer[:8], "little") != len(answer) - 8:
        raise IsolationError("it crashed or ran out of memory")
    return answer[8:]


def _child(work: Callable[[], bytes], writer: int, seconds: int, memory: int) -> None:
    status = 1
    try:
        _limit(seconds, memory)
        # A crash is expected here; its message and core dump would only alarm.
        faulthandler.disable()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        answer = work()
        view = memoryview(len(answer).to_bytes(8, "little") + answer)
        while view:
            view = view[os.write(writer, view) :]
        status = 0
    finally:
        os._exit(status)


def _limit(seconds: int, memory: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    if most == resource.RLIM_INFINITY or seconds < most:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as stream:
            taken = int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = taken + memory
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _collect(reader: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise IsolationError("it took too long")
            part = os.read(reader, 1 << 20)
            if not part:
                break
            parts.append(part)
    return b"".join(parts)
