"""The weights that layers have, from their settings and the shapes that they were built for.

The rules are those of the ``build`` methods of Keras's layers, with the names given there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archviz.importers.keras.config import JSON, Shape, Weight, class_of, is_quantized, shape_of
from archviz.importers.keras.operations import OPERATIONS
from archviz.importers.keras.rules import Case, Rules, UnknownError, known, product, size, spread
from archviz.importers.keras.shapes import (
    SHAPES,
    cells_of,
    chained,
    einsum_sizes,
    inside_of,
    kernel_of,
    wrapped,
)
from archviz.ir import Dim

WEIGHTS: Rules[list[Weight]] = Rules()
"""Weights by class of layer."""


def weights_of(case: Case) -> list[Weight] | None:
    """The weights of a layer; None when its settings do not tell."""
    if is_quantized(case.config) or case.config.get("lora_rank"):
        return None
    if case.name in WEIGHTS:
        return WEIGHTS.answer(case)
    has_none = case.name in SHAPES or case.name in OPERATIONS or case.name.startswith("tf.")
    return [] if has_none else None


def _sizes(*dims: Dim) -> Shape:
    return tuple(size(dim) for dim in dims)


def _with_bias(case: Case, kernel: Shape, bias: Dim, role: str = "kernel") -> list[Weight]:
    made = [Weight(role, _sizes(*kernel))]
    if case.flag("use_bias", "bias"):
        made.append(Weight("bias", _sizes(bias)))
    return made


@WEIGHTS("Dense")
def _dense(case: Case) -> list[Weight]:
    units = case.setting("units", "output_dim")
    return _with_bias(case, (case.shape[-1], units), units)


@WEIGHTS(
    "Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D",
    "AtrousConvolution1D", "AtrousConvolution2D",
)  # fmt: skip
def _convolution(case: Case) -> list[Weight]:
    filters = case.setting("filters", "nb_filter")
    channels = size(case.shape[case.channel_axis]) // case.setting("groups", default=1)
    return _with_bias(case, (*kernel_of(case), channels, filters), filters)


@WEIGHTS("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Convolution2DTranspose")
def _transposed(case: Case) -> list[Weight]:
    filters = case.setting("filters")
    channels = case.shape[case.channel_axis]
    return _with_bias(case, (*kernel_of(case), filters, channels), filters)


@WEIGHTS("DepthwiseConv1D", "DepthwiseConv2D", "DepthwiseConv3D")
def _depthwise(case: Case) -> list[Weight]:
    channels, times = (
        size(case.shape[case.channel_axis]),
        case.setting("depth_multiplier", default=1),
    )
    role = "kernel" if "kernel_initializer" in case.config else "depthwise_kernel"
    return _with_bias(case, (*kernel_of(case), channels, times), channels * times, role)


@WEIGHTS("SeparableConv1D", "SeparableConv2D", "SeparableConvolution2D")
def _separable(case: Case) -> list[Weight]:
    channels, times = (
        size(case.shape[case.channel_axis]),
        case.setting("depth_multiplier", default=1),
    )
    filters, kernel = case.setting("filters", "nb_filter"), kernel_of(case)
    ones = (1,) * len(kernel)
    pointwise = _with_bias(case, (*ones, channels * times, filters), filters, "pointwise_kernel")
    return [Weight("depthwise_kernel", _sizes(*kernel, channels, times)), *pointwise]


def _scale_and_center(case: Case, shape: Shape) -> list[Weight]:
    made = []
    if case.flag("scale"):
        made.append(Weight("gamma", _sizes(*shape)))
    if case.flag("center"):
        made.append(Weight("beta", _sizes(*shape)))
    return made


def _along(case: Case, axis: object) -> Shape:
    """Sizes of one axis or several."""
    axes: Sequence[Any] = axis if isinstance(axis, list | tuple) else [axis]
    return tuple(case.shape[size(item)] for item in axes)


@WEIGHTS(
    "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"
)
def _batch_normalization(case: Case) -> list[Weight]:
    shape = _sizes(*_along(case, case.setting("axis", default=-1)))
    statistics = [Weight("moving_mean", shape, True), Weight("moving_variance", shape, True)]
    if case.flag("renorm", default=False):
        raise UnknownError
    return [*_scale_and_center(case, shape), *statistics]


@WEIGHTS("LayerNormalization")
def _layer_normalization(case: Case) -> list[Weight]:
    shape = _along(case, case.setting("axis", default=-1))
    if case.flag("rms_scaling", default=False):
        return [Weight("gamma", _sizes(*shape))]
    return _scale_and_center(case, shape)


@WEIGHTS("GroupNormalization")
def _group_normalization(case: Case) -> list[Weight]:
    return _scale_and_center(case, _along(case, case.setting("axis", default=-1)))


@WEIGHTS("RMSNormalization")
def _rms_normalization(case: Case) -> list[Weight]:
    return [Weight("scale", _sizes(*_along(case, case.setting("axis", default=-1))))]


@WEIGHTS("Embedding")
def _embedding(case: Case) -> list[Weight]:
    return [Weight("embeddings", _sizes(case.config["input_dim"], case.config["output_dim"]))]


@WEIGHTS("PReLU")
def _prelu(case: Case) -> list[Weight]:
    shared = case.config.get("shared_axes") or []
    dims = (1 if axis in shared else dim for axis, dim in enumerate(case.shape) if axis)
    return [Weight("alpha", _sizes(*dims))]


@WEIGHTS("LayerScale")
def _layer_scale(case: Case) -> list[Weight]:
    return [Weight("gamma", _sizes(case.setting("projection_dim", default=case.shape[-1])))]


def _gates(case: Case, count: int, width: int | None = None) -> list[Weight]:
    """The kernels of a recurrent layer whose gates lie side by side."""
    units = size(case.setting("units", "output_dim"))
    made = [
        Weight("kernel", _sizes(case.shape[-1], count * units)),
        Weight("recurrent_kernel", (units, count * units)),
    ]
    if case.flag("use_bias"):
        made.append(Weight("bias", (count * units,) if width is None else (width, count * units)))
    return made


@WEIGHTS("LSTM", "LSTMCell")
def _lstm(case: Case) -> list[Weight]:
    return _gates(case, 4)


@WEIGHTS("CuDNNLSTM")
def _cudnn_lstm(case: Case) -> list[Weight]:
    units = size(case.config["units"])
    return [*_gates(case, 4)[:2], Weight("bias", (8 * units,))]


@WEIGHTS("GRU", "GRUCell")
def _gru(case: Case) -> list[Weight]:
    # Keras 1 and 2.0 do not state reset_after, which is true for what states it not from 2.3 on.
    return _gates(case, 3, 2 if case.flag("reset_after", default=False) else None)


@WEIGHTS("CuDNNGRU")
def _cudnn_gru(case: Case) -> list[Weight]:
    units = size(case.config["units"])
    return [*_gates(case, 3)[:2], Weight("bias", (6 * units,))]


@WEIGHTS("SimpleRNN", "SimpleRNNCell")
def _simple_rnn(case: Case) -> list[Weight]:
    return _gates(case, 1)


@WEIGHTS("RNN", "StackedRNN")
def _cells(case: Case) -> list[Weight]:
    cells = cells_of(case.config)
    width: Dim = case.shape[-1]
    made: list[Weight] = []
    for index, cell in enumerate(cells):
        config = inside_of(cell)
        found = known(weights_of(Case(class_of(cell), config, [(None, width)])))
        prefix = f"cell_{index}." if len(cells) > 1 else ""
        made += _prefixed(found, prefix)
        width = config.get("units")
    return made


@WEIGHTS("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _conv_lstm(case: Case) -> list[Weight]:
    step = Case(case.name, case.config, [(case.shape[0], *case.shape[2:])])
    filters, kernel = size(case.config["filters"]), kernel_of(step)
    channels = step.shape[step.channel_axis]
    made = [
        Weight("kernel", _sizes(*kernel, channels, 4 * filters)),
        Weight("recurrent_kernel", _sizes(*kernel, filters, 4 * filters)),
    ]
    return [*made, Weight("bias", (4 * filters,))] if case.flag("use_bias") else made


def _prefixed(weights: list[Weight], prefix: str) -> list[Weight]:
    return [Weight(prefix + weight.role, weight.shape, weight.is_buffer) for weight in weights]


@WEIGHTS("Bidirectional")
def _bidirectional(case: Case) -> list[Weight]:
    found = known(weights_of(wrapped(case, [case.shape])))
    return [*_prefixed(found, "forward."), *_prefixed(found, "backward.")]


@WEIGHTS("TimeDistributed")
def _time_distributed(case: Case) -> list[Weight]:
    batch, _, *rest = case.shape
    return known(weights_of(wrapped(case, [(batch, *rest)])))


@WEIGHTS("Sequential")
def _chain(case: Case) -> list[Weight]:
    found: list[Weight] = []
    for step, _ in chained(case):
        found += _prefixed(known(weights_of(step)), f"{step.config.get('name', step.name)}.")
    return found


@WEIGHTS("MultiHeadAttention")
def _attention(case: Case) -> list[Weight]:
    if case.flag("use_gate", default=False):
        raise UnknownError
    query, value, key = _attended(case)
    heads, key_width = size(case.config["num_heads"]), size(case.config["key_dim"])
    value_width = size(case.setting("value_dim", default=key_width))
    stated = case.config.get("output_shape")
    made = spread(stated, 1) if stated else [size(query[-1])]
    biased = case.flag("use_bias")
    weights = []
    for name, shape, width in (
        ("query", query, key_width),
        ("key", key, key_width),
        ("value", value, value_width),
    ):
        weights.append(Weight(f"{name}.kernel", _sizes(shape[-1], heads, width)))
        if biased:
            weights.append(Weight(f"{name}.bias", (heads, width)))
    weights.append(Weight("output.kernel", _sizes(heads, value_width, *made)))
    if biased:
        weights.append(Weight("output.bias", _sizes(*made)))
    return weights


def _attended(case: Case) -> tuple[Shape, Shape, Shape]:
    """Shapes of query, value and key, as built or else as given."""
    given = dict(zip(case.keywords, case.inputs, strict=False))
    positional = [s for k, s in zip(case.keywords, case.inputs, strict=False) if not k]
    shapes: dict[str, Shape] = {}
    for index, name in enumerate(("query", "value", "key")):
        built = shape_of(case.build.get(f"{name}_shape"))
        stated = shape_of(case.config.get(f"{name}_shape"))
        shape = built or stated or given.get(name)
        if shape is None and index < len(positional):
            shape = positional[index]
        if shape is None and name == "key":
            shape = shapes["value"]
        shapes[name] = known(shape)
    return shapes["query"], shapes["value"], shapes["key"]


@WEIGHTS("GroupedQueryAttention", "GroupQueryAttention")
def _grouped_attention(case: Case) -> list[Weight]:
    if case.flag("use_gate", default=False):
        raise UnknownError
    query, value, key = _attended(case)
    width = size(case.config["head_dim"])
    heads = size(case.config["num_query_heads"])
    groups = size(case.config["num_key_value_heads"])
    biased = case.flag("use_bias")
    weights = []
    for name, shape, count in (
        ("query", query, heads),
        ("key", key, groups),
        ("value", value, groups),
    ):
        weights.append(Weight(f"{name}.kernel", _sizes(shape[-1], count, width)))
        if biased:
            weights.append(Weight(f"{name}.bias", (count, width)))
    weights.append(Weight("output.kernel", _sizes(heads, width, query[-1])))
    if biased:
        weights.append(Weight("output.bias", _sizes(query[-1])))
    return weights


@WEIGHTS("Attention")
def _scaled_attention(case: Case) -> list[Weight]:
    made = [Weight("scale", ())] if case.flag("use_scale", default=False) else []
    if case.config.get("score_mode") == "concat":
        made.append(Weight("concat_score_weight", ()))
    return made


@WEIGHTS("AdditiveAttention")
def _additive_attention(case: Case) -> list[Weight]:
    return [Weight("scale", _sizes(case.shape[-1]))] if case.flag("use_scale") else []


@WEIGHTS("EinsumDense")
def _einsum_dense(case: Case) -> list[Weight]:
    (_, kernel, _), sizes = einsum_sizes(case)
    made = [Weight("kernel", _sizes(*(sizes.get(letter) for letter in kernel)))]
    biased = case.config.get("bias_axes")
    if biased:
        result = case.config["equation"].replace(" ", "").split("->")[1]
        first = min(result.index(letter) for letter in biased)
        axes = [letter for letter in result[first:] if letter != "."]
        dims = (sizes.get(letter) if letter in biased else 1 for letter in axes)
        made.append(Weight("bias", _sizes(*dims)))
    return made


@WEIGHTS("Normalization")
def _normalization(case: Case) -> list[Weight]:
    if case.config.get("mean") is not None:
        return []
    axis = case.config.get("axis", -1)
    shape = _sizes(*_along(case, axis)) if axis is not None else ()
    return [
        Weight("mean", shape, True),
        Weight("variance", shape, True),
        Weight("count", (), True, "int32"),
    ]


@WEIGHTS("SpectralNormalization")
def _spectral(case: Case) -> list[Weight]:
    found = known(weights_of(wrapped(case, [case.shape])))
    kernel = next(weight for weight in found if weight.role in ("kernel", "embeddings"))
    vector = Weight("vector_u", (1, size(kernel.shape[-1])), True)
    return [vector, *found]


@WEIGHTS("Lambda", "Discretization", "Masking")
def _none(case: Case) -> list[Weight]:
    return []


def count(weights: list[Weight]) -> int:
    """Elements of ``weights``; one of unknown size counts nothing."""
    return sum(made for w in weights if isinstance(made := product(w.shape), int))


def inner_config(config: JSON) -> JSON | None:
    """The layer that a wrapper wraps, or the cell of an RNN, as described; None without one."""
    inner = config.get("layer", config.get("cell"))
    return inner if isinstance(inner, dict) and isinstance(inner.get("class_name"), str) else None
