"""Verdicts from files alone: what no loss can train, and nothing that some loss can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnx.parser
import pytest

import archviz
from archviz import api
from archviz.analysis.gradient.static import is_judged
from archviz.errors import OptionError
from archviz.ir import Model

SAMPLES = Path(__file__).parents[1] / "samples"


def model(
    body: str, outputs: str = "float[2,4] y", weights: tuple[str, ...] = ("float[4,4] w",)
) -> Model:
    """A graph with weights that are stored, each filled with zeros."""
    text = f"""<ir_version: 8, opset_import: ["" : 18]>
    g (float[2,4] x) => ({outputs}) {{ {body} }}"""
    proto = onnx.parser.parse_model(text)
    for weight in weights:
        kind, name = weight.split()
        dims = [int(size) for size in kind[kind.index("[") + 1 : -1].split(",")]
        size = 1
        for dim in dims:
            size *= dim
        proto.graph.initializer.append(
            onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, dims, [0.5] * size)
        )
    return archviz.load(proto)


CUT: dict[str, tuple[str, str, str]] = {
    "argmax": (
        "h = MatMul(x, w) i = ArgMax<axis=1, keepdims=0>(h) y = Gather<axis=0>(v, i)",
        "nondiff",
        "ArgMax",
    ),
    "compare": ("h = MatMul(x, w) m = Greater(h, x) y = Where(m, x, v)", "compare", "Greater"),
    "cast": (
        "h = MatMul(x, w) q = Cast<to=6>(h) f = Cast<to=1>(q) y = MatMul(f, v)",
        "cast",
        "Cast",
    ),
    "round": ("h = MatMul(x, w) r = Round(h) y = MatMul(r, v)", "zero", "Round"),
    "sign": ("h = MatMul(x, w) r = Sign(h) y = MatMul(r, v)", "zero", "Sign"),
    "shape": (
        "h = MatMul(x, w) s = Shape(h) f = Cast<to=1>(s) g = ReduceSum<keepdims=0>(f) "
        "m = MatMul(x, v) y = Mul(m, g)",
        "nondiff",
        "Shape",
    ),
    "hardmax": ("h = MatMul(x, w) r = Hardmax<axis=1>(h) y = MatMul(r, v)", "nondiff", "Hardmax"),
    "nonzero": (
        "h = MatMul(x, w) n = NonZero(h) f = Cast<to=1>(n) s = ReduceSum<keepdims=0>(f) "
        "m = MatMul(x, v) y = Mul(m, s)",
        "nondiff",
        "NonZero",
    ),
    "subgraph": (
        "h = MatMul(x, w) s = ReduceSum<keepdims=0>(h) z = Sub(s, s) c = Less(z, s) "
        "y = If (c) <then_branch = a () => (p) { p = MatMul(x, v) }, "
        "else_branch = b () => (q) { q = Neg(x) }>",
        "compare",
        "Less",
    ),
}
FINE = {
    "matmul": "h = MatMul(x, w) y = MatMul(h, v)",
    "softmax": "h = MatMul(x, w) s = Softmax(h) y = MatMul(s, v)",
    "beside argmax": "h = MatMul(x, w) i = ArgMax<axis=1, keepdims=0>(h) g = Gather<axis=0>(v, i) "
    "y = Add(g, h)",
    "topk values": "h = MatMul(x, w) k = Constant<value_ints=[4]>() t, i = TopK<axis=1>(h, k) "
    "y = MatMul(t, v)",
    "clip": "h = MatMul(x, w) c = Clip(h) y = MatMul(c, v)",
    "half precision": "h = MatMul(x, w) q = Cast<to=10>(h) f = Cast<to=1>(q) y = MatMul(f, v)",
    "layer norm": "h = MatMul(x, w) b = ReduceMean<keepdims=0>(v) e = Expand(b, n) y = Mul(h, e)",
    "loop": "h = MatMul(x, w) k = Constant<value_int=3>() "
    "y = Loop (k, , h) <body = a (int64 i, bool c, float[2,4] s) => (bool d, float[2,4] t) "
    "{ d = Identity(c) t = MatMul(s, v) }>",
    "branch": "h = MatMul(x, w) c = Constant<value_int=1>() d = Cast<to=9>(c) "
    "y = If (d) <then_branch = a () => (p) { p = MatMul(h, v) }, "
    "else_branch = b () => (q) { q = Neg(h) }>",
    "gathered table": "h = MatMul(x, w) i = Constant<value_ints=[0, 1]>() "
    "g = Gather<axis=0>(v, i) y = Mul(h, g)",
}
BOTH = ("float[4,4] w", "float[4,4] v")


@pytest.mark.parametrize("name", CUT)
def test_a_weight_that_no_loss_trains_is_named_with_its_operation(name: str) -> None:
    body, kind, op = CUT[name]
    report = archviz.check_gradients(model(body, weights=BOTH))
    assert report.parameters["v"].verdict == "ok"
    found = report.parameters["w"]
    assert found.verdict in ("cut", "zero")
    assert found.confidence == "static"
    assert (str(found.culprits[0].kind), found.culprits[0].op) == (kind, op)
    (finding,) = report.findings
    assert finding.severity == "info"
    assert finding.parameters == ("w",)
    assert "whatever the loss; judged by the file alone" in finding.message
    assert report.ok
    assert report.backward == "static"


@pytest.mark.parametrize("name", FINE)
def test_a_weight_that_some_loss_trains_is_not(name: str) -> None:
    body = FINE[name]
    extra = "n = Constant<value_ints=[2, 4]>() " if "n)" in body else ""
    report = archviz.check_gradients(model(extra + body, weights=BOTH))
    assert [str(item.verdict) for item in report.parameters.values()] == ["ok", "ok"]
    assert not report.findings


def test_a_graph_whose_only_result_is_a_class_trains_nothing() -> None:
    report = archviz.check_gradients(
        model("h = MatMul(x, w) y = ArgMax<axis=1, keepdims=0>(h)", "int64[2] y")
    )
    assert report.parameters["w"].culprits[0].op == "ArgMax"


def test_two_operations_without_a_line_are_two_findings() -> None:
    body = "h = MatMul(x, w) r = Round(h) k = MatMul(x, v) s = Round(k) t = Add(r, s) y = Add(t, x)"
    report = archviz.check_gradients(model(body, weights=BOTH))
    assert len(report.findings) == 2


def test_check_tells_it_beside_what_other_rules_find_and_is_still_clean() -> None:
    found = api.check(model("h = MatMul(x, w) y = Round(h)"))
    assert [item.name for item in found.diagnostics] == ["zero-gradient"]
    assert not api.has_findings(found)


def test_every_sample_of_a_judged_format_has_a_report_and_no_false_alarm() -> None:
    judged = 0
    for name in ("onnx", "torch-export", "torchscript", "tensorflow"):
        for path in sorted((SAMPLES / name).iterdir()):
            if path.suffix == ".py":
                continue
            read = archviz.load(path)
            assert is_judged(read)
            judged += 1
            assert not archviz.check_gradients(read).findings, path
    assert judged > 8


def test_a_program_of_torch_export_is_judged_as_its_module_is() -> None:
    torch = pytest.importorskip("torch", reason="programs are exported by PyTorch")

    class Rounded(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.mid, self.dec = (torch.nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            h = self.enc(x).round()
            h = self.mid(h)
            return self.dec((h > 0).float())

    import io

    memory = io.BytesIO()
    program = torch.export.export(Rounded(), (torch.randn(2, 4),))
    torch.export.save(program, memory)
    from archviz.source import Source

    found = archviz.load(Source.of_bytes("rounded.pt2", memory.getvalue()))
    report = archviz.check_gradients(found)
    said = {name: str(item.verdict) for name, item in report.parameters.items()}
    assert (said["enc.weight"], said["mid.weight"]) == ("zero", "cut")
    assert said["dec.weight"] == "ok"
    assert str(report.parameters["mid.weight"].culprits[0].kind) == "compare"
    assert report.parameters["mid.weight"].culprits[0].location.line > 0


def test_a_format_that_does_not_tell_is_refused_in_one_sentence() -> None:
    read = archviz.load(SAMPLES / "tflite" / "quantized.tflite")
    with pytest.raises(OptionError, match="does not tell where gradient passes"):
        archviz.check_gradients(read)


FROZEN_GRAPH = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "shape" value { shape { dim { size: 2 } dim { size: 2 } } } } }
%s
node { name: "h" op: "MatMul" input: "x" input: "w" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "r" op: "%s" input: "h" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "y" op: "MatMul" input: "r" input: "v" attr { key: "T" value { type: DT_FLOAT } } }
"""
CONSTANT = """
node { name: "%s" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "value" value { tensor { dtype: DT_FLOAT
    tensor_shape { dim { size: 2 } dim { size: 2 } } float_val: 0.5 } } } }
"""


@pytest.mark.parametrize(
    ("op", "verdict", "kind"),
    [("Rint", "zero", "zero"), ("StopGradient", "cut", "detach"), ("Tanh", "ok", "")],
)
def test_a_graph_of_tensorflow_is_judged_by_its_registry(
    tmp_path: Path, op: str, verdict: str, kind: str
) -> None:
    constants = CONSTANT % "w" + CONSTANT % "v"
    (tmp_path / "graph.pbtxt").write_text(FROZEN_GRAPH % (constants, op))
    report = archviz.check_gradients(archviz.load(tmp_path / "graph.pbtxt"))
    assert str(report.parameters["w"].verdict) == verdict
    assert [str(item.kind) for item in report.parameters["w"].culprits[:1]] == [kind] * bool(kind)
    assert str(report.parameters["v"].verdict) == "ok"
