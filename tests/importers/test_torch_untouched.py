"""Recording leaves no trace: not in the model, not in PyTorch, not when the call raises."""

from __future__ import annotations

import random
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import numpy as np
import torch
import torch_modules as modules
from torch import nn

import archviz
from archviz.errors import ImporterError


def state_of(module: nn.Module) -> dict[str, Any]:
    """Everything of a module that a recording could touch, comparable."""
    return {
        "bytes": {
            name: (tensor.detach().clone().numpy().tobytes(), tensor.requires_grad, id(tensor))
            for name, tensor in module.state_dict(keep_vars=True).items()
        },
        "grads": {name: id(p.grad) for name, p in module.named_parameters()},
        "tags": {name: dict(p.__dict__) for name, p in module.named_parameters()},
        "attributes": {
            name: {key: id(value) for key, value in vars(part).items()}
            for name, part in module.named_modules()
        },
        "hooks": {
            name: [list(part._forward_hooks), list(part._forward_pre_hooks)]
            for name, part in module.named_modules()
        },
        "training": [part.training for part in module.modules()],
    }


def state_of_everything_else() -> tuple[Any, ...]:
    return (
        torch.get_rng_state().numpy().tobytes(),
        random.getstate(),
        np.random.get_state()[1].tobytes(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        nn.Module.__call__,
        torch.nn.functional.linear,
        torch.overrides._get_current_function_mode_stack(),
        torch.utils._python_dispatch._get_current_dispatch_mode_stack(),
    )


class Careless(nn.Module):
    """Does to itself all that a forward method should not."""

    def __init__(self, fails: bool = False, needs_memory: bool = False) -> None:
        super().__init__()
        self.needs_memory = needs_memory
        self.linear = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.register_buffer("position", torch.tensor(0))
        self.register_buffer("table", torch.zeros(3, 4))
        self.plain = torch.ones(4)
        self.seen: list[torch.Tensor] = []
        self.count = 0
        self.fails = fails

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.count += 1
        self.position += 1
        self.table[0] = x[0]
        self.plain.mul_(2)
        self.seen.append(x)
        self.mask = torch.rand(4) > random.random() + np.random.rand()
        self.linear.weight.data = self.linear.weight.data * 2
        self.linear.bias.requires_grad_(False)
        self.linear.register_forward_hook(lambda *given: None)
        self.norm.train()
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        x.add_(1)
        if self.needs_memory and not x.data_ptr():
            raise RuntimeError("a ghost")
        if self.fails:
            raise ValueError("on purpose")
        return self.norm(self.linear(x)) * self.mask + self.plain + self.position


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_a_careless_module_is_as_before(fails: bool, training: bool) -> None:
    module = Careless(fails).train(training)
    module.linear.weight.grad = torch.ones(4, 4)
    x = torch.ones(2, 4)
    plain = module.plain.clone()
    before, others = state_of(module), state_of_everything_else()
    if fails:
        with pytest.raises(ImporterError, match="ValueError on 2×4 float32: on purpose"):
            archviz.load(module, (x,), training=training)
    else:
        archviz.load(module, (x,), training=training)
    assert state_of_everything_else() == others
    assert state_of(module) == before
    assert torch.equal(module.plain, plain)
    assert module.seen == []
    assert module.count == 0
    assert torch.equal(x, torch.ones(2, 4))
    assert x.__dict__ == {}


@pytest.mark.parametrize("fails", [False, True])
def test_a_careless_module_that_needs_a_real_run_is_as_before(fails: bool) -> None:
    module = Careless(fails, needs_memory=True)
    before, others = state_of(module), state_of_everything_else()
    x = torch.ones(2, 4)
    if fails:
        with pytest.raises(ImporterError, match="on purpose"):
            archviz.load(module, (x,))
    else:
        model = archviz.load(module, (x,))
        assert [item.name for item in model.diagnostics] == ["run-for-real"]
    assert state_of_everything_else() == others
    assert state_of(module) == before
    assert torch.equal(x, torch.ones(2, 4))


def test_a_module_that_raises_inside_is_as_before() -> None:
    module = modules.Failing()
    before, others = state_of(module), state_of_everything_else()
    with pytest.raises(ImporterError, match=r"body\.2 \(Linear\) raised RuntimeError on 2×4"):
        archviz.load(module, (torch.ones(2, 4),))
    assert state_of(module) == before
    assert state_of_everything_else() == others


def test_hooks_run_and_stay() -> None:
    module = modules.Passing()
    calls = []
    module.first.register_forward_hook(lambda *given: calls.append(1))
    before = state_of(module)
    archviz.load(module, (torch.ones(2, 4),))
    assert calls == [1]
    assert state_of(module) == before


def test_modules_called_on_other_threads_are_not_recorded() -> None:
    import threading

    class Threaded(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            other = threading.Thread(target=lambda: nn.ReLU()(torch.ones(2)))
            other.start()
            other.join()
            return torch.tanh(x)

    graph = archviz.load(Threaded(), (torch.ones(2),)).body
    assert [node.op for node in graph.nodes] == ["tanh"]
