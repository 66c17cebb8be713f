"""Which kind of layer stored tensors belong to, concluded from their names and shapes.

A state dictionary has no classes. Names and ranks are conventions of ``torch.nn`` that nearly all
models keep, yet a guess stays a guess, and is called one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from archviz.ir import TensorType
from archviz.ir.types import is_float

Shape = tuple[int | str | None, ...]

_EMBEDDING = re.compile(r"emb|(^|_)(wte|wpe|tok|word|pos|shared|vocab)", re.IGNORECASE)
_NORM = re.compile(r"norm|(^|_)(ln|rms)", re.IGNORECASE)
_BATCH = re.compile(r"(^|_)bn\d*($|_)|batch", re.IGNORECASE)
_GROUP = re.compile(r"(^|_)gn\d*($|_)|group", re.IGNORECASE)
_BUFFERS = re.compile(
    r"running_(mean|var)|num_batches_tracked|position_ids|token_type_ids|inv_freq|masked_bias"
    r"|relative_position_index|attn_mask|causal_mask|rope_freqs|anchor"
)
_RECURRENT = {4: "LSTM", 3: "GRU", 1: "RNN"}
_BY_NAME = (
    (re.compile(r"^relu\d*$"), "ReLU"),
    (re.compile(r"^gelu\d*$"), "GELU"),
    (re.compile(r"^silu\d*$"), "SiLU"),
    (re.compile(r"drop(out|_path)?(\d*|_.*)$"), "Dropout"),
    (re.compile(r"^max_?pool"), "MaxPool"),
    (re.compile(r"^(global_|adaptive_)?avg_?pool"), "AvgPool"),
    (re.compile(r"^softmax$"), "Softmax"),
    (re.compile(r"^flatten$"), "Flatten"),
)


_USUAL_ORDER = (
    re.compile(r"emb|(^|_)(wte|wpe)|^shared$|patch|^stem|^conv_?(in|1|stem)$", re.IGNORECASE),
    re.compile(r"^(input|pre|in)_?(layer)?_?norm|^(ln|norm)_?1$|(before|pre_attention)_?norm"),
    re.compile(r"^(q|query|gate)(_|$)|^(c_attn|qkv|in_proj|query_key_value|gate_up_proj)$"),
    re.compile(r"^(k|key|up)(_|$)"),
    re.compile(r"^(v|value)(_|$)"),
    re.compile(r"^(?!post|pre).*(attention|attn)"),
    re.compile(r"^(o|out|down|dense|c_proj)(_|$)"),
    re.compile(r"^post_attention|^(ln|norm)_?2$|^pre_(ffn|mlp|feedforward)"),
    re.compile(r"mlp|feed_?forward|ffn|experts|moe"),
    re.compile(r"^encoder"),
    re.compile(r"^decoder"),
    re.compile(r"^(model|transformer|backbone|layers|blocks|h|features)$"),
    re.compile(r"^(norm|ln_f|final.*norm|post.*norm|layernorm)$"),
    re.compile(r"pooler"),
    re.compile(r"head|classifier|^fc$|^score$|^output$"),
)
_MIDDLE = 11


def usual_place(name: str) -> int:
    """Where among others a module of that name is usually called, from 0."""
    found = (place for place, pattern in enumerate(_USUAL_ORDER) if pattern.search(name))
    return next(found, _MIDDLE)


def is_buffer(name: str, type_: TensorType) -> bool:
    """Whether a stored tensor is state that no optimizer updates."""
    if type_.dtype and not is_float(type_.dtype):
        return not re.match(r"q?weight|(w|q)?_?packed|q?zeros|scales", name)
    return bool(_BUFFERS.fullmatch(name))


def guess(name: str, tensors: Mapping[str, TensorType]) -> str:
    """The class of ``torch.nn`` that a module looks like; "" when it looks like none.

    Args:
        name: Of the module, the last part of its path.
        tensors: What it owns, by role.
    """
    if not tensors:
        return next((kind for pattern, kind in _BY_NAME if pattern.search(name)), "")
    shapes = {role: type_.shape for role, type_ in tensors.items() if type_.shape is not None}
    if "in_proj_weight" in tensors or "q_proj_weight" in tensors:
        return "MultiheadAttention"
    recurrent = _recurrent(shapes)
    if recurrent:
        return recurrent
    if "running_mean" in tensors or "num_batches_tracked" in tensors:
        return "BatchNorm"
    if any(role in tensors for role in ("qweight", "weight_packed", "weight.absmax")):
        return "QuantizedLinear"
    weight = shapes.get("weight", shapes.get("weight_v"))
    if weight is None or set(tensors) - {"weight", "weight_g", "weight_v", "bias"}:
        return ""
    return _by_weight(name, weight, shapes.get("bias"), "bias" in tensors)


def _by_weight(name: str, weight: Shape, bias: Shape | None, has_bias: bool) -> str:
    if 3 <= len(weight) <= 5:
        return f"Conv{len(weight) - 2}d"
    if len(weight) == 2:
        if not has_bias:
            return "Embedding" if _EMBEDDING.search(name) else "Linear"
        if bias and bias != weight[:1] and bias == weight[1:]:
            return "Conv1D"  # a linear layer that keeps its weight transposed, as in GPT-2
        return "Linear"
    if len(weight) != 1:
        return ""
    if _BATCH.search(name):
        return "BatchNorm"
    if _GROUP.search(name):
        return "GroupNorm"
    if has_bias:
        return "LayerNorm"
    return "RMSNorm" if _NORM.search(name) else ""


def _recurrent(shapes: Mapping[str, Shape]) -> str:
    for suffix in ("_l0", ""):
        inner, outer = shapes.get(f"weight_hh{suffix}"), shapes.get(f"weight_ih{suffix}")
        if not inner or not outer or len(inner) != 2:
            continue
        rows, size = inner
        if isinstance(rows, int) and isinstance(size, int) and size and rows % size == 0:
            kind = _RECURRENT.get(rows // size, "")
            return f"{kind}Cell" if kind and not suffix else kind
    return ""
