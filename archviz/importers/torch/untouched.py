"""Leaving no trace: what a recording changes for its time and puts back."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import torch


@contextlib.contextmanager
def untouched(target: Any, *, training: bool, gradients: bool) -> Iterator[None]:
    """A context in which ``target`` may run; random state and flags are put back behind it.

    Args:
        target: The module or callable.
        training: Whether its modules are in training mode meanwhile.
        gradients: Whether autograd is on meanwhile.
    """
    modules = list(target.modules()) if isinstance(target, torch.nn.Module) else []
    flags = [(module, module.training) for module in modules]
    with contextlib.ExitStack() as stack:
        stack.enter_context(random_state())
        stack.enter_context(torch.set_grad_enabled(gradients))
        if "torch._dynamo" in sys.modules:  # importing it takes seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            for module, flag in flags:
                if flag is not training and _may_switch(module):
                    module.training = training
            yield
        finally:
            for module, flag in flags:
                if module.training is not flag:
                    module.training = flag


def _may_switch(module: torch.nn.Module) -> bool:
    return "training" in module.__dict__ or isinstance(module, torch.jit.ScriptModule)


@contextlib.contextmanager
def random_state() -> Iterator[None]:
    """A context behind which the random generators of Python, NumPy and PyTorch are as before."""
    ours = random.getstate()
    theirs = torch.get_rng_state()
    numpy = sys.modules.get("numpy.random")
    arrays = numpy.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(ours)
        torch.set_rng_state(theirs)
        if numpy is not None and arrays is not None:
            numpy.set_state(arrays)
