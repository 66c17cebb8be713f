"""The gradient flow: its numbers are autograd's, its order the call's, its figure well formed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import archviz
from archviz.analysis.gradient.flow import FlowRow, GradientFlow
from archviz.errors import OptionError
from archviz.flow_figure import draw
from archviz.scene import Text, flatten

torch = pytest.importorskip("torch", reason="the gradient flow needs PyTorch")
nn = torch.nn


class Backwards(nn.Module):
    """Registers its layers in another order than it calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.spare = nn.Linear(4, 4)
        self.first = nn.Linear(3, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)

    def forward(self, x: Any) -> Any:
        return self.last(torch.tanh(self.frozen(self.first(x))))


def loss(y: Any) -> Any:
    return y.pow(2).mean()


def test_norm_mean_and_largest_are_those_of_backward() -> None:
    torch.manual_seed(0)
    model, x = Backwards(), torch.randn(5, 3)
    flow = archviz.gradient_flow(model, x, loss=loss)
    loss(model(x)).backward()
    for row in flow.rows:
        gradient = dict(model.named_parameters())[row.name].grad
        if gradient is not None:
            assert row.norm == pytest.approx(gradient.norm().item(), rel=1e-5)
            assert row.mean == pytest.approx(gradient.abs().mean().item(), rel=1e-5)
            assert row.max == pytest.approx(gradient.abs().max().item(), rel=1e-5)
    assert flow.loss == pytest.approx(loss(model(x)).item())


def test_rows_are_in_the_order_of_the_call_with_what_is_unused_last() -> None:
    flow = archviz.gradient_flow(Backwards(), torch.randn(5, 3), loss=loss)
    assert [row.name.partition(".")[0] for row in flow.rows][::2] == [
        "first",
        "frozen",
        "last",
        "spare",
    ]
    assert [row.state for row in flow.rows][::2] == ["ok", "frozen", "ok", "none"]
    assert "spare.weight, spare.bias get no gradient" in flow.warnings[0]


def test_a_deep_stack_of_sigmoids_vanishes_and_of_large_layers_explodes() -> None:
    torch.manual_seed(0)
    layers = [part for _ in range(12) for part in (nn.Linear(8, 8), nn.Sigmoid())]
    vanishing = archviz.gradient_flow(nn.Sequential(*layers), torch.randn(4, 8), loss=loss)
    assert any("vanish" in text for text in vanishing.warnings)
    wide = [nn.Linear(8, 8) for _ in range(12)]
    with torch.no_grad():
        for layer in wide:
            layer.weight.mul_(12)
    model = nn.Sequential(*wide)
    exploding = archviz.gradient_flow(model, torch.randn(4, 8) * 1e-3, loss=lambda y: y.mean())
    assert all("vanish" not in text for text in exploding.warnings)
    # Every layer multiplies what comes back by the same factor, and forward activations as well.
    rows = tuple(FlowRow(f"{i}", (2, 2), "ok", 1, 10.0 ** (8 - i), 1) for i in range(8))
    assert any("explode" in text for text in GradientFlow(rows).warnings)


def test_a_well_made_network_is_told_nothing_of() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    assert archviz.gradient_flow(model, torch.randn(16, 3), loss=loss).warnings == ()


def test_a_gradient_that_is_not_finite_is_said() -> None:
    model = nn.Linear(3, 1)
    flow = archviz.gradient_flow(model, torch.randn(2, 3), loss=lambda y: (y * 0).sqrt().sum())
    assert {row.state for row in flow.rows} == {"nonfinite"}
    assert "infinite or not a number" in flow.warnings[0]
    assert json.loads(json.dumps(flow.to_json(), allow_nan=False))["norm"] is None


def test_the_model_and_random_state_are_as_before() -> None:
    class Follows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fast, self.slow = nn.Linear(3, 3), nn.Linear(3, 3)
            self.norm = nn.BatchNorm1d(3)

        def forward(self, x: Any) -> Any:
            with torch.no_grad():
                self.slow.weight.lerp_(self.fast.weight, 0.5)
            self.seen = x
            return self.norm(self.fast(x))

    model = Follows()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(7)
    state = torch.get_rng_state()
    archviz.gradient_flow(model, torch.randn(4, 3, generator=torch.Generator()), seed=3)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not hasattr(model, "seen")


def test_a_seed_gives_the_same_numbers_and_another_others() -> None:
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    x = torch.randn(4, 3)
    one, same, other = (archviz.gradient_flow(model, x, loss=loss, seed=s) for s in (1, 1, 2))
    assert one.rows == same.rows
    assert one.rows != other.rows


def test_nothing_that_asks_for_gradient_is_an_error() -> None:
    with pytest.raises(OptionError, match="nothing that asks for gradient"):
        archviz.gradient_flow(nn.Linear(3, 3).requires_grad_(False), torch.randn(2, 3))
    with pytest.raises(OptionError, match="no values"):
        archviz.gradient_flow(nn.Linear(3, 3, device="meta"), torch.randn(2, 3, device="meta"))


def test_the_figure_has_a_row_for_each_parameter_and_stays_on_its_page() -> None:
    flow = archviz.gradient_flow(Backwards(), torch.randn(5, 3), loss=loss)
    scene = draw(flow)
    texts = [mark for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert {row.name for row in flow.rows} <= {text.text for text in texts}
    assert all(text.left >= 0 and text.left + text.width <= scene.width for text in texts)
    ElementTree.fromstring(str(archviz.render_flow(flow)))


def test_the_command_prints_a_table_or_json_and_draws(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "def build():\n"
        "    table = torch.nn.Embedding(9, 4, padding_idx=0)\n"
        "    return torch.nn.Sequential(table, torch.nn.Linear(4, 2))\n"
        "def loss(y): return y.pow(2).mean()\n"
    )
    command = [sys.executable, "-m", "archviz", "gradflow", "net:build", "--input", "int64:2x3"]
    command += ["--loss", "net:loss", "-o", "flow.svg"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])}

    def output(*more: str) -> str:
        return subprocess.run(
            [*command, *more],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    table = output()
    assert "0.weight   9×4" in table
    assert "warning" not in table  # the made-up indices are not those of padding alone
    assert (tmp_path / "flow.svg").read_text().startswith("<svg")
    done = subprocess.run(
        [*command, "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["archviz-gradient-flow"] == 1
