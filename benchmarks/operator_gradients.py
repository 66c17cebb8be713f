"""Writes what the frameworks themselves say of gradients into archviz/ops, or compares the two.

    python benchmarks/operator_gradients.py --check     exit 1 when a table is out of date
    python benchmarks/operator_gradients.py --write

PyTorch's derivative formulas come with torchgen, which is part of its wheel; ONNX's categories are
in onnx.defs; TensorFlow's registry is read where TensorFlow is installed, and left as it is where
it is not.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

OPS = Path(__file__).resolve().parents[1] / "archviz" / "ops" / "gradients"
WIDTH = 100
ZERO = re.compile(r"zeros_like\(grad\)|at::zeros_symint\(|\w+_info\.zeros\(\)$")
CONDITIONAL = {
    "DivBackward2": ["rounding_mode", "floor", "trunc"],
    "DivBackward3": ["rounding_mode", "floor", "trunc"],
}
"""Nodes whose formula is zero for some settings: the saved attribute and the settings."""
PIECEWISE_CONSTANT = ["SgnBackward0", "SignBackward0"]
"""Nodes whose formula is written out and still zero wherever the input is real."""
DISCRETE_EXTRA = [
    "argmax", "argmin", "argsort", "bincount", "bucketize", "count_nonzero", "digitize", "histc",
    "histogram", "histogramdd", "multinomial", "nonzero", "one_hot", "randint_like", "searchsorted",
    "sort", "topk", "unique", "unique_consecutive", "view", "nms",
]  # fmt: skip
"""Functions that give positions, counts or choices, under the names of the Python API."""


def torch_table() -> str:
    """Which backward nodes give zero, or have no formula, input by input; what is discrete."""
    import torchgen
    from torchgen.packaged import autograd
    from torchgen.packaged.autograd.load_derivatives import load_derivatives

    native = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native"
    infos, _ = load_derivatives(
        str(Path(autograd.__file__).parent / "derivatives.yaml"),
        str(native / "native_functions.yaml"),
        str(native / "tags.yaml"),
    )
    zero: dict[str, list[int]] = {}
    missing: dict[str, list[int]] = {}
    discrete = set(DISCRETE_EXTRA)
    for schema, variants in infos.items():
        info = variants.get("Default") or next(iter(variants.values()))
        if info.output_differentiability and not any(info.output_differentiability):
            discrete.add(str(schema.name).partition(".")[0])
        if info.op is None:
            continue
        formulas = {name: item.formula for item in info.derivatives for name in item.var_names}
        names = [binding.name for binding in info.args_with_derivatives]
        for index, name in enumerate(names):
            formula = formulas.get(name, "").strip()
            if ZERO.match(formula) or info.op in PIECEWISE_CONSTANT:
                zero.setdefault(info.op, []).append(index)
            elif formula.startswith("not_implemented"):
                missing.setdefault(info.op, []).append(index)
    lines = [
        "# Backward nodes of PyTorch, from its derivatives.yaml; benchmarks/operator_gradients.py",
        "# writes this file. Numbers are positions among the inputs that have a formula.",
        "",
        "# The formula is zero, whatever the values.",
        "[zero]",
        *(f"{node} = {inputs}" for node, inputs in sorted(zero.items())),
        "",
        "# There is no formula; backward raises.",
        "[missing]",
        *(f"{node} = {inputs}" for node, inputs in sorted(missing.items())),
        "",
        "# The formula is zero for some settings: the saved attribute, then the settings.",
        "[conditional]",
        *(f"{node} = {quoted(words)}" for node, words in sorted(CONDITIONAL.items())),
        "",
        "# No output carries gradient: positions, counts, choices, masks.",
        "[discrete]",
        *listed("functions", sorted(discrete)),
    ]
    return "\n".join(lines) + "\n"


ONNX_CORRECTIONS = {
    "GridSample": {"grid": True},
    "STFT": {"signal": True},
    "DFT": {"input": True},
    "OneHot": {"values": True},
    "Clip": {"min": True, "max": True},
    "AffineGrid": {"theta": True},
    "GRU": {"initial_h": True},
    "LSTM": {"initial_h": True, "initial_c": True},
    "RNN": {"initial_h": True},
    "Pad": {"constant_value": True},
    "Mod": {"B": True},
    "CausalConvWithState": {"past_state": True},
    "LinearAttention": {"past_state": True},
    "Hardmax": {"input": False},
    "QuantizeLinear": {"x": False, "y_scale": False, "y_zero_point": False},
    "DequantizeLinear": {"x": True, "x_scale": True, "x_zero_point": False},
    "DynamicQuantizeLinear": {"x": False},
    "LayerNormalization": {"X": True, "Scale": True, "B": True},
    "RMSNormalization": {"X": True, "scale": True},
    "RotaryEmbedding": {"X": True, "cos_cache": True, "sin_cache": True, "position_ids": False},
    "Attention": {"Q": True, "K": True, "V": True, "attn_mask": True},
    "RoiAlign": {"X": True, "rois": False, "batch_indices": False},
    "NonMaxSuppression": {"boxes": False, "scores": False},
    "Bernoulli": {"input": False},
    "Multinomial": {"input": False},
    "Unique": {"X": False},
    "Ceil": {"X": False},
    "Floor": {"X": False},
    "Round": {"X": False},
    "Sign": {"input": False},
}
"""Where onnx.defs says nothing, or calls an input what the mathematics does not bear out.

Grids, signals, bounds, paddings, initial states and the values of a one-hot tensor have
derivatives, which PyTorch computes; a hard maximum and rounding have none but zero; scales and
normalised values have.
"""


def onnx_table() -> str:
    """Which inputs of ONNX operators pass no gradient on, with the corrections said above."""
    import onnx.defs

    category = onnx.defs.OpSchema.DifferentiationCategory
    stops: dict[str, list[str]] = {}
    unknown: list[str] = []
    for schema in sorted(onnx.defs.get_all_schemas(), key=lambda item: item.name):
        if schema.domain not in ("", "ai.onnx"):
            continue
        ours = ONNX_CORRECTIONS.get(schema.name, {})
        blocked = []
        for item in schema.inputs:
            passes = ours.get(item.name)
            if passes is None:
                passes = item.differentiation_category != category.NonDifferentiable
                if item.differentiation_category == category.Unknown and schema.name not in unknown:
                    unknown.append(schema.name)
            if not passes:
                blocked.append(item.name)
        if blocked:
            stops[schema.name] = blocked
    lines = [
        "# Inputs of ONNX operators that pass no gradient on, from onnx.defs with corrections;",
        "# benchmarks/operator_gradients.py writes this file and says why.",
        "",
        "[stops]",
        *(f"{name} = {quoted(inputs)}" for name, inputs in stops.items()),
        "",
        "# Operators of which onnx.defs says nothing; they are taken to pass gradient on.",
        "[unknown]",
        *listed("operators", unknown),
    ]
    return "\n".join(lines) + "\n"


TENSORFLOW_ZERO = ["ArgMax", "ArgMin", "Ceil", "Floor", "Rint", "Round", "Sign"]
"""Operations with a registered function that gives None or zeros."""


def tensorflow_table() -> str:
    """Which raw operations of TensorFlow have no gradient, by its own registry."""
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import (  # noqa: F401 - each registers gradients
        array_grad,
        math_grad,
        nn_grad,
    )

    none, missing = [], []
    for name in sorted(ops.gradient_registry.list()):
        function = ops.gradient_registry.lookup(name)
        (none if function is None else missing).append(name)
    lines = [
        "# Raw operations of TensorFlow without a gradient, from its registry;",
        "# benchmarks/operator_gradients.py writes this file.",
        "",
        "[stops]",
        *listed("operations", sorted({*none, *TENSORFLOW_ZERO})),
        "",
        "[differentiable]",
        *listed("operations", [name for name in missing if name not in TENSORFLOW_ZERO]),
    ]
    return "\n".join(lines) + "\n"


def quoted(words: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def listed(key: str, words: Iterable[str]) -> list[str]:
    """A TOML list, wrapped."""
    lines = [f"{key} = ["]
    current = "   "
    for word in words:
        item = f' "{word}",'
        if len(current) + len(item) > WIDTH:
            lines.append(current)
            current = "   "
        current += item
    return [*lines, current, "]"]


TABLES = {"torch": torch_table, "onnx": onnx_table, "tensorflow": tensorflow_table}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    stale = 0
    for name, make in TABLES.items():
        path = OPS / f"{name}.toml"
        try:
            text = make()
        except ImportError as error:
            print(f"{name}: left as it is ({error})")
            continue
        is_same = path.exists() and path.read_text(encoding="utf-8") == text
        if chosen.write and not is_same:
            path.write_text(text, encoding="utf-8")
        print(
            f"{name}: {'up to date' if is_same else 'written' if chosen.write else 'OUT OF DATE'}"
        )
        stale += not is_same and not chosen.write
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
