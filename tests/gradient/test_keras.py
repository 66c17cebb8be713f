"""Keras models on each backend: the same verdicts and, where a line is known, the same lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("keras_verdicts.py")
BACKENDS = ("torch", "tensorflow", "jax")
CUT = {
    "round": ("zero", "zero"),
    "floor": ("zero", "zero"),
    "sign": ("zero", "zero"),
    "argmax": ("cut", "nondiff"),
    "stop": ("cut", "detach"),
    "cast": ("cut", "cast"),
    "compare": ("cut", "compare"),
    "positions": ("cut", "nondiff"),
}
FINE = ("relu", "gelu", "where", "straight through")


@cache
def told(backend: str) -> Any:
    for package in ("keras", backend):
        if find_spec(package) is None:
            pytest.skip(f"Keras on {backend} needs {package}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), backend],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def parts(found: dict[str, list[Any]], layer: str) -> list[list[Any]]:
    return [item for name, item in found.items() if layer in name]


def first(found: dict[str, list[Any]]) -> list[list[Any]]:
    """What is said of the encoder, whose variables come first."""
    return list(found.values())[:2]


each_backend = pytest.mark.parametrize("backend", BACKENDS)


@each_backend
def test_cuts_have_verdict_kind_and_line(backend: str) -> None:
    found = told(backend)
    for name, (verdict, kind) in CUT.items():
        expected = [verdict, kind, found["lines"][name]]
        assert first(found["between"][name]) == [expected] * 2, name
        assert [item[0] for item in list(found["between"][name].values())[2:]] == ["ok"] * 2, name


@each_backend
def test_what_passes_gradient_on_is_no_finding(backend: str) -> None:
    for name in FINE:
        assert {item[0] for item in told(backend)["between"][name].values()} == {"ok"}, name


@each_backend
def test_values_that_give_nothing_are_told_from_a_real_backward_pass(backend: str) -> None:
    found = told(backend)["between"]
    assert [item[0] for item in first(found["saturated"])] == ["zero-here"] * 2
    assert [item[0] for item in first(found["root of zero"])] == ["nonfinite"] * 2


@each_backend
def test_a_functional_model_has_its_own_names_and_is_as_before(backend: str) -> None:
    found = told(backend)
    network = found["network"]
    assert list(network)[:2] == ["conv/kernel", "conv/bias"]
    assert {item[0] for item in parts(network, "conv/")} == {"ok"}
    assert {item[0] for item in parts(network, "head/")} == {"frozen"}
    assert {item[0] for item in parts(network, "moving_")} == {"frozen"}
    assert {item[0] for item in parts(network, "norm/gamma")} == {"ok"}
    assert found["untouched"]


@each_backend
def test_a_cut_in_the_loss_is_named(backend: str) -> None:
    hits = told(backend)["hits"]
    assert [item[:2] for item in parts(hits, "conv/")] == [["cut", "nondiff"]] * 2


def test_the_command_checks_a_keras_model(tmp_path: Path) -> None:
    if find_spec("keras") is None or find_spec("torch") is None:
        pytest.skip("the command is run on Keras on PyTorch")
    (tmp_path / "network.py").write_text(
        "import keras\n"
        "from keras import layers, ops\n"
        "class Rounded(layers.Layer):\n"
        "    def call(self, h):\n"
        "        return ops.round(h)\n"
        "def build():\n"
        "    return keras.Sequential(\n"
        "        [keras.Input((4,)), layers.Dense(4, name='enc'), Rounded(), layers.Dense(2)]\n"
        "    )\n"
    )
    environment = {
        **os.environ,
        "KERAS_BACKEND": "torch",
        "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)]),
    }
    command = [sys.executable, "-m", "archviz", "check", "network:build"]
    for options in ([], ["--input", "3x4"]):
        done = subprocess.run(
            [*command, *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "round" in done.stdout
        assert "network.py:5" in done.stdout
        assert "enc/kernel" in done.stdout
