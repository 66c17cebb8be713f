"""Calls that are recalled instead of run give what running them gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch
import torch_modules as modules
from torch import nn

from archviz.importers.torch import outcomes
from archviz.importers.torch.ghost import Ghost
from archviz.importers.torch.graph import graph_of
from archviz.importers.torch.record import record
from archviz.importers.torch.recording import Recording


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "_known", {})


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kernels that run, by name."""
    found: list[str] = []
    run = Ghost.run

    def counted(self: Ghost, kernel: Any, args: Any, kwargs: Any) -> Any:
        found.append(kernel._overloadpacket.__name__)
        return run(self, kernel, args, kwargs)

    monkeypatch.setattr(Ghost, "run", counted)
    return found


def shapes(recording: Recording) -> list[Any]:
    return [
        (
            operation.name,
            [recording.values[use].shape for use in recording.uses(operation)],
            [(recording.values[made].shape, recording.values[made].dtype)
             for made in operation.outputs],
            operation.written,
            operation.frames,
        )
        for operation in recording.operations
    ]  # fmt: skip


def stack() -> nn.Module:
    return nn.Sequential(*[nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)] * 3)


def images() -> nn.Module:
    block = [nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(inplace=True)]
    return nn.Sequential(*block, *block, nn.AdaptiveAvgPool2d(1), nn.Flatten())


CASES: list[tuple[Callable[[], nn.Module], tuple[int, ...]]] = [
    (stack, (2, 5, 16)),
    (images, (1, 3, 8, 8)),
    (modules.Shared, (2, 8)),
    (modules.Aliased, (1, 3, 8, 8)),
]


@pytest.mark.parametrize(("make", "shape"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_a_recording_of_recalled_calls_is_that_of_calls_that_ran(
    make: Callable[[], nn.Module], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, given = make().eval(), torch.rand(shape)
    first = record(module, (given,))
    again = record(module, (given,))
    monkeypatch.setattr(outcomes.Outcomes, "key", lambda *args: None)
    ran = record(module, (given,))
    assert shapes(first) == shapes(again) == shapes(ran)
    assert graph_of(first) == graph_of(again) == graph_of(ran)


def test_layers_that_are_alike_run_no_kernel_twice(kernels: list[str]) -> None:
    module = images().eval()
    record(module, (torch.rand(1, 3, 8, 8),))
    assert kernels.count("convolution") == 1
    assert kernels.count("relu_") == 1
    kernels.clear()
    record(module, (torch.rand(1, 3, 8, 8),))
    assert kernels == []


def test_writing_in_place_is_seen_when_it_is_recalled() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        row = x[0]
        before = x._version
        row.relu_()
        row.relu_()
        assert x._version == before + 2
        return x * 2

    recording = record(forward, (torch.rand(2, 3),))
    written = [operation for operation in recording.operations if operation.written]
    assert [operation.name for operation in written] == ["relu_", "relu_"]
    assert len({operation.outputs[0] for operation in written}) == 2
    assert recording.operations[-1].inputs[0].writers  # the product depends on both


def outputs(function: Callable[..., Any], *args: Any, **settings: Any) -> list[Any]:
    recording = record(function, args, **settings)
    return [recording.values[found.value] for _, found in recording.outputs]


def test_what_else_than_shapes_decides_on_a_result_tells_calls_apart() -> None:
    def forward(x: torch.Tensor, whole: torch.Tensor) -> Any:
        found = [x * 2, x.to(torch.float64) * 2]
        with torch.autocast("cpu", torch.bfloat16):
            found.append(x @ x)
        found.append(x @ x)
        integers = (x > 0).long()
        found += [integers * 1, integers * 1.0, integers * True]
        torch.set_default_dtype(torch.float64)
        found.append(integers * 1.0)
        found += [torch.sum(x, 0), torch.sum(x, 0, True), torch.sum(x, 0, keepdim=True)]
        return found

    given = (torch.rand(3, 3), torch.ones(2))
    dtypes = [value.dtype for value in outputs(forward, *given)]
    assert dtypes[:8] == [
        torch.float32, torch.float64, torch.bfloat16, torch.float32,
        torch.int64, torch.float32, torch.int64, torch.float64,
    ]  # fmt: skip
    assert [value.shape for value in outputs(forward, *given)][8:] == [(3,), (1, 3), (1, 3)]


def test_contents_that_are_known_stay_known() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        for length in (2, 3):
            rows = torch.arange(length) * 2
            x = x[: int(rows.sum())]
        return x

    assert outputs(forward, torch.rand(9, 4))[0].shape == (2, 4)
    assert outputs(forward, torch.rand(9, 4))[0].shape == (2, 4)


def test_in_place_changes_of_the_shape_are_made_each_time() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        first, second = x * 1, x * 1
        first.unsqueeze_(0)
        second.unsqueeze_(0)
        first.resize_(2, 3)
        second.resize_(2, 3)
        return first + second

    assert outputs(forward, torch.rand(2, 3))[0].shape == (2, 3)


def test_gradients_and_transforms_are_left_alone() -> None:
    layer = nn.Linear(3, 3)

    def forward(x: torch.Tensor) -> Any:
        without = layer(x), layer(x)
        with torch.enable_grad():
            tracked = layer(x), layer(x)
        mapped = torch.vmap(lambda row: row * 2)(x), torch.vmap(lambda row: row * 2)(x)
        return [*without, *tracked, *mapped]

    found = outputs(forward, torch.rand(2, 3))
    assert [value.requires_grad for value in found[:4]] == [False, False, True, True]
    assert found[4].shape == found[5].shape


def test_calls_are_forgotten_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "MOST", 4)

    def forward(x: torch.Tensor) -> torch.Tensor:
        for size in range(1, 20):
            x = torch.cat([x, x[:size]])
        return x

    record(forward, (torch.rand(20, 2),))
    assert 0 < len(outcomes._known) <= 4


class Scaled(torch.nn.Module):
    """Takes a buffer to where the input is, which is nothing for one that is there already."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(23))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale.to(device=x.device, dtype=torch.float)


def test_what_did_nothing_to_a_tensor_here_is_not_recalled_for_one_without_memory() -> None:
    here = record(Scaled(), (torch.zeros(2, 23),))
    with torch.device("meta"):
        model = Scaled()
    assert len(record(model, (torch.zeros(2, 23),)).operations) >= len(here.operations)
