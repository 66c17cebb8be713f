"""The proof of a recording: the part that its outputs depend on, run again, gives them bit for bit.

Everything that an operation depends on must be among its recorded edges, those through memory it
shares with others included; else the rerun misses an operation and its result differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from archviz.importers.torch.containers import collect, tensors_in
from archviz.importers.torch.record import record
from archviz.importers.torch.recording import Observer, Operation, Recording, Reference


class _Constants(Observer):
    """Keeps what tensors that are no parameters, buffers or inputs held when first seen."""

    def __init__(self) -> None:
        self.tensors: dict[int, torch.Tensor] = {}

    def stored(self, value: int, tensor: Any) -> None:
        self.tensors[value] = _copied(tensor)


def replay(
    target: Callable[..., Any],
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    follow_aliases: bool = True,
) -> tuple[int, int]:
    """Records ``target`` on real tensors and runs its backward slice again.

    Args:
        target: What to record.
        args: Positional arguments.
        kwargs: Named arguments.
        follow_aliases: Whether the slice takes the alias edges; without them it should fail.

    Returns:
        Operations that were run again, and outputs that came out otherwise.
    """
    kwargs = dict(kwargs or {})
    unique = {id(tensor): tensor for _, tensor in tensors_in((args, kwargs))}
    given = [_copied(tensor) for tensor in unique.values()]
    stored = _state(target)
    constants = _Constants()
    recording = record(target, args, kwargs, substrate="real", observer=constants)
    wanted = [tensor.detach().clone() for _, tensor in _outputs(recording)]
    environment: dict[int, torch.Tensor] = {}
    for (_, reference), tensor in zip(recording.inputs, given, strict=True):
        environment[reference.value] = tensor
    for index, value in enumerate(recording.values):
        if value.role in ("parameter", "buffer"):
            environment.setdefault(index, stored[value.name])
        elif value.role == "constant":
            environment.setdefault(index, constants.tensors[index])
    needed = _slice(recording, follow_aliases)
    with torch.no_grad():
        for index in sorted(needed):
            _run(recording.operations[index], recording, environment)
    got = [environment.get(reference.value) for reference, _ in _outputs(recording)]
    wrong = sum(
        tensor is None or not _same(tensor, want) for tensor, want in zip(got, wanted, strict=True)
    )
    return len(needed), wrong


def _state(target: Any) -> dict[str, torch.Tensor]:
    """Parameters and buffers by every name, as they are now; shared ones stay shared."""
    if not isinstance(target, torch.nn.Module):
        return {}
    copies: dict[int, torch.Tensor] = {}
    found: dict[str, torch.Tensor] = {}
    for named in (target.named_parameters, target.named_buffers):
        for name, tensor in named(remove_duplicate=False):
            found[name] = copies.setdefault(id(tensor), _copied(tensor))
    return found


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    """A copy; PyTorch picks kernels by whether a tensor requires grad, also where none is kept."""
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def _outputs(recording: Recording) -> list[tuple[Reference, torch.Tensor]]:
    tensors = [tensor for _, tensor in tensors_in(recording.result)]
    references = [reference for _, reference in recording.outputs]
    return list(zip(references, tensors, strict=True))


def _slice(recording: Recording, follow_aliases: bool) -> set[int]:
    """Positions of the operations that the outputs depend on."""
    needed: set[int] = set()
    waiting = [reference for _, reference in recording.outputs]
    while waiting:
        reference = waiting.pop()
        values = (reference.value, *(reference.writers if follow_aliases else ()))
        for value in values:
            producer = recording.values[value].producer
            if producer >= 0 and producer not in needed:
                needed.add(producer)
                operation = recording.operations[producer]
                is_cut = operation.kind == "alias" and not follow_aliases
                waiting.extend(operation.inputs[:1] if is_cut else operation.inputs)
    return needed


def _run(operation: Operation, recording: Recording, environment: dict[int, torch.Tensor]) -> None:
    """Runs one operation on the environment's tensors and notes what it made."""
    if any(reference.batched for reference in operation.inputs):
        _run_in_vmap(operation, recording, environment)
        return
    if operation.function is None:  # alias, identity: the same tensor under another number
        for reference, value in zip(operation.inputs, operation.outputs, strict=False):
            environment[value] = environment[reference.value]
        return
    args = _filled(operation.args, environment)
    kwargs = _filled(dict(operation.kwargs), environment)
    tensors: list[torch.Tensor] = []
    collect((args, kwargs), tensors)
    versions = [tensor._version for tensor in tensors]
    result = operation.function(*args, **kwargs)
    made: list[torch.Tensor] = []
    for tensor, version in zip(tensors, versions, strict=True):
        if tensor._version != version and not any(tensor is other for other in made):
            made.append(tensor)
    assert len(made) == operation.written, f"{operation} wrote to {len(made)} tensors"
    results: list[torch.Tensor] = []
    collect(result if isinstance(result, list | tuple) else (result,), results)
    for tensor in results:
        is_given = any(tensor is given for given in tensors)
        if any(tensor is other for other in made[: operation.written]):
            continue
        if is_given and not operation.is_plumbing:
            continue
        made.append(tensor)
    assert len(made) == len(operation.outputs), f"{operation} made {len(made)} tensors"
    environment.update(zip(operation.outputs, made, strict=True))


def _run_in_vmap(
    operation: Operation, recording: Recording, environment: dict[int, torch.Tensor]
) -> None:
    """Runs an operation that was recorded on rows again on all rows."""
    references = {reference.value: reference for reference in operation.inputs}
    made = [dict(recording.values[value].batched) for value in operation.outputs]
    levels = sorted({level for reference in references.values() for level, _ in reference.batched})

    def run(*rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found: dict[int, torch.Tensor] = dict(zip(references, rows, strict=True))
        assert operation.function is not None
        result = operation.function(
            *_filled(operation.args, found), **_filled(dict(operation.kwargs), found)
        )
        results: list[torch.Tensor] = []
        collect(result if isinstance(result, list | tuple) else (result,), results)
        assert len(results) == len(operation.outputs)
        return tuple(results)

    for level in reversed(levels):
        axes = tuple(dict(reference.batched).get(level) for reference in references.values())
        run = torch.vmap(run, axes, tuple(axis[level] for axis in made), randomness="same")
    results = run(*(environment[value] for value in references))
    environment.update(zip(operation.outputs, results, strict=True))


def _filled(thing: Any, environment: dict[int, torch.Tensor]) -> Any:
    if isinstance(thing, Reference):
        return environment[thing.value]
    if type(thing) in (list, tuple):
        return type(thing)(_filled(item, environment) for item in thing)
    if type(thing) is dict:
        return {key: _filled(item, environment) for key, item in thing.items()}
    if type(thing) is slice:
        parts = (thing.start, thing.stop, thing.step)
        return slice(*(_filled(part, environment) for part in parts))
    return thing


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if not one.dtype.is_floating_point:
        return torch.equal(one, other)
    return torch.equal(one.isnan(), other.isnan()) and torch.equal(
        one.nan_to_num(), other.nan_to_num()
    )
