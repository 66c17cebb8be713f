"""A check leaves the model as it was, also when the model raises."""

from __future__ import annotations

import random
from typing import Any

import pytest

import archviz
from archviz.errors import ArchvizError

torch = pytest.importorskip("torch", reason="the check of gradients needs PyTorch")
nn = torch.nn


class Messy(nn.Module):
    """Changes what a module can change: statistics, weights, attributes, hooks, random state."""

    def __init__(self, fails: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.scale = nn.Parameter(torch.zeros(4))
        self.linear = nn.Linear(4, 4)
        self.seen: list[Any] = []
        self.fails = fails

    def forward(self, x: Any) -> Any:
        h = self.linear(self.norm(x)) * self.scale + torch.rand(4) * random.random()
        self.seen.append(h)
        self.last = h
        self.extra = nn.Parameter(torch.ones(2))
        h.sum().backward(retain_graph=True)
        with torch.no_grad():
            self.linear.weight.mul_(2)
        self.linear.bias.data = self.linear.bias.data + 1
        self.linear.bias.requires_grad_(False)
        self.train(not self.training)
        if self.fails:
            raise ValueError("on purpose")
        return h.round().sum() + h.sum()


def state(model: Any, x: Any) -> Any:
    return {
        "tensors": {n: t.clone() for n, t in model.state_dict(keep_vars=True).items()},
        "identity": [id(p) for p in model.parameters()],
        "memory": [p.data_ptr() for p in model.parameters()],
        "grad": {n: p.grad is None or p.grad.clone() for n, p in model.named_parameters()},
        "needs": {n: p.requires_grad for n, p in model.named_parameters()},
        "training": [m.training for m in model.modules()],
        "keys": [sorted(vars(m)) for m in model.modules()],
        "marks": [sorted(vars(t)) for t in (*model.parameters(), *model.buffers(), x)],
        "seen": list(model.seen),
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        "random": (torch.get_rng_state(), random.getstate()),
        "switch": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "patches": (
            vars(torch.autograd.Function)["apply"],
            torch.autograd.grad,
            torch.autograd.backward,
            torch.Tensor.backward,
            vars(nn.Parameter)["__new__"],
            torch.inference_mode.__enter__,
            nn.Module.__call__,
        ),
    }


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return bool(torch.equal(one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_nothing_of_the_model_is_changed(fails: bool) -> None:
    torch.manual_seed(0)
    model = Messy(fails)
    model.linear.weight.grad = torch.ones(4, 4)
    x = torch.randn(3, 4)
    before = state(model, x)
    if fails:
        with pytest.raises(ArchvizError, match="ValueError: on purpose"):
            archviz.check_gradients(model, (x,))
    else:
        archviz.check_gradients(model, (x,))
    after = state(model, x)
    assert [key for key in before if not equal(before[key], after[key])] == []


def test_the_first_check_imports_no_compiler_and_no_algebra() -> None:
    import subprocess
    import sys

    script = (
        "import sys, torch, archviz\n"
        "before = {'torch._dynamo', 'sympy'} & set(sys.modules)\n"
        "archviz.check_gradients(torch.nn.Linear(2, 2), (torch.ones(1, 2),))\n"
        "print(sorted({'torch._dynamo', 'sympy'} & set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=1200
    )
    assert done.stdout.strip() == "[]"


def test_a_check_on_shapes_alone_follows_backward_and_keeps_the_meta_device() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
        report = archviz.check_gradients(model, (torch.ones(3, 4),))
    assert report.ok
    assert report.backward == "shapes"
    assert report.counts() == {"ok": 4}
    assert all(parameter.is_meta and parameter.grad is None for parameter in model.parameters())


class Filling(nn.Module):
    """Writes what it computes into a small tensor that it made, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(4, 4)
        self.cut = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        filled = torch.zeros(3, 2, 4)
        filled[:, 0] = self.used(x)
        filled[:, 1] = self.cut(x).detach()
        return filled.index_select(0, torch.tensor([2, 0, 1]))


def test_backward_on_shapes_alone_goes_through_small_tensors_that_were_filled() -> None:
    with torch.device("meta"):
        model = Filling()
    report = archviz.check_gradients(model, (torch.ones(3, 4),))
    assert not report.incomplete
    assert report.backward == "shapes"
    verdicts = {name: str(item.verdict) for name, item in report.parameters.items()}
    assert verdicts == dict.fromkeys(("used.weight", "used.bias"), "ok") | dict.fromkeys(
        ("cut.weight", "cut.bias"), "cut"
    )
