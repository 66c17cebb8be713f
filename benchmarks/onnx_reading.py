"""Reading ONNX: a 1.9 GB file, and 10,000 nodes, beside the official package.

Every measurement is a process of its own; those of archviz and of the peer take turns, and imports
are apart. Memory is the peak of the whole process, as the operating system counts it.

    python benchmarks/onnx_reading.py [--runs 7] [--gigabytes 1.9]

(a) ``onnx.load`` of a single 1.9 GB file against ``archviz.load``: at most 1/50 of the time, and at
most 100 MB. (c) A file of 10,000 nodes: at most 1.5 times ``onnx.load`` and reading its nodes, with
inputs, outputs and attributes, from Python; the last line lets the peer read what the Model holds
as well, the types of values and what the initializers are.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LAYERS = 14
CHILD = "--child"


def write_large(path: Path, size: int) -> None:
    """A chain of matrix products whose weights fill ``size`` bytes; zeros are not stored on disk.

    The peer reads them all the same: a hole in a file reads as zeros.
    """
    from onnx import TensorProto, helper

    share = size // LAYERS
    columns = share // (4 * 1024)
    model = helper.make_model(
        helper.make_graph(
            [
                helper.make_node(
                    "Gemm", ["x", f"layer{i}.weight"], [f"y{i}"], name=f"/layer{i}/Gemm"
                )
                for i in range(LAYERS)
            ],
            "large",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1024])],
            [
                helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, ["batch", columns])
                for i in range(LAYERS)
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    nbytes = columns * 1024 * 4
    headers = []
    for i in range(LAYERS):
        tensor = TensorProto(name=f"layer{i}.weight", data_type=1, dims=[1024, columns])
        body = tensor.SerializeToString()
        raw = b"\x4a" + varint(nbytes)  # raw_data
        headers.append(b"\x2a" + varint(len(body) + len(raw) + nbytes) + body + raw)
    graph = model.graph.SerializeToString()
    length = len(graph) + sum(len(header) + nbytes for header in headers)
    model.ClearField("graph")
    with path.open("wb") as stream:
        stream.write(model.SerializeToString() + b"\x3a" + varint(length) + graph)
        for header in headers:
            stream.write(header)
            stream.seek(nbytes - 1, 1)
            stream.write(b"\0")


def write_wide(path: Path, count: int) -> None:
    """``count`` nodes, half of them with a weight and settings, every type stated."""
    import onnx
    from onnx import TensorProto, helper

    nodes, weights, infos = [], [], []
    for i in range(count):
        name = f"/layers.{i // 10}/op{i % 10}"
        if i % 2:
            weights.append(TensorProto(name=f"w{i}", data_type=1, dims=[8, 8, 3, 3]))
            nodes.append(
                helper.make_node(
                    "Conv", [f"v{i}", f"w{i}"], [f"v{i + 1}"], name=f"{name}/Conv",
                    kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                )
            )  # fmt: skip
        else:
            nodes.append(helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"], name=f"{name}/Relu"))
        infos.append(helper.make_tensor_value_info(f"v{i + 1}", 1, ["batch", 8, 16, 16]))
    graph = helper.make_graph(
        nodes, "wide", [helper.make_tensor_value_info("v0", 1, ["batch", 8, 16, 16])], infos[-1:],
        weights, value_info=infos[:-1],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def read_with_archviz(path: str) -> object:
    import archviz

    return archviz.load(path)


def read_apart(path: str) -> object:
    from archviz.importers.onnx import IMPORTER
    from archviz.source import Source

    return IMPORTER.read(Source.of(path), infer_shapes=False)


def read_with_onnx(path: str) -> object:
    import onnx

    return onnx.load(path)


def read_nodes_with_onnx(path: str) -> object:
    import onnx
    from onnx.helper import get_attribute_value

    model = onnx.load(path)
    nodes = [
        (
            node.op_type, node.name, node.domain, list(node.input), list(node.output),
            {item.name: get_attribute_value(item) for item in node.attribute},
        )
        for node in model.graph.node
    ]  # fmt: skip
    return model, nodes


def read_facts_with_onnx(path: str) -> object:
    model, nodes = read_nodes_with_onnx(path)  # type: ignore[misc]
    graph = model.graph
    stored = {item.name: (item.data_type, tuple(item.dims)) for item in graph.initializer}
    types = {}
    for info in (*graph.value_info, *graph.input, *graph.output):
        tensor = info.type.tensor_type
        dims = [dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
        types[info.name] = (tensor.elem_type, tuple(dims))
    return nodes, stored, types


READERS: dict[str, Callable[[str], object]] = {
    "archviz.load, types not inferred": read_apart,
    "archviz.load": read_with_archviz,
    "onnx.load": read_with_onnx,
    "onnx.load + nodes": read_nodes_with_onnx,
    "onnx.load + nodes, types, initializers": read_facts_with_onnx,
}


def child(name: str, path: str, small: str) -> None:
    """Prints seconds and peak memory of one reading; a small file first, to have imports apart."""
    import time

    READERS[name](small)
    start = time.perf_counter()
    kept = READERS[name](path)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": peak_kilobytes() / 1024}))
    assert kept is not None


def peak_kilobytes() -> int:
    """The peak of this process; ``getrusage`` would count that of the one that started it."""
    with suppress(OSError), open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def measure(names: list[str], path: Path, small: Path, runs: int) -> dict[str, tuple[float, float]]:
    """Median seconds and megabytes of each reader; they take turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            command = [sys.executable, __file__, CHILD, name, str(path), str(small)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name].append(json.loads(done.stdout))
    return {
        name: (
            statistics.median(run["seconds"] for run in runs_of),
            statistics.median(run["megabytes"] for run in runs_of),
        )
        for name, runs_of in found.items()
    }


def report(title: str, found: dict[str, tuple[float, float]]) -> None:
    print(title)
    ours, _ = found["archviz.load"]
    for name, (seconds, megabytes) in found.items():
        ratio = (
            "" if name == "archviz.load" else f"   archviz.load takes {ours / seconds:.4f} of it"
        )
        print(f"  {name:40} {seconds * 1000:9.1f} ms {megabytes:8.0f} MB{ratio}")


def main() -> None:
    if sys.argv[1:2] == [CHILD]:
        child(*sys.argv[2:5])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--gigabytes", type=float, default=1.9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        small, large, wide = (Path(folder) / f"{name}.onnx" for name in ("small", "large", "wide"))
        write_wide(small, 20)
        write_wide(wide, 10_000)
        found = measure(
            [name for name in READERS if name != "onnx.load"], wide, small, arguments.runs
        )
        report("(c) 10,000 nodes", found)
        write_large(large, int(arguments.gigabytes * 1e9))
        found = measure(["archviz.load", "onnx.load"], large, small, arguments.runs)
        report(f"(a) one file of {large.stat().st_size / 1e9:.2f} GB", found)


if __name__ == "__main__":
    main()
