"""Reading PyTorch's files: a large state dictionary and an exported BERT, beside PyTorch itself.

Every measurement is a process of its own; those of archviz and of the peer take turns, and imports
are apart. Seconds are CPU time; memory is the peak of the whole process.

    python benchmarks/torch_files.py [--runs 5] [--megabytes 1300]

(a) A state dictionary of 315 tensors and 1.3 GB: at most 0.15 s and 60 MB. (b) A ``.pt2`` of BERT:
at most 1/20 of the time of ``torch.export.load``, with equal nodes and edges. PyTorch is never
imported by archviz. It takes torch and, for BERT, transformers.
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

CHILD = "--child"

WRITE_STATE = """
import sys, torch
path, size = sys.argv[1], int(sys.argv[2])
count = 315
each = size // 4 // count
torch.save({f"layers.{i // 5}.part{i % 5}.weight": torch.zeros(each // 1024, 1024)
            for i in range(count)}, path)
"""

WRITE_BERT = """
import sys, torch, warnings
warnings.simplefilter("ignore")
from transformers import BertConfig, BertModel
model = BertModel(BertConfig()).eval()
given = (torch.zeros(1, 16, dtype=torch.long),)
torch.export.save(torch.export.export(model, given, strict=False), sys.argv[1])
"""


def read_with_archviz(path: str) -> tuple[int, int]:
    import archviz

    graph = archviz.load(path).body
    assert "torch" not in sys.modules
    edges = sum(value is not None for node in graph.nodes for value in node.inputs)
    return len(graph.nodes), edges + sum(len(node.parameters) for node in graph.nodes)


def read_state_with_torch(path: str) -> tuple[int, int]:
    import torch

    return len(torch.load(path)), 0


def read_program_with_torch(path: str) -> tuple[int, int]:
    import operator

    import torch

    program = torch.export.load(path)
    nodes = [
        node
        for node in program.graph.nodes
        if node.op == "call_function" and node.target is not operator.getitem
    ]
    leaves = [
        item
        for node in nodes
        for item in torch.utils._pytree.tree_leaves((node.args, node.kwargs))
        if isinstance(item, torch.fx.Node)
    ]
    return len(nodes), len(leaves)


def import_torch() -> None:
    # A program of transformers is only read where its classes are known.
    import torch
    import transformers.modeling_outputs  # noqa: F401

    assert torch


READERS: dict[str, tuple[Callable[[], object], Callable[[str], tuple[int, int]]]] = {
    "archviz.load": (lambda: __import__("archviz"), read_with_archviz),
    "torch.load": (lambda: __import__("torch"), read_state_with_torch),
    "torch.export.load": (import_torch, read_program_with_torch),
}


def child(name: str, path: str, small: str) -> None:
    """Prints CPU seconds and peak memory of one reading; imports, and a small file, come first."""
    import time

    prepare, read = READERS[name]
    prepare()
    if name == "archviz.load":
        read(small)
    start = time.process_time()
    nodes, edges = read(path)
    seconds = time.process_time() - start
    found = {"seconds": seconds, "megabytes": peak(), "nodes": nodes, "edges": edges}
    print(json.dumps(found))


def peak() -> float:
    """The peak of this process in MB."""
    with suppress(OSError), open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1024)


def measure(names: list[str], path: Path, small: Path, runs: int) -> dict[str, dict[str, float]]:
    """Median of each figure of each reader; they take turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            command = [sys.executable, __file__, CHILD, name, str(path), str(small)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: {key: statistics.median(run[key] for run in of_name) for key in of_name[0]}
        for name, of_name in found.items()
    }


def report(title: str, found: dict[str, dict[str, float]]) -> None:
    print(title)
    ours = found["archviz.load"]["seconds"]
    for name, figures in found.items():
        line = f"  {name:20} {figures['seconds'] * 1000:9.1f} ms {figures['megabytes']:8.0f} MB"
        line += f"   {figures['nodes']:.0f} nodes, {figures['edges']:.0f} edges"
        if name != "archviz.load":
            line += f"   takes {figures['seconds'] / ours:.0f} times as long"
        print(line)


def main() -> None:
    if sys.argv[1:2] == [CHILD]:
        child(*sys.argv[2:5])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1300)
    arguments = parser.parse_args()
    samples = Path(__file__).resolve().parents[1] / "tests" / "samples"
    with tempfile.TemporaryDirectory() as folder:
        large, bert = Path(folder) / "large.pt", Path(folder) / "bert.pt2"
        size = str(arguments.megabytes << 20)
        subprocess.run([sys.executable, "-c", WRITE_STATE, large, size], check=True)
        small = samples / "checkpoint" / "network.pth"
        found = measure(["archviz.load", "torch.load"], large, small, arguments.runs)
        report(f"(a) a state dictionary of {large.stat().st_size / 1e9:.2f} GB", found)
        subprocess.run([sys.executable, "-c", WRITE_BERT, bert], check=True)
        small = samples / "torch-export" / "network.pt2"
        found = measure(["archviz.load", "torch.export.load"], bert, small, arguments.runs)
        report("(b) an exported BERT", found)


if __name__ == "__main__":
    main()
