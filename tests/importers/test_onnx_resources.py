"""What reading a file costs and touches, measured in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper
from onnx_bytes import IR_VERSION, delimited, graph_bytes, model_of, node_bytes, value, varint

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "onnx"

CHILD = """
import json, resource, sys, time
from archviz.errors import ImporterError
from archviz.importers.onnx import IMPORTER
from archviz.source import Source

limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
start = time.monotonic()
try:
    model = IMPORTER.read(Source.of(sys.argv[1]))
    found = {"nodes": len(model.body.nodes), "names": [d.name for d in model.diagnostics]}
except ImporterError as error:
    found = {"error": str(error)}
found["seconds"] = time.monotonic() - start
with open("/proc/self/status") as status:
    lines = dict(line.split(":", 1) for line in status)
found["megabytes"] = int(lines["VmHWM"].split()[0]) / 1024
print(json.dumps(found))
"""

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


def read_apart(path: Path, limit: int = 0) -> dict[str, object]:
    """What reading the file gives, and costs, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), str(limit)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@only_on_linux
def test_weights_of_300_mb_are_not_read_into_memory(tmp_path: Path) -> None:
    columns = 25_000_000
    tensor = TensorProto(name="w", data_type=1, dims=[3, columns]).SerializeToString()
    tensor += b"\x4a" + varint(3 * columns * 4)
    proto = model_of(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], [value("x", [1, 3])], [value("y", None)]
    )
    graph = proto.graph.SerializeToString()
    proto.ClearField("graph")
    header = b"\x2a" + varint(len(tensor) + 3 * columns * 4) + tensor
    length = len(graph) + len(header) + 3 * columns * 4
    path = tmp_path / "large.onnx"
    with path.open("wb") as stream:
        content = proto.SerializeToString() + b"\x3a" + varint(length) + graph + header
        stream.write(content)
        stream.truncate(len(content) + 3 * columns * 4)
    found = read_apart(path)
    assert found["nodes"] == 1
    assert found["names"] == []
    assert float(str(found["megabytes"])) < 100


def empty_nodes() -> bytes:
    return graph_bytes(b"\x0a\x00" * 5_000_000)


def empty_attributes() -> bytes:
    return graph_bytes(delimited(1, delimited(4, b"Relu") + b"\x2a\x00" * 5_000_000))


def empty_initializers() -> bytes:
    return graph_bytes(node_bytes(b"Relu") + b"\x2a\x00" * 5_000_000)


def empty_values() -> bytes:
    return graph_bytes(node_bytes(b"Relu") + b"\x6a\x00" * 5_000_000)


def empty_functions() -> bytes:
    return graph_bytes(node_bytes(b"Relu")) + b"\xca\x01\x00" * 5_000_000


@only_on_linux
@pytest.mark.parametrize(
    "make", [empty_nodes, empty_attributes, empty_initializers, empty_values, empty_functions]
)
def test_millions_of_empty_parts_are_refused_before_they_are_read(
    make: object, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.onnx"
    path.write_bytes(make())  # type: ignore[operator]
    found = read_apart(path, limit=1 << 30)
    assert "it has more than" in str(found["error"])
    assert float(str(found["seconds"])) < 30
    assert float(str(found["megabytes"])) < 300


@only_on_linux
def test_a_million_dimensions_fit_into_little_memory(tmp_path: Path) -> None:
    shape = delimited(2, b"\x0a\x00" * 2_900_000)
    described = delimited(1, b"x") + delimited(2, delimited(1, b"\x08\x01" + shape))
    path = tmp_path / "dims.onnx"
    path.write_bytes(graph_bytes(node_bytes(b"Relu", [b"x"], [b"y"]) + delimited(11, described)))
    found = read_apart(path, limit=3 << 30)
    assert found["nodes"] == 1
    assert float(str(found["megabytes"])) < 120


@only_on_linux
def test_a_structure_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "names.onnx"
    payload = (1 << 30) - 100
    with path.open("wb") as stream:
        stream.write(IR_VERSION + b"\x3a" + varint(payload + 6) + b"\x52" + varint(payload))
        stream.truncate(stream.tell() + payload)
    found = read_apart(path, limit=3 << 30)
    assert "structure alone" in str(found["error"])
    assert float(str(found["megabytes"])) < 120


HARMLESS = {
    "object.__getattr__", "object.__setattr__", "sys._getframe", "import", "os.kill",
    "resource.setrlimit",
}  # fmt: skip
"""Audit events that touch nothing outside of the process and its own child."""

AUDIT = """
import os, sys
from archviz.importers.onnx import IMPORTER
from archviz.source import Source

log = os.dup(1)
IMPORTER.read(Source.of(sys.argv[2]))  # imports what it needs

def hook(event, arguments):
    place = arguments[0] if event == "open" else ""
    os.write(log, f"{event} {place}\\n".encode())

sys.addaudithook(hook)
model = IMPORTER.read(Source.of(sys.argv[1]))
os.write(log, f"nodes {len(model.body.nodes)}\\n".encode())
os._exit(0)
"""


def test_reading_opens_the_given_file_and_modules_and_nothing_else(tmp_path: Path) -> None:
    proto = model_of(
        [helper.make_node("MatMul", ["x", "w"], ["h"]),
         helper.make_node("Add", ["h", "v"], ["y"])],
        [value("x")], [value("y", None)],
    )  # fmt: skip
    for name, place in (("w", "weights.bin"), ("v", "/etc/passwd")):
        stored = proto.graph.initializer.add(name=name, data_type=1, dims=[4, 4])
        stored.data_location = TensorProto.EXTERNAL
        stored.external_data.add(key="location", value=place)
    (tmp_path / "weights.bin").write_bytes(bytes(64))
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    other = SAMPLES / "cnn_legacy.onnx"
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(path), str(other)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    *events, last = done.stdout.splitlines()
    assert last == "nodes 2"
    assert f"open {path}" in events
    # The process apart looks up how much memory it has, and is silenced.
    allowed = {f"open {path}", "open /proc/self/statm", "open /dev/null", "os.fork"}
    assert {line.strip() for line in events} - allowed <= HARMLESS


@pytest.mark.parametrize("end", [None, -40])
def test_a_model_on_standard_input_is_read_like_a_file(end: int | None) -> None:
    content = (SAMPLES / "functions.onnx").read_bytes()[:end]
    code = (
        "from archviz.importers import choose; from archviz.source import Source;"
        "source = Source.of('-'); model = choose(source).read(source);"
        "print(model.source, len(model.body.nodes), *[d.name for d in model.diagnostics])"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert done.stderr == b""
    assert done.stdout.split()[:2] == [b"stdin", b"6" if end is None else b"2"]
