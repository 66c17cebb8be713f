"""Event files for TensorBoard: records that check out, and the graph in them."""

from __future__ import annotations

import struct
from pathlib import Path

from samples import loaded, samples_of

from archviz import api
from archviz.renderers.tensorboard import render

RESNET = next(path for path in samples_of("onnx") if path.name == "resnet_block.onnx")


def crc32c(data: bytes) -> int:
    """CRC-32C bit by bit, as RFC 3720 has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_every_record_has_its_length_and_its_checksums() -> None:
    content = render(loaded(RESNET))
    position = records = 0
    while position < len(content):
        header = content[position : position + 8]
        (length,) = struct.unpack("<Q", header)
        (first,) = struct.unpack_from("<L", content, position + 8)
        data = content[position + 12 : position + 12 + length]
        (second,) = struct.unpack_from("<L", content, position + 12 + length)
        assert first == masked(header)
        assert second == masked(data)
        position += 16 + length
        records += 1
    assert (position, records) == (len(content), 2)


def test_what_is_written_reads_back_as_the_same_graph(tmp_path: Path) -> None:
    model = loaded(RESNET)
    path = tmp_path / "model.tfevents"
    path.write_bytes(render(model))
    again = api.load(path).body
    ops = sorted(node.op for node in again.nodes if node.op != "Identity")
    assert ops == sorted(node.op for node in model.body.nodes)
    assert {node.scope for node in again.nodes} >= {node.scope for node in model.body.nodes}
    assert again.inputs == model.body.inputs
    read, written = (
        sum(item.type.size or 0 for item in graph.parameters.values() if item.kind != "constant")
        for graph in (again, model.body)
    )
    assert read == written > 0


def test_control_flow_is_laid_out_beside_its_node() -> None:
    sample = next(path for path in samples_of("onnx") if path.name == "control_flow.onnx")
    assert render(loaded(sample)) == render(loaded(sample))
