"""The graphs that layouts are measured on: models as operations, and networks of any size.

The models are kept as files in ``benchmarks/graphs``, so that measuring needs neither torch nor
transformers: three of the small models in the onnx package, and what ``torch.export`` makes of
BERT and GPT-2 with 12 layers and Llama with 32, parameters left out. To make them again:

    python benchmarks/layout_graphs.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from archviz.layouts import Box, Link

FOLDER = Path(__file__).parent / "graphs"
HEIGHT = 40
"""Of every box: two lines of text."""
CHARACTER = 6.6
MODELS = ("resnet50", "densenet121", "inception_v2", "bert12", "gpt2_12", "llama32")


@dataclass(frozen=True, slots=True)
class Sample:
    """A graph to lay out.

    Attributes:
        name: What tables call it.
        boxes: Containers before what they hold.
        links: Each from one leaf to another.
    """

    name: str
    boxes: list[Box]
    links: list[Link]

    @property
    def leaves(self) -> list[int]:
        """Indices of the boxes that hold no others."""
        return [index for index, box in enumerate(self.boxes) if not box.is_container]


def width_of(label: str) -> int:
    """Width in pixels of a box that says ``label``."""
    return round(len(label) * CHARACTER + 16)


def model(name: str, *, nested: bool = False) -> Sample:
    """A model from its file, flat or with a container around each module."""
    stored = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    paths = [tuple(filter(None, path.split("."))) for path in stored["scopes"]]
    boxes: list[Box] = []
    known: dict[tuple[str, ...], int] = {(): -1}

    def container(path: tuple[str, ...]) -> int:
        if path not in known:
            parent = container(path[:-1])
            known[path] = len(boxes)
            boxes.append(Box(".".join(path), 60.0, 0.0, parent, 24.0, is_container=True))
        return known[path]

    leaves = []
    for index, (width, scope) in enumerate(zip(stored["widths"], stored["scope"], strict=True)):
        parent = container(paths[scope]) if nested else -1
        leaves.append(len(boxes))
        boxes.append(Box(str(index), float(width), HEIGHT, parent))
    ends = stored["edges"]
    links = [Link(leaves[a], leaves[b]) for a, b in zip(ends[::2], ends[1::2], strict=True)]
    return Sample(name, boxes, links)


def synthetic(size: int) -> Sample:
    """A network of ``size`` operations or a few more, in blocks of all kinds.

    Residual, inception, dense and attention blocks by turns, a few values used all over, and long
    skips from one part of the network to a later one.
    """
    random = Random(0)
    labels: list[str] = []
    ends: dict[tuple[int, int], None] = {}

    def add(label: str, *sources: int) -> int:
        labels.append(label)
        ends.update(dict.fromkeys((source, len(labels) - 1) for source in sources))
        return len(labels) - 1

    def row(x: int, *steps: str) -> int:
        for label in steps:
            x = add(label, x)
        return x

    x = add("input")
    used_all_over = [add(f"const_{i}") for i in range(max(1, min(6, size // 2000 + 1)))]
    skips: list[int] = []
    block = 0
    while len(labels) < size:
        kind = random.random()
        block += 1
        if kind < 0.4:
            steps = ("Conv2d 3x3", "BatchNorm", "ReLU") * random.choice([2, 3])
            x = add("ReLU", add("Add", x, row(x, *steps)))
        elif kind < 0.6:
            branches = [
                row(
                    x,
                    *(s for i in range(j + 1) for s in (f"Conv2d {2 * i + 1}x{2 * i + 1}", "ReLU")),
                )
                for j in range(4)
            ]
            x = add("Concat", *branches)
        elif kind < 0.72:
            features = [x]
            for _ in range(5):
                joined = add("Concat", *features) if len(features) > 1 else x
                features.append(row(joined, "BatchNorm", "Conv2d 3x3"))
            x = add("Concat", *features)
        else:
            norm = add("LayerNorm", x)
            query, key, value = (row(norm, "Linear", "View", "Transpose") for _ in range(3))
            scores = row(add("MatMul", query, add("Transpose", key)), "Mul")
            scores = add("Softmax", add("Add mask", scores, random.choice(used_all_over)))
            x = add("Add", x, add("Linear", add("MatMul", scores, value)))
            x = add("Add", x, row(x, "LayerNorm", "Linear", "GELU", "Linear"))
        if block % 24 == 4:
            skips.append(x)
        if block % 24 == 20 and skips:
            x = add("Concat skip", x, skips.pop())
    add("output", x)
    boxes = [Box(str(i), float(width_of(label)), HEIGHT) for i, label in enumerate(labels)]
    return Sample(f"synth_{size}", boxes, [Link(a, b) for a, b in ends])


def store(name: str, labels: list[str], scopes: list[str], ends: list[tuple[int, int]]) -> None:
    """Writes a model's file."""
    unique = list(dict.fromkeys(scopes))
    stored = {
        "widths": [width_of(label) for label in labels],
        "scopes": unique,
        "scope": [unique.index(scope) for scope in scopes],
        "edges": [end for pair in dict.fromkeys(ends) for end in pair],
    }
    text = json.dumps(stored, separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def store_onnx(name: str) -> None:
    """One of the onnx package's own models, without what depends on constants alone."""
    import onnx

    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    graph = onnx.load(str(folder / f"light_{name}.onnx")).graph
    constant = {tensor.name for tensor in graph.initializer} | {""}
    made: dict[str, int] = {}
    labels: list[str] = []
    ends: list[tuple[int, int]] = []
    for value in graph.input:
        if value.name not in constant:
            made[value.name] = len(labels)
            labels.append(value.name[:24])
    for node in graph.node:
        if all(name in constant for name in node.input):
            constant.update(node.output)
            continue
        ends += [(made[name], len(labels)) for name in node.input if name in made]
        made.update(dict.fromkeys(node.output, len(labels)))
        labels.append(f"{node.op_type} {'3x3' if node.op_type == 'Conv' else ''}")
    store(name, labels, [""] * len(labels), ends)


def store_export(name: str, module: Any) -> None:
    """What ``torch.export`` makes of a language model, without its parameters."""
    import torch

    exported = torch.export.export(module, (torch.randint(0, 50, (1, 16)),), strict=False)
    signature = exported.graph_signature
    left_out = {
        *signature.inputs_to_parameters,
        *signature.inputs_to_buffers,
        *signature.inputs_to_lifted_tensor_constants,
    }
    index: dict[Any, int] = {}
    labels: list[str] = []
    scopes: list[str] = []
    ends: list[tuple[int, int]] = []
    for node in exported.graph.nodes:
        if node.op == "get_attr" or (node.op == "placeholder" and node.name in left_out):
            continue
        label = node.name
        if node.op == "call_function":
            label = getattr(node.target, "__name__", str(node.target))
            label = label.removeprefix("aten.").partition(".")[0]
        ends += [(index[source], len(labels)) for source in node.all_input_nodes if source in index]
        index[node] = len(labels)
        labels.append(label[:40])
        stack = node.meta.get("nn_module_stack")
        scopes.append(list(stack.values())[-1][0] if stack else "")
    store(name, labels, scopes, ends)


def store_all() -> None:
    """Makes every file again."""
    from transformers import (
        BertConfig,
        BertModel,
        GPT2Config,
        GPT2Model,
        LlamaConfig,
        LlamaForCausalLM,
    )

    small = {"num_attention_heads": 4, "vocab_size": 100, "intermediate_size": 64}
    made: dict[str, Callable[[], Any]] = {
        "bert12": lambda: BertModel(BertConfig(hidden_size=48, num_hidden_layers=12, **small)),
        "gpt2_12": lambda: GPT2Model(GPT2Config(n_embd=48, n_layer=12, n_head=4, vocab_size=100)),
        "llama32": lambda: LlamaForCausalLM(
            LlamaConfig(hidden_size=64, num_hidden_layers=32, num_key_value_heads=2, **small)
        ),
    }
    for name in MODELS:
        if name in made:
            module = made[name]().eval()
            module.config.use_cache = False
            store_export(name, module)
        else:
            store_onnx(name)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    store_all()
