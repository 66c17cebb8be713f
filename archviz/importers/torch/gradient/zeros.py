"""Values that are zero in every element, and the operation that made the first of them.

Gradient that is multiplied by zero is zero: a weight whose input is all zero gets none, and the
line to blame is not the product but the one where the zeros come from.
"""

from __future__ import annotations

from typing import Any

import torch

from archviz.analysis.gradient.graph import ValueGraph, kind_of_cut
from archviz.analysis.gradient.words import Kind
from archviz.importers.torch.gradient.subject import Subject
from archviz.importers.torch.gradient.watcher import Watcher
from archviz.importers.torch.identity import paused
from archviz.importers.torch.record import CallFailedError, record
from archviz.importers.torch.recording import Recording


class _ZeroWatcher(Watcher):
    """Also notes the values that are zero in every element."""

    def __init__(self, module: torch.nn.Module | None) -> None:
        super().__init__(module)
        self.zeros: set[int] = set()

    def valued(self, value: int, tensor: Any) -> None:
        super().valued(value, tensor)
        with paused():
            if _is_zero(tensor):
                self.zeros.add(value)


def _is_zero(tensor: Any) -> bool:
    try:
        return bool(tensor.numel()) and not bool(tensor.detach().any())
    except (RuntimeError, NotImplementedError):  # a layout that cannot tell
        return False


def zeros_of(subject: Subject, recording: Recording) -> frozenset[int]:
    """The values of ``recording`` that are all zero, by making the same call again.

    Nothing, when it does not come out the same.
    """
    watcher = _ZeroWatcher(subject.module)

    def call(*args: Any, **kwargs: Any) -> Any:
        return subject.loss_of(subject.model(*args, **kwargs))

    try:
        again = record(
            call, subject.args, subject.kwargs, substrate="real", gradients=True, observer=watcher
        )
    except CallFailedError:
        return frozenset()
    names = [operation.name for operation in again.operations]
    if names != [operation.name for operation in recording.operations[: len(names)]]:
        return frozenset()
    return frozenset(watcher.zeros)


def origin_of_zeros(
    graph: ValueGraph, position: int, zeros: frozenset[int]
) -> tuple[int, Kind] | None:
    """The operation that made the zeros which an operation was given, and how it did.

    Args:
        graph: The recorded call.
        position: Of an operation that turned a good gradient into zero.
        zeros: Values of the graph that are all zero.

    Returns:
        Its position and what kind of culprit it is; None where zeros are a parameter or came in.
    """
    learned = _learned(graph)
    target = -1
    operation = graph.operations[position]
    while True:
        found = [value for value in operation.inputs if value in zeros and value in learned]
        if not found:
            break
        target = found[0]
        operation = graph.producer(target)
    sources = [value for value in operation.inputs if value in learned]
    if target < 0 or not sources:
        return None
    is_cut = all(graph.is_cut(source, target) for source in sources)
    kind = kind_of_cut(graph, sources[0], target) if is_cut else Kind.ZERO_HERE
    return graph.values[target].operation, kind


def _learned(graph: ValueGraph) -> set[int]:
    """The values that any parameter goes into."""
    found = {target.value for target in graph.targets.values() if target.value >= 0}
    for operation in graph.operations:
        if any(value in found for value in operation.inputs):
            found.update(operation.outputs)
    return found
