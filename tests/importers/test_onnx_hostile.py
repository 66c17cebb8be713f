"""Broken and hostile files: one clear sentence, or a picture with a diagnostic; never more."""

from __future__ import annotations

import io
import os
import random
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_bytes import (
    IR_VERSION,
    chain,
    delimited,
    graph_bytes,
    model_of,
    names_of,
    nested_ifs,
    node_bytes,
    node_of,
    read,
    saved,
    value,
    varint,
)

from archviz.errors import ImporterError
from archviz.importers import Confidence
from archviz.importers.onnx import IMPORTER, functions
from archviz.importers.onnx.strip import strip
from archviz.ir import TensorType
from archviz.ir.verify import verify
from archviz.source import Source

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "onnx"
BIDI = "\u202e"


def refusal(folder: Path, content: bytes, **options: object) -> ImporterError:
    """The error that reading a file with the content gives."""
    path = saved(folder, content)
    with pytest.raises(ImporterError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert message.startswith("model.onnx: ")
    assert "\n" not in message
    assert str(folder) not in message
    assert len(message) < 400
    return caught.value


def zipped(member: str = "model.onnx") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), b"x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"\n <html><body>Sign in", "web page"),
        (zipped(), "zip archive"),
        (zipped("resnet/data.pkl"), "a PyTorch file"),
        (b"\x1f\x8b\x08abc", "gzip"),
        (b"\x18\0\0\0ORTM\x10\0\0\0", "ONNX Runtime's own format"),
        (b"hello world", "no intact ONNX model"),
        (random.Random(0).randbytes(20_000), "no intact ONNX model"),
        (IR_VERSION, "no graph"),
        (
            IR_VERSION + b"\x3a" + varint(2**40) + b"abc",
            "a length of 1099511627776 bytes at byte 2",
        ),
        (IR_VERSION + b"\x3a" + varint(2**64 - 1) + b"abc", "a length of 18446744073709551615"),
        (IR_VERSION + b"\x3a" + b"\xff" * 11, "a length of"),
        (
            IR_VERSION + b"\x3a\x0a" + b"abc",
            "needs 12 bytes at byte 2, and the file ends at byte 7",
        ),
        (IR_VERSION + b"\x3a", "cut short"),
        (IR_VERSION + b"\x3f\x00", "wire type 7 at byte 2"),
        (IR_VERSION + b"\x02\x00", "field number 0 at byte 2"),
        (graph_bytes(delimited(1, b"\x0a\x7f")) + b"\x18\x00", "needs 129 bytes at byte 6"),
    ],
    ids=lambda item: repr(item[:24]),
)
def test_what_is_no_model_is_refused_with_one_sentence(
    content: bytes, message: str, tmp_path: Path
) -> None:
    assert message in str(refusal(tmp_path, content))


def test_the_place_of_a_fault_is_told(tmp_path: Path) -> None:
    content = chain("Relu", "Abs").SerializeToString()
    place = content.index(b"Abs") - 2
    broken = content[:place] + b"\x26" + content[place + 1 :]
    assert refusal(tmp_path, broken).offset == place


@pytest.mark.parametrize("percent", [5, 25, 50, 75, 99])
def test_a_file_that_is_cut_shows_the_nodes_it_has(percent: int, tmp_path: Path) -> None:
    whole = (SAMPLES / "encoder_dynamo.onnx").read_bytes()
    cut = whole[: len(whole) * percent // 100]
    model = read(saved(tmp_path, cut))
    assert verify(model.body) == []
    (told,) = [item for item in model.diagnostics if item.name == "truncated-file"]
    assert told.severity == "error"
    missing = len(whole) - len(cut)
    # What follows the graph is not promised by any length.
    assert f"{len(cut):,}" in told.message
    claimed = int(told.message.partition(": ")[2].partition(" ")[0].replace(",", ""))
    assert missing - 200 < claimed <= missing
    kept = [node for node in model.body.nodes if node.kind == "op"]
    assert 0 < len(kept) <= len(read(SAMPLES / "encoder_dynamo.onnx").body.nodes)
    with pytest.raises(ImporterError, match="cut short"):
        read(saved(tmp_path, cut), strict=True)


def test_a_file_that_is_cut_in_its_weights_has_the_whole_architecture(tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=1, dims=[4, 500_000], raw_data=bytes(8_000_000))
    proto = model_of(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x")], [value("y", None)], [weight]
    )
    content = proto.SerializeToString()
    model = read(saved(tmp_path, content[: len(content) // 2]))
    assert node_of(model.body, "MatMul").parameters[0].parameter == "w"
    assert model.body.parameters["w"].type == TensorType("float32", (4, 500_000))
    assert "truncated-file" in names_of(model)


def test_a_cut_at_any_byte_is_refused_or_read(tmp_path: Path) -> None:
    whole = (SAMPLES / "functions.onnx").read_bytes()
    read_in_part = 0
    for end in range(1, len(whole)):
        try:
            model = read(saved(tmp_path, whole[:end]), infer_shapes=False)
        except ImporterError:
            continue
        assert verify(model.body) == []
        read_in_part += 1
    assert read_in_part > len(whole) // 2


@pytest.mark.parametrize("depth", [1, 10, 25, 30])
def test_subgraphs_nest_as_deep_as_the_official_parser_goes(depth: int, tmp_path: Path) -> None:
    model = read(saved(tmp_path, nested_ifs(depth)))
    graph, levels = model.body, 0
    while graph.nodes:
        graph = graph.nodes[0].subgraphs["then_branch"]
        levels += 1
    assert levels == depth


@pytest.mark.parametrize("depth", [40, 3000])
def test_deeper_subgraphs_are_refused(depth: int, tmp_path: Path) -> None:
    assert "nest" in str(refusal(tmp_path, nested_ifs(depth)))


def test_a_deep_type_is_refused(tmp_path: Path) -> None:
    type_ = b""
    for _ in range(5000):
        type_ = delimited(4, delimited(1, type_))
    content = graph_bytes(delimited(11, delimited(1, b"x") + delimited(2, type_)))
    assert "nest" in str(refusal(tmp_path, content))


def test_a_live_model_may_nest_deeper_than_any_file() -> None:
    proto = onnx.ModelProto()
    graph = proto.graph
    for _ in range(500):
        node = graph.node.add(op_type="If")
        attribute = node.attribute.add(name="then_branch", type=onnx.AttributeProto.GRAPH)
        graph = attribute.g
    with pytest.raises(ImporterError, match="nests"):
        read(proto)
    model = read(proto, infer_shapes=False)
    assert "deep-subgraph" in names_of(model)


def test_huge_and_negative_sizes_are_numbers_like_others() -> None:
    proto = model_of(
        [helper.make_node("Relu", ["w"], ["y"])], [], [value("y", [2**62, 2**62])],
        [TensorProto(name="w", data_type=1, dims=[2**62, 2**62, -5])],
    )  # fmt: skip
    graph = read(proto).body
    assert graph.parameters["w"].type == TensorType("float32", (2**62, 2**62, None))
    assert graph.values["y"].type == TensorType("float32", (2**62, 2**62))


def test_names_are_cleaned_of_what_terminals_and_pages_obey(tmp_path: Path) -> None:
    hostile = b"</text><script>alert(1)</script>\x1b[31m\x00" + BIDI.encode()
    node = delimited(4, b"Re\xff\xfelu") + delimited(3, hostile) + delimited(2, b"y\xff")
    content = graph_bytes(delimited(1, node) + delimited(2, b"g\x07"))
    graph = read(saved(tmp_path, content)).body
    (found,) = graph.nodes
    assert found.op == "Re\ufffd\ufffdlu"
    assert found.outputs == ("y\ufffd",)
    assert found.name == "</text><script>alert(1)</script>\ufffd[31m\ufffd\ufffd"
    assert graph.name == "g\ufffd"
    assert verify(graph) == []


def test_values_whose_names_differ_in_broken_bytes_alone_stay_apart(tmp_path: Path) -> None:
    content = graph_bytes(
        node_bytes(b"Relu", [b"x"], [b"a\xff"])
        + node_bytes(b"Abs", [b"x"], [b"a\xfe"])
        + node_bytes(b"Neg", [b"a\xfe"], [b"y"])
        + delimited(11, delimited(1, b"x"))
    )
    graph = read(saved(tmp_path, content)).body
    assert node_of(graph, "Neg").inputs == node_of(graph, "Abs").outputs == ("a\ufffd#2",)


def test_a_name_of_20_mb_is_cut(tmp_path: Path) -> None:
    long = b"A" * 20_000_000
    content = graph_bytes(
        delimited(1, delimited(4, b"Relu") + delimited(3, long) + delimited(2, long))
        + node_bytes(b"Abs", [long], [b"y"])
    )
    graph = read(saved(tmp_path, content)).body
    relu, negated = graph.nodes
    assert len(relu.name) == 4096
    assert len(relu.id) <= 4096
    assert relu.outputs == negated.inputs
    assert len(relu.outputs[0] or "") == 4096


def test_a_graph_that_comes_twice_is_one_graph(tmp_path: Path) -> None:
    first = model_of([helper.make_node("Relu", ["x"], ["h"])], [value("x")])
    second = model_of([helper.make_node("Abs", ["h"], ["y"])], [], [value("y")])
    content = IR_VERSION + b"".join(
        delimited(7, part.graph.SerializeToString()) for part in (first, second)
    )
    graph = read(saved(tmp_path, content)).body
    assert [node.op for node in graph.nodes] == ["Relu", "Abs"]
    assert node_of(graph, "Abs").inputs == ("h",)
    large = IR_VERSION + b"".join(
        delimited(7, part.graph.SerializeToString() + delimited(10, b" " * 3_000_000))
        for part in (first, second)
    )
    assert read(saved(tmp_path, large)).body == graph


def function_bomb(levels: int) -> onnx.ModelProto:
    """Functions that each call the next one twice."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("b", 1)]
    made = []
    for i in range(levels):
        calls = [
            helper.make_node(f"f{i + 1}", ["x"], ["t"], domain="b"),
            helper.make_node(f"f{i + 1}", ["t"], ["y"], domain="b"),
        ]
        last = [helper.make_node("Relu", ["x"], ["y"])]
        body = calls if i < levels - 1 else last
        made.append(helper.make_function("b", f"f{i}", ["x"], ["y"], body, opsets))
    call = helper.make_node("f0", ["x"], ["y"], domain="b")
    return model_of([call], [value("x")], [value("y")], functions=made, domains=["b"])


def test_functions_that_would_expand_for_ever_stay_calls() -> None:
    start = time.monotonic()
    model = read(function_bomb(40))
    assert time.monotonic() - start < 2
    assert [node.op for node in model.body.nodes] == ["f0"]
    assert "large-function" in names_of(model)


def test_functions_expand_up_to_the_budget() -> None:
    model = read(function_bomb(12), infer_shapes=False)
    assert len(model.body.nodes) == 2**11
    assert verify(model.body) == []


def test_calls_that_exceed_the_budget_together_stay_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(functions, "MAX_EXPANDED", 2000)
    proto = function_bomb(8)
    for i in range(20):
        proto.graph.node.append(helper.make_node("f0", ["x"], [f"y{i}"], domain="b"))
    model = read(proto, infer_shapes=False)
    calls = sum(node.op == "f0" for node in model.body.nodes)
    assert 0 < calls < 21
    assert len(model.body.nodes) == (21 - calls) * 2**7 + calls
    assert len(model.body.nodes) < 2000
    assert "large-function" in names_of(model)


@pytest.mark.parametrize("cycle", [1, 2, 5])
def test_functions_that_call_themselves_stay_calls(cycle: int) -> None:
    opsets = [helper.make_opsetid("b", 1)]
    made = [
        helper.make_function(
            "b", f"f{i}", ["x"], ["y"],
            [helper.make_node(f"f{(i + 1) % cycle}", ["x"], ["y"], domain="b")], opsets,
        )
        for i in range(cycle)
    ]  # fmt: skip
    entry = helper.make_function(
        "b", "entry", ["x"], ["y"], [helper.make_node("f0", ["x"], ["y"], domain="b")], opsets
    )
    call = helper.make_node("entry", ["x"], ["y"], domain="b")
    model = read(
        model_of([call], [value("x")], [value("y")], functions=[*made, entry], domains=["b"])
    )
    assert [node.op for node in model.body.nodes] == ["entry"]
    assert "recursive-function" in names_of(model)


def test_a_long_chain_of_functions_stays_a_call() -> None:
    opsets = [helper.make_opsetid("b", 1)]
    made = [
        helper.make_function(
            "b", f"f{i}", ["x"], ["y"], [helper.make_node(f"f{i + 1}", ["x"], ["y"], domain="b")],
            opsets,
        )
        for i in range(3000)
    ]  # fmt: skip
    call = helper.make_node("f0", ["x"], ["y"], domain="b")
    model = read(model_of([call], [value("x")], [value("y")], functions=made, domains=["b"]))
    assert [node.op for node in model.body.nodes] == ["f0"]


def test_a_function_called_very_often_takes_linear_time() -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("b", 1)]
    one = helper.make_function(
        "b", "f", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], opsets
    )
    calls = [helper.make_node("f", ["x"], [f"y{i}"], domain="b") for i in range(20_000)]
    proto = model_of(calls, [value("x")], [], functions=[one], domains=["b"])
    start = time.monotonic()
    graph = read(proto, infer_shapes=False).body
    assert time.monotonic() - start < 15
    assert graph.nodes[-1].scope == ("f@20000",)


@pytest.mark.parametrize(
    "place", ["../../../../etc/passwd", "/etc/passwd", "http://127.0.0.1/x", "link.bin"]
)
def test_external_data_is_not_followed(place: str, tmp_path: Path) -> None:
    (tmp_path / "link.bin").symlink_to("/etc/passwd")
    proto = model_of([helper.make_node("Relu", ["w"], ["y"])], [], [value("y", None)])
    stored = proto.graph.initializer.add(name="w", data_type=1, dims=[4])
    stored.data_location = TensorProto.EXTERNAL
    stored.external_data.add(key="location", value=place)
    parameter = read(saved(tmp_path, proto)).body.parameters["w"]
    assert parameter.location == f"{place.rpartition('/')[2]}+0"
    assert parameter.value is None


def dims_of_a_tensor(count: int) -> bytes:
    return delimited(5, delimited(8, b"w") + b"\x08\x01" * count)


def packed_dims_of_a_tensor(count: int) -> bytes:
    return delimited(5, delimited(8, b"w") + delimited(1, b"\x01" * count))


def dims_of_a_value(count: int) -> bytes:
    shape = delimited(2, b"\x0a\x00" * count)
    return delimited(11, delimited(1, b"x") + delimited(2, delimited(1, b"\x08\x01" + shape)))


@pytest.mark.parametrize("make", [dims_of_a_tensor, packed_dims_of_a_tensor, dims_of_a_value])
@pytest.mark.parametrize("count", [65, 2000, 2_000_000])
def test_a_rank_that_no_tensor_has_is_unknown(
    make: Callable[[int], bytes], count: int, tmp_path: Path
) -> None:
    content = graph_bytes(node_bytes(b"Relu", [b"x"], [b"y"]) + make(count))
    graph = read(saved(tmp_path, content)).body
    types = [item.type for item in graph.parameters.values()] or [graph.values["x"].type]
    assert [getattr(item, "shape", None) for item in types] == [None]


def test_text_forms_that_do_not_parse_are_refused(tmp_path: Path) -> None:
    broken = {
        "a.onnxtxt": b"<ir_version: 8, opset_import: [] > agraph (float[",
        "b.textproto": b'ir_version: 8\ngraph {\n node { op_type: "Relu"',
        "c.onnxjson": b'{"irVersion": "8", "graph": {"node": [',
        "d.onnxjson": b'{"irVersion": "8", "graph": ' + b"[" * 100_000,
        "e.textproto": b"ir_version: 8\ngraph {" + b"node { attribute { g {" * 2000,
        "f.textproto": b'ir_version: 8\ngraph { name: "\xff" }',
    }
    for name, content in broken.items():
        with pytest.raises(ImporterError) as caught:
            read(saved(tmp_path, content, name))
        assert str(caught.value).startswith(f"{name}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        # TensorFlow: a SavedModel and a GraphDef begin with fields of other meanings.
        b"\x08\x01" + delimited(2, delimited(1, b"x" * 100) + delimited(2, b"y" * 9000)),
        delimited(1, delimited(1, b"x") + delimited(2, b"Placeholder")) * 50,
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        b"\x80\x04\x95" + bytes(100),
        b'{"class_name": "Sequential", "config": {"ir_version": 1}}',
        b'{\n "archviz": 1,\n "metadata": {"ir_version": "10"}, "graph": {}}',
        b"hello",
        b"",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_files_of_other_formats_are_not_claimed(content: bytes, tmp_path: Path) -> None:
    assert IMPORTER.sniff(Source.of(saved(tmp_path, content, "model.pb"))) is Confidence.NONE
    assert IMPORTER.sniff(Source.of(saved(tmp_path, content))) is Confidence.SUFFIX


def test_other_objects_and_folders_are_not_claimed(tmp_path: Path) -> None:
    assert IMPORTER.sniff(Source.of(object())) is Confidence.NONE
    assert IMPORTER.sniff(Source.of(tmp_path)) is Confidence.NONE
    assert IMPORTER.sniff(Source.of(onnx.ModelProto())) is Confidence.CONTENT
    for other in (object(), tmp_path):
        with pytest.raises(ImporterError, match="no ONNX model"):
            read(other)


def mutate(random_: random.Random, content: bytes) -> bytes:
    """The content with a few bytes changed, doubled, dropped or exchanged."""
    data = bytearray(content)
    for _ in range(random_.choice((1, 1, 2, 4, 8))):
        place = random_.randrange(len(data))
        kind = random_.randrange(6)
        if kind == 0:
            data[place] = random_.randrange(256)
        elif kind == 1:
            data[place] ^= 1 << random_.randrange(8)
        elif kind == 2:
            del data[place : place + random_.randrange(1, 16)]
        elif kind == 3:
            data[place:place] = random_.randbytes(random_.randrange(1, 8))
        elif kind == 4:
            data[place:place] = data[place : place + random_.randrange(1, 64)]
        else:
            data[place] = random_.choice((0, 1, 0x7F, 0x80, 0xFF))
        if not data:
            data = bytearray(b"\x08")
    return bytes(data)


def test_mutated_samples_raise_nothing_but_importer_errors(tmp_path: Path) -> None:
    count = int(os.environ.get("ARCHVIZ_MUTATIONS", "10000"))
    random_ = random.Random(2)
    small = ("control_flow", "functions", "quantized", "cnn_legacy", "encoder_dynamo")
    samples = [(SAMPLES / f"{name}.onnx").read_bytes() for name in small]
    path = tmp_path / "model.onnx"
    readable = 0
    for number in range(count):
        path.write_bytes(mutate(random_, samples[number % len(samples)]))
        try:
            # Inference is apart from the process, and slow: a part of the mutants goes through.
            model = read(path, infer_shapes=number % 10 == 0)
        except ImporterError:
            continue
        assert verify(model.body) == []
        readable += 1
    assert readable > count // 10


def test_mutated_bytes_that_the_official_parser_takes_lose_nothing_in_the_walk() -> None:
    random_ = random.Random(3)
    whole = (SAMPLES / "control_flow.onnx").read_bytes()
    taken = 0
    for _ in range(2000):
        content = mutate(random_, whole)
        try:
            expected = onnx.ModelProto.FromString(content)
        except Exception:
            continue
        try:
            stripped = strip(io.BytesIO(content), len(content))
        except ImporterError:
            continue  # groups, which protobuf knows and ONNX does not use
        if not stripped.missing:
            assert onnx.ModelProto.FromString(stripped.data) == expected
            taken += 1
    assert taken > 200


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.onnx")), ids=lambda path: path.name)
def test_the_walk_alone_leaves_the_same_structure(path: Path) -> None:
    content = path.read_bytes()
    for keep in (0, 16, 1024):
        stripped = strip(io.BytesIO(content), len(content), keep=keep)
        kept, whole = onnx.ModelProto.FromString(stripped.data), onnx.ModelProto.FromString(content)
        for graph in (kept.graph, whole.graph):
            for tensor in graph.initializer:
                for field in ("raw_data", "float_data", "int64_data", "int32_data"):
                    tensor.ClearField(field)  # type: ignore[arg-type]
        assert len(kept.graph.node) == len(whole.graph.node)
        assert kept.graph.initializer == whole.graph.initializer
        assert stripped.missing == 0
