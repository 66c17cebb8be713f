"""TorchScript archives: the graph that the code in them describes, without running it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from torch_bytes import names_of, opcodes, parameter, saved, zipped

from archviz.errors import ImporterError
from archviz.importers import choose
from archviz.importers.torchscript import IMPORTER
from archviz.ir import Model
from archviz.ir.verify import verify
from archviz.ir.walk import edges
from archviz.source import Source

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "torchscript"

needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")


def read(path: Path) -> Model:
    return IMPORTER.read(Source.of(path))


def instance(name: str, state: dict[str, Any]) -> bytes:
    """The instructions for an object of a class of the archive."""
    module, _, cls = name.rpartition(".")
    return f"c{module}\n{cls}\n".encode() + b")\x81" + opcodes(state) + b"b"


def script(folder: Path, code: str, state: dict[str, Any] | None = None, **more: bytes) -> Path:
    """An archive whose model is the class M of ``code``."""
    members = {
        "a/data.pkl": b"\x80\x02" + instance("__torch__.M", state or {}) + b".",
        "a/constants.pkl": b"\x80\x02).",
        "a/code/__torch__.py": code.encode(),
        **more,
    }
    return saved(folder, zipped(members))


def forward(*lines: str, arguments: str = "x: Tensor") -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return (
        f"class M(Module):\n  def forward(self: __torch__.M,\n    {arguments}) -> Tensor:\n{body}"
    )


def ops(model: Model) -> list[str]:
    return [node.op for node in model.body.nodes]


def wires(model: Model) -> list[tuple[str | None, str | None]]:
    return [(edge.source, edge.target) for edge in edges(model.body)]


def test_scripted_and_traced_models_give_the_same_modules() -> None:
    scripted, traced = read(SAMPLES / "scripted.pt").body, read(SAMPLES / "traced.pt").body
    assert verify(scripted) == verify(traced) == []
    assert {path: s.type for path, s in scripted.scopes.items()} == {
        path: s.type for path, s in traced.scopes.items()
    }
    outermost = [path for path in scripted.scopes if len(path) == 1]
    assert outermost == [("stem",), ("blocks",), ("shared",), ("shared@2",), ("head",)]
    assert scripted.outputs == traced.outputs == ("output.0", "output.1")
    assert len(scripted.nodes) == len(traced.nodes) + 4  # sum, gt, cos and if
    assert set(scripted.parameters) == set(traced.parameters)
    kinds = {item.kind for item in scripted.parameters.values()}
    assert kinds == {"weight"}


def test_a_condition_on_data_joins_both_sides() -> None:
    model = read(SAMPLES / "scripted.pt")
    joined = wires(model)
    assert {("gt", "if"), ("sin", "if"), ("cos", "if"), ("if", "mean")} <= set(joined)
    assert names_of(model) == ["data-dependent-branch"]


def test_settings_have_the_names_of_arguments() -> None:
    conv = read(SAMPLES / "traced.pt").body.nodes[0]
    assert conv.op == "_convolution"
    assert conv.attributes["stride"] == (2, 2)
    assert [use.role for use in conv.parameters] == ["weight", "bias"]


def test_known_conditions_are_decided(tmp_path: Path) -> None:
    code = forward(
        "if self.training:",
        "  x0 = torch.sin(x)",
        "else:",
        "  x0 = torch.cos(x)",
        "if torch.gt(torch.len([1, 2]), 1):",
        "  x1 = torch.relu(x0)",
        "else:",
        "  x1 = x0",
        "return x1",
    )
    assert ops(read(script(tmp_path, code, {"training": False}))) == ["cos", "relu"]


def test_a_check_that_fails_is_not_drawn(tmp_path: Path) -> None:
    code = forward(
        "if torch.ne(torch.dim(x), 4):",
        '  ops.prim.RaiseException("no", "builtins.ValueError")',
        "else:",
        "  pass",
        "return torch.relu(x)",
    )
    model = read(script(tmp_path, code))
    assert ops(model) == ["relu"]
    assert names_of(model) == []


def test_loops_are_unrolled_where_their_length_is_known(tmp_path: Path) -> None:
    code = forward(
        "y = x",
        "for i in range(3):",
        "  y = torch.relu(y)",
        "for j in range(torch.size(x, 0)):",
        "  y = torch.sin(y)",
        "return y",
    )
    model = read(script(tmp_path, code))
    assert ops(model) == ["relu", "relu", "relu", "sin"]
    assert names_of(model) == ["data-dependent-loop"]


def test_results_of_one_operation_are_its_outputs(tmp_path: Path) -> None:
    code = forward("a, b = torch.max(x, 1)", "return (torch.relu(b), a)")
    model = read(script(tmp_path, code))
    largest, relu = model.body.nodes
    assert len(largest.outputs) == 2
    assert relu.inputs == (largest.outputs[1],)


def test_writing_in_place_changes_what_a_name_stands_for(tmp_path: Path) -> None:
    code = forward("y = torch.sin(x)", "_0 = torch.add_(y, x)", "return torch.cos(y)")
    assert wires(read(script(tmp_path, code))) == [
        (None, "sin"), ("sin", "add_"), (None, "add_"), ("add_", "cos"), ("cos", None),
    ]  # fmt: skip


def test_lists_of_tensors_are_followed(tmp_path: Path) -> None:
    code = forward(
        "z = annotate(List[Tensor], [])",
        "_0 = torch.append(z, torch.sin(x))",
        "_1 = torch.append(z, x)",
        "return torch.cat(z, 1)",
    )
    model = read(script(tmp_path, code))
    assert model.body.nodes[1].attributes == {"dim": 1}
    assert wires(model) == [(None, "sin"), ("sin", "cat"), (None, "cat"), ("cat", None)]


def test_functions_of_the_library_are_one_operation(tmp_path: Path) -> None:
    library = (
        "def _max_pool2d(input: Tensor,\n    kernel_size: List[int]) -> Tensor:\n"
        "  return torch.max_pool2d(input, kernel_size)\n"
        "def size_of(x: int) -> int:\n  return torch.add(x, 1)\n"
    )
    code = forward(
        "a = __torch__.torch.nn.functional._max_pool2d(x, [3, 3])",
        "b = __torch__.mine.twice(a)",
        "return torch.softmax(b, __torch__.torch.nn.functional.size_of(1))",
    )
    mine = "def twice(x: Tensor) -> Tensor:\n  return torch.add(x, x)\n"
    path = script(
        tmp_path, code,
        **{"a/code/__torch__/torch/nn/functional.py": library.encode(),
           "a/code/__torch__/mine.py": mine.encode()},
    )  # fmt: skip
    model = read(path)
    assert ops(model) == ["max_pool2d", "add", "softmax"]
    assert model.body.nodes[0].attributes == {"kernel_size": (3, 3)}
    assert model.body.nodes[2].attributes == {"dim": 2}


def test_tied_weights_are_one_parameter(tmp_path: Path) -> None:
    code = forward("return torch.linear(torch.embedding(self.a, x), self.b)")
    weights = {"a": parameter(3, 4, key="0"), "b": parameter(3, 4, key="0")}
    model = read(script(tmp_path, code, weights))
    assert list(model.body.parameters) == ["a"]
    assert [node.parameters[0].role for node in model.body.nodes] == ["weight", "weight"]


RECURSIVE = forward("return (self).forward(x, )")
DEEP = forward("return " + "(" * 100_000 + "x" + ")" * 100_000)
NESTED_CALLS = forward("return " + "torch.relu(" * 150 + "x" + ")" * 150)
LONG = forward(
    *(f"{'  ' * depth}for i{depth} in range(500):" for depth in range(3)),
    "      x = torch.relu(x)",
    "return x",
)
IDLE = LONG.replace("x = torch.relu(x)", "y = 1")
DOUBLING = forward(
    "z = [1]", "for i in range(400):", "  z = torch.add(z, z)", "n = torch.len(z)",
    "return torch.relu(x)",
)  # fmt: skip
POWERS = forward(
    "n = 3", "for i in range(500):", "  n = torch.mul(n, n)", "return torch.view(x, [n])"
)  # fmt: skip


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (RECURSIVE, "nests more than 60 calls deep"),
        (LONG, "more than 40,000 operations"),
        (IDLE, "more than 300,000 steps"),
        ("class M(Module):\n  pass\n", "no method forward"),
    ],
    ids=["recursive", "long", "idle", "no forward"],
)
def test_code_that_cannot_be_followed_leaves_the_modules(
    code: str, message: str, tmp_path: Path
) -> None:
    inner = {"weight": parameter(2, 2)}
    model = read(script(tmp_path, code, inner))
    assert names_of(model) == ["no-edges"]
    assert message in model.diagnostics[0].message
    assert [use.role for use in model.body.nodes[0].parameters] == ["weight"]


@pytest.mark.parametrize("code", [DEEP, "def (", "\0", "class M(Module):\n  def forward(" * 9])
def test_code_that_cannot_be_parsed_leaves_the_modules(code: str, tmp_path: Path) -> None:
    model = read(script(tmp_path, code))
    assert "cannot be parsed" in model.diagnostics[0].message
    assert "\n" not in model.diagnostics[0].message


@pytest.mark.parametrize("code", [NESTED_CALLS, DOUBLING, POWERS])
def test_values_stay_small_and_expressions_may_nest(code: str, tmp_path: Path) -> None:
    model = read(script(tmp_path, code))
    assert verify(model.body) == []
    assert set(ops(model)) <= {"relu", "view"}


def test_nothing_in_the_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import os\nos.system('touch executed')\n" + forward(
        "os.system('touch executed')", "__import__('os').system('touch executed')", "return x"
    )
    path = script(tmp_path, code)
    assert read(path).body.outputs == ("x",)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a/data.pkl": b"N."}, "without the code"),
        ({"a/data.pkl": b"N.", "a/code/x.py": b""}, "no module"),
        ({"a/data.pkl": b"", "a/code/x.py": b""}, "cut short"),
    ],
)
def test_what_is_no_archive_of_torchscript_is_refused(
    members: dict[str, bytes], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ImporterError, match=message):
        read(saved(tmp_path, zipped(members)))


def test_samples_are_recognised_and_no_framework_is_loaded() -> None:
    assert choose(Source.of(SAMPLES / "traced.pt")).name == "torchscript"
    code = (
        "import sys, archviz; archviz.load(sys.argv[1])\n"
        "print({'torch', 'numpy', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, SAMPLES / "scripted.pt"], capture_output=True, text=True
    )
    assert done.stdout == "set()\n", done.stderr


SCRIPT = """
import sys, torch, warnings
warnings.simplefilter("ignore")
model = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).train()
convolutions = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4),
                                   torch.nn.ReLU(), torch.nn.MaxPool2d(2)).eval()
torch.jit.script(model).save(sys.argv[1])
torch.jit.script(convolutions).save(sys.argv[2])
recurrent = torch.nn.LSTM(4, 5, 2)
torch.jit.script(recurrent).save(sys.argv[3])
"""


@needs_torch
def test_modules_of_the_library_are_followed(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.pt" for number in range(3)]
    subprocess.run([sys.executable, "-c", SCRIPT, *paths], check=True, capture_output=True)
    encoder, convolutions, recurrent = map(read, paths)
    assert ops(convolutions) == ["conv2d", "batch_norm", "relu", "max_pool2d"]
    found = ops(encoder)
    assert found.count("linear") == 2
    assert "multi_head_attention_forward" in found
    assert "lstm" in ops(recurrent)
    assert all(not verify(model.body) for model in (encoder, convolutions, recurrent))
