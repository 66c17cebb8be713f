"""Settings of layers as attributes: those that say something, as plain values."""

from __future__ import annotations

from archviz.importers.keras.config import JSON, Layer, class_of
from archviz.importers.keras.operations import bounds_of
from archviz.importers.keras.rules import WRONG
from archviz.importers.keras.weights import inner_config
from archviz.ir import Attribute
from archviz.reading.names import clean

MAX_LIST = 64
_MAX_DEPTH = 8

_LEFT_OUT = frozenset(
    {
        "batch_input_shape", "batch_shape", "build_config", "dtype", "function_type", "input_dtype",
        "input_shape", "layer", "module", "name", "output_shape_type", "registered_name",
        "shared_object_id", "trainable", "input_dim", "init", "cell", "node_def", "constants",
    }
)  # fmt: skip
_DEFAULTS: dict[str, tuple[object, ...]] = {
    "activation": ("linear",), "border_mode": ("valid",), "center": (True,), "cpu_merge": (True,),
    "data_format": ("channels_last",), "dilation_rate": (1,), "dim_ordering": ("tf",),
    "dropout": (0.0,), "epsilon": (0.001,), "go_backwards": (False,), "groups": (1,),
    "implementation": (0, 1, 2), "keepdims": (False,), "mask_zero": (False,), "momentum": (0.99,),
    "padding": ("valid",), "ragged": (False,), "recurrent_dropout": (0.0,), "renorm": (False,),
    "reset_after": (True,), "return_sequences": (False,), "return_state": (False,),
    "scale": (True,), "sparse": (False,), "stateful": (False,), "strides": (1,),
    "subsample": (1,), "synchronized": (False,), "time_major": (False,), "training": (False,),
    "unit_forget_bias": (True,), "unroll": (False,), "use_bias": (True,), "use_cudnn": ("auto",),
    "use_gate": (False,), "zero_output_for_mask": (False,), "depth_multiplier": (1,),
    "recurrent_activation": ("sigmoid",), "virtual_batch_size": (), "fused": (True, False),
    "rms_scaling": (False,), "flash_attention": (False,), "score_mode": ("dot",),
    "use_causal_mask": (False,), "return_attention_scores": (False,), "optional": (False,),
    "merge_mode": ("concat",), "attention_axes": ((1,),), "bias_axes": (), "x_min": (), "seed": (),
    "arguments": ({},), "interpolation": ("nearest",), "adjustment": (),
}  # fmt: skip
_RECURRENT = (
    "LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell", "CuDNNLSTM", "CuDNNGRU",
    "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
)  # fmt: skip


def attributes_of(layer: Layer, arguments: JSON, rank: int) -> dict[str, Attribute]:
    """The settings of a layer and of one call of it, without those at their usual value.

    Args:
        layer: The layer.
        arguments: What one call of it is given beside tensors.
        rank: Axes of its first input; 0 when that is not known.
    """
    found: dict[str, Attribute] = {}
    inner = inner_config(layer.config)
    if inner is not None:
        inside = inner.get("config")
        cells = inside.get("cells") if isinstance(inside, dict) else None
        if isinstance(cells, list):
            names = [class_of(cell) for cell in cells[:MAX_LIST] if isinstance(cell, dict)]
            found["layer"] = ", ".join(names)
        else:
            found["layer"] = class_of(inner)
            if isinstance(inside, dict):
                found.update(_settings(inside, class_of(inner)))
    found.update(_settings(layer.config, layer.class_name))
    for name, value in arguments.items():
        if _is_default(name, value):
            continue
        shown = (
            _slices(value) if name in ("key", "slice_spec") or layer.class_name == "GetItem" else ""
        )
        found[name] = shown or plain(value)
    axis = found.get("axis")
    if axis in (-1, rank - 1, (-1,), (rank - 1,)):
        del found["axis"]
    if not layer.is_trainable:
        found["trainable"] = False
    return found


def _settings(config: JSON, class_name: str) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    for name, value in config.items():
        if (
            value is None
            or name in _LEFT_OUT
            or name.endswith(("_initializer", "_shared_object_id"))
        ):
            continue
        if _is_default(name, value):
            continue
        if name == "activation" and class_name in _RECURRENT and value == "tanh":
            continue
        found[clean(name)] = _function(value) if name == "function" else plain(value)
    return found


def _is_default(name: str, value: object) -> bool:
    usual = _DEFAULTS.get(name)
    if usual is None:
        return False
    if not usual:
        return True
    if isinstance(value, list) and value and value.count(value[0]) == len(value):
        return value[0] in usual or tuple(value) in usual
    for item in usual:
        if value == item and isinstance(value, bool) == isinstance(item, bool):
            return True
    return False


def _function(value: object) -> Attribute:
    """What a Lambda layer calls: its name, and never its code."""
    if isinstance(value, str) and len(value) <= 80 and "\n" not in value:
        return clean(value)
    if isinstance(value, dict) and value.get("class_name") == "function":
        config = value.get("config")
        if isinstance(config, str):
            return clean(config)
    return "code in the file, not run"


def plain(value: object, depth: int = 0) -> Attribute:
    """A JSON value as an attribute."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value)
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            config = value.get("config")
            if value["class_name"] == "__numpy__" or value["class_name"] == "__tensor__":
                inside = config.get("value") if isinstance(config, dict) else None
                return plain(inside, depth + 1)
            if isinstance(config, str):  # a function or a type by its name
                return clean(config)
            return class_of(value)
        items = list(value.items())[:MAX_LIST]
        return tuple((clean(str(key)), plain(inner, depth + 1)) for key, inner in items)
    if isinstance(value, list | tuple):
        kept = tuple(plain(item, depth + 1) for item in value[:MAX_LIST])
        return kept if len(value) <= MAX_LIST else (*kept, f"{len(value):,} in all")
    return clean(str(value)[:200])


def _slices(key: object) -> str:
    """An index as written, "..., :1"; "" when it is none."""
    parts = key if isinstance(key, list) else [key]
    texts = []
    try:
        for part in parts[:MAX_LIST]:
            if part is None:
                texts.append("newaxis")
            elif isinstance(part, int):
                texts.append(str(part))
            elif isinstance(part, dict) and part.get("class_name") == "__ellipsis__":
                texts.append("...")
            else:
                start, stop, step = ("" if b is None else str(b) for b in bounds_of(part))
                texts.append(f"{start}:{stop}" + (f":{step}" if step else ""))
    except WRONG:
        return ""
    return ", ".join(texts)
