"""TFLite models: operators, subgraphs, constants and quantization."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from samples import samples_of

from archviz import api
from archviz.errors import ImporterError
from archviz.ir import TensorType
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes
from archviz.reading import MalformedError
from archviz.reading.flatbuffers import Table

SAMPLES = {path.name: path for path in samples_of("tflite")}
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "tflite"
REAL = {
    "mlcommons_tiny/kws_ref_model_float32.tflite": (13, 22604),
    "mlcommons_tiny/pretrainedResnet_quant.tflite": (16, 77706),
    "tensorflow_tflite-micro/trained_lstm.tflite": (4, 9530),
    "tensorflow_tflite-micro/audio_preprocessor_int8.tflite": (22, None),
}
"""Operators, and weights where these are all that is stored."""


def test_a_quantized_model_shows_its_operators_and_their_scales() -> None:
    graph = api.load(SAMPLES["quantized.tflite"]).body
    ops = [node.op for node in graph.nodes]
    assert ops[0] == "QUANTIZE"
    assert ops[-1] == "DEQUANTIZE"
    conv = next(node for node in graph.nodes if node.op == "CONV_2D")
    assert conv.attributes["activation"] == "relu"
    assert isinstance(conv.attributes["scale"], float)
    assert isinstance(conv.attributes["zero_point"], int)
    roles = {use.role: graph.parameters[use.parameter] for use in conv.parameters}
    assert roles["weight"].type == TensorType("int8", (4, 3, 3, 1))
    assert roles["bias"].type == TensorType("int32", (4,))
    assert {item.kind for item in roles.values()} == {"weight"}


def test_a_loop_holds_its_condition_and_its_body() -> None:
    graph = api.load(SAMPLES["loop.tflite"]).body
    (loop,) = (node for node in graph.nodes if node.op == "WHILE")
    assert list(loop.subgraphs) == ["condition", "body"]
    assert "LESS" in [node.op for node in loop.subgraphs["condition"].nodes]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real models is not here")
@pytest.mark.parametrize("path", sorted(CORPUS.rglob("*.tflite")), ids=lambda path: path.name)
def test_a_real_model_is_read_and_drawn(path: Path) -> None:
    model = api.load(path)
    assert verify(model.body) == []
    assert "<svg" in str(api.render(model))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real models is not here")
@pytest.mark.parametrize("name", REAL)
def test_a_real_model_has_the_operators_that_its_schema_says(name: str) -> None:
    graph = api.load(CORPUS / name).body
    operators, weights = REAL[name]
    assert sum(node.kind != "missing" for node in all_nodes(graph)) == operators
    if weights is not None:
        kept = [p.type.size or 0 for p in graph.parameters.values() if p.kind == "weight"]
        assert sum(kept) == weights


@pytest.mark.parametrize("place", [0, 4, 8])
def test_an_offset_that_leads_outside_is_refused(tmp_path: Path, place: int) -> None:
    content = bytearray(SAMPLES["loop.tflite"].read_bytes())
    root = struct.unpack_from("<I", content, 0)[0]
    struct.pack_into("<I", content, place if place < 4 else root, 0x7FFFFFF0)
    path = tmp_path / "bad.tflite"
    path.write_bytes(bytes(content))
    with pytest.raises(ImporterError, match=r"bad\.tflite"):
        api.load(path)


def test_a_vector_that_claims_more_than_there_is_is_refused() -> None:
    # A table whose one field is a vector of 2^31 numbers.
    data = struct.pack("<IHHHHiII", 12, 6, 8, 4, 0, 8, 4, 0x80000000)
    with pytest.raises(MalformedError, match="outside"):
        Table.root(data).array(0, "<i4")
