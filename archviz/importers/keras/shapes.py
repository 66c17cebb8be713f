"""Shapes of what layers give, from their settings and what they get.

The rules are those of the ``compute_output_shape`` methods of Keras's layers; the first axis is
the batch. Operations on tensors that Keras 3 records as layers are in :mod:`.operations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archviz.importers.keras.config import JSON, Shape, class_of
from archviz.importers.keras.operations import OPERATIONS
from archviz.importers.keras.rules import (
    Case,
    Rules,
    UnknownError,
    broadcast,
    known,
    product,
    size,
    spread,
    with_axis,
)
from archviz.ir import Dim

SHAPES: Rules[list[Shape]] = Rules(OPERATIONS)
"""Shapes of the outputs by class of layer."""


@SHAPES(
    "Activation", "ActivityRegularization", "AdditiveGaussianNoise", "AlphaDropout", "AugMix",
    "AutoContrast", "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "CutMix",
    "Dropout", "ELU", "Equalization", "GaussianDropout", "GaussianNoise", "GroupNormalization",
    "GroupQueryAttention", "GroupedQueryAttention", "Identity", "LayerNormalization", "LayerScale",
    "LeakyReLU", "Masking", "MixUp", "Normalization", "PReLU", "ParametricSoftplus",
    "RMSNormalization",
    "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
    "RandomContrast", "RandomElasticTransform", "RandomErasing", "RandomFlip",
    "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective",
    "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear",
    "RandomTranslation", "RandomZoom", "ReLU", "Rescaling", "Softmax", "Solarization",
    "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "SpectralNormalization",
    "StochasticDepth",
    "SyncBatchNormalization", "ThresholdedReLU", "UnitNormalization",
)  # fmt: skip
def _same(case: Case) -> list[Shape]:
    return [case.shape]


@SHAPES("Dense")
def _dense(case: Case) -> list[Shape]:
    return [(*case.shape[:-1], size(case.setting("units", "output_dim")))]


def _windows(dim: Dim, kernel: int, stride: int, padding: object, dilation: int = 1) -> Dim:
    """How many windows fit along an axis."""
    if not isinstance(dim, int):
        return None
    if padding in ("same", "causal"):
        return -(-dim // stride)
    if padding == "full":
        return (dim + (kernel - 1) * dilation) // stride
    return (dim - (kernel - 1) * dilation - 1) // stride + 1


def kernel_of(case: Case) -> list[int]:
    """The size of a convolution's kernel along each spatial axis."""
    older = [case.config.get(name) for name in ("kernel_dim1", "kernel_dim2", "kernel_dim3")]
    if "nb_row" in case.config:
        older = [case.config.get("nb_row"), case.config.get("nb_col")]
    if None not in older[:2]:
        return spread([item for item in older if item is not None], 0)
    return case.sizes("kernel_size", "filter_length", default=None)


@SHAPES(
    "Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D",
    "AtrousConvolution1D", "AtrousConvolution2D", "DepthwiseConv1D", "DepthwiseConv2D",
    "DepthwiseConv3D", "SeparableConv1D", "SeparableConv2D", "SeparableConvolution2D",
)  # fmt: skip
def _convolution(case: Case) -> list[Shape]:
    kernel = kernel_of(case)
    strides = case.sizes("strides", "subsample", "subsample_length")
    dilations = case.sizes("dilation_rate", "atrous_rate")
    padding = case.setting("padding", "border_mode")
    shape = case.shape
    for index, axis in enumerate(case.spatial_axes):
        made = _windows(shape[axis], kernel[index], strides[index], padding, dilations[index])
        shape = with_axis(shape, axis, made)
    filters = case.setting("filters", "nb_filter")
    if filters is None:  # depthwise
        filters = size(shape[case.channel_axis]) * case.setting("depth_multiplier", default=1)
    return [with_axis(shape, case.channel_axis, size(filters))]


@SHAPES("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Convolution2DTranspose")
def _transposed(case: Case) -> list[Shape]:
    kernel, strides = kernel_of(case), case.sizes("strides")
    dilations = case.sizes("dilation_rate")
    extra = case.config.get("output_padding")
    is_same = case.config.get("padding") == "same"
    shape = case.shape
    for index, axis in enumerate(case.spatial_axes):
        dim = shape[axis]
        if not isinstance(dim, int):
            continue
        reach, stride = (kernel[index] - 1) * dilations[index] + 1, strides[index]
        if extra is None:
            made = dim * stride if is_same else dim * stride + max(reach - stride, 0)
        else:
            around = reach // 2 if is_same else 0
            made = (dim - 1) * stride + reach - 2 * around
            made += spread(extra, len(case.spatial_axes))[index]
        shape = with_axis(shape, axis, made)
    return [with_axis(shape, case.channel_axis, size(case.setting("filters")))]


@SHAPES(
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D",
    "AveragePooling3D", "MaxPool1D", "MaxPool2D", "MaxPool3D", "AvgPool1D", "AvgPool2D",
    "AvgPool3D",
)  # fmt: skip
def _pooling(case: Case) -> list[Shape]:
    windows = case.sizes("pool_size", "pool_length", default=2)
    strides = case.sizes("strides", "stride", default=windows)
    padding = case.setting("padding", "border_mode")
    shape = case.shape
    for index, axis in enumerate(case.spatial_axes):
        made = _windows(shape[axis], windows[index], strides[index], padding)
        shape = with_axis(shape, axis, made)
    return [shape]


@SHAPES("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
        "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")  # fmt: skip
def _adaptive_pooling(case: Case) -> list[Shape]:
    shape = case.shape
    for axis, dim in zip(case.spatial_axes, case.sizes("output_size", default=None), strict=True):
        shape = with_axis(shape, axis, dim)
    return [shape]


@SHAPES(
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "GlobalMaxPool1D", "GlobalMaxPool2D",
    "GlobalMaxPool3D", "GlobalAvgPool1D", "GlobalAvgPool2D", "GlobalAvgPool3D",
)  # fmt: skip
def _global_pooling(case: Case) -> list[Shape]:
    axes = case.spatial_axes
    if case.flag("keepdims", default=False):
        return [tuple(1 if axis in axes else dim for axis, dim in enumerate(case.shape))]
    return [tuple(dim for axis, dim in enumerate(case.shape) if axis not in axes)]


@SHAPES("Flatten")
def _flatten(case: Case) -> list[Shape]:
    return [(case.shape[0], product(case.shape[1:]))]


@SHAPES("Reshape")
def _reshape(case: Case) -> list[Shape]:
    target = [size(dim) for dim in case.setting("target_shape", "dims")]
    if -1 in target:
        whole = product(case.shape[1:])
        rest = product([dim for dim in target if dim != -1])
        missing = whole // rest if isinstance(whole, int) and isinstance(rest, int) else None
        return [(case.shape[0], *(missing if dim == -1 else dim for dim in target))]
    return [(case.shape[0], *target)]


@SHAPES("Permute")
def _permute(case: Case) -> list[Shape]:
    return [(case.shape[0], *(case.shape[size(dim)] for dim in case.config["dims"]))]


@SHAPES("RepeatVector")
def _repeat(case: Case) -> list[Shape]:
    return [(case.shape[0], size(case.config["n"]), case.shape[1])]


def _around(case: Case, setting: str) -> list[tuple[int, int]]:
    """What is put around, or cut off, each spatial axis."""
    value, count = case.setting(setting), len(case.spatial_axes)
    if (
        count == 1
        and isinstance(value, list | tuple)
        and len(value) == 2
        and isinstance(value[0], int)
    ):
        value = [value]
    items = value if isinstance(value, list | tuple) else [value] * count
    return [(size(i), size(i)) if isinstance(i, int) else (size(i[0]), size(i[1])) for i in items]


@SHAPES("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _padding(case: Case) -> list[Shape]:
    shape = case.shape
    for axis, (before, after) in zip(case.spatial_axes, _around(case, "padding"), strict=True):
        dim = shape[axis]
        shape = with_axis(shape, axis, dim + before + after if isinstance(dim, int) else None)
    return [shape]


@SHAPES("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(case: Case) -> list[Shape]:
    shape = case.shape
    for axis, (before, after) in zip(case.spatial_axes, _around(case, "cropping"), strict=True):
        dim = shape[axis]
        shape = with_axis(shape, axis, dim - before - after if isinstance(dim, int) else None)
    return [shape]


@SHAPES("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _upsampling(case: Case) -> list[Shape]:
    shape = case.shape
    for axis, times in zip(case.spatial_axes, case.sizes("size", "length"), strict=True):
        dim = shape[axis]
        shape = with_axis(shape, axis, dim * times if isinstance(dim, int) else None)
    return [shape]


@SHAPES("Resizing", "CenterCrop", "RandomCrop")
def _resizing(case: Case) -> list[Shape]:
    axes = range(2, 4) if case.is_channels_first else range(1, 3)
    if len(case.shape) == 3:
        axes = range(axes.start - 1, axes.stop - 1)
    shape = with_axis(case.shape, axes[0], size(case.config["height"]))
    return [with_axis(shape, axes[1], size(case.config["width"]))]


@SHAPES("Add", "Average", "CustomScaleLayer", "Maximum", "Minimum", "Multiply", "Subtract")
def _merge(case: Case) -> list[Shape]:
    return [broadcast([known(shape) for shape in case.inputs])]


@SHAPES("Concatenate", "Merge")
def _concatenate(case: Case) -> list[Shape]:
    if case.config.get("mode", "concat") != "concat":
        return [broadcast([known(shape) for shape in case.inputs])]
    axis = case.setting("axis", "concat_axis", default=-1)
    dims = [known(shape)[axis] for shape in case.inputs]
    total = sum(size(dim) for dim in dims) if None not in dims else None
    return [with_axis(case.shape, axis, total)]


@SHAPES("Dot")
def _dot(case: Case) -> list[Shape]:
    left, right = (list(known(shape)) for shape in case.inputs)
    axes = case.config["axes"]
    first, second = (axes, axes) if isinstance(axes, int) else axes
    left.pop(first)
    right.pop(second)
    made = (*left, *right[1:])
    return [made if len(made) > 1 else (*made, 1)]


@SHAPES("Embedding")
def _embedding(case: Case) -> list[Shape]:
    return [(*case.shape, size(case.config["output_dim"]))]


@SHAPES("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU")
def _recurrent(case: Case) -> list[Shape]:
    units = size(case.setting("units", "output_dim"))
    states = 1 if case.flag("return_state", default=False) else 0
    batch = case.shape[0]
    states *= 2 if case.name in ("LSTM", "CuDNNLSTM") else 1
    return [_series(case, (units,)), *[(batch, units)] * states]


def _series(case: Case, step: Shape) -> Shape:
    """One step's shape, with the axis of time when each step is given."""
    first = case.shape[:2] if case.flag("return_sequences", default=False) else case.shape[:1]
    return (*first, *step)


@SHAPES("RNN", "StackedRNN")
def _cells(case: Case) -> list[Shape]:
    cells = cells_of(case.config)
    units = [size(inside_of(cell).get("units")) for cell in cells]
    made = [_series(case, (units[-1],))]
    if case.flag("return_state", default=False):
        for cell, width in zip(cells, units, strict=True):
            made += [(case.shape[0], width)] * (2 if class_of(cell) == "LSTMCell" else 1)
    return made


def inside_of(described: object) -> JSON:
    """The settings of a layer described inside another's."""
    config = described.get("config") if isinstance(described, dict) else None
    if not isinstance(config, dict):
        raise UnknownError
    return config


def cells_of(config: JSON) -> list[JSON]:
    """The cells of an RNN layer, from its input to its output."""
    cell = config["cell"]
    inner = inside_of(cell).get("cells")
    found = inner if isinstance(inner, list) else [cell]
    return [item for item in found if isinstance(item, dict)]


@SHAPES("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def _conv_lstm(case: Case) -> list[Shape]:
    step = Case(case.name, case.config, [(case.shape[0], *case.shape[2:])])
    (made,) = _convolution(step)
    states = 2 if case.flag("return_state", default=False) else 0
    return [_series(case, made[1:]), *[made] * states]


def wrapped(case: Case, inputs: Sequence[Shape | None]) -> Case:
    """The case of the layer inside a wrapper."""
    layer = case.config["layer"]
    return Case(class_of(layer), inside_of(layer), inputs)


@SHAPES("Bidirectional")
def _bidirectional(case: Case) -> list[Shape]:
    made, *states = known(SHAPES.answer(wrapped(case, [case.shape])))
    mode = case.config.get("merge_mode", "concat")
    if mode == "concat":
        ends = [(*made[:-1], 2 * size(made[-1]))]
    else:
        ends = [made] if mode is not None else [made, made]
    return [*ends, *states, *states]


@SHAPES("TimeDistributed")
def _time_distributed(case: Case) -> list[Shape]:
    batch, time, *rest = case.shape
    inside = known(SHAPES.answer(wrapped(case, [(batch, *rest)])))
    return [(shape[0], time, *shape[1:]) for shape in inside]


def chained(case: Case) -> Iterator[tuple[Case, list[Shape]]]:
    """Each layer of a Sequential model inside a wrapper, and what it makes."""
    made: list[Shape] = [case.shape]
    for layer in case.config["layers"]:
        if class_of(layer) != "InputLayer":
            step = Case(class_of(layer), inside_of(layer), made)
            made = known(SHAPES.answer(step))
            yield step, made


@SHAPES("Sequential")
def _sequential(case: Case) -> list[Shape]:
    return [[case.shape], *(made for _, made in chained(case))][-1]


@SHAPES("MultiHeadAttention")
def _attention(case: Case) -> list[Shape]:
    query = case.shape
    if case.keywords and "query" in case.keywords:
        query = known(case.inputs[list(case.keywords).index("query")])
    width = case.config.get("output_shape")
    shape = (*query[:-1], *spread(width, 1)) if width else query
    if not case.arguments.get("return_attention_scores"):
        return [shape]
    key = case.inputs[1] if len(case.inputs) > 1 else query
    return [shape, (query[0], size(case.config["num_heads"]), query[1], known(key)[1])]


@SHAPES("Attention", "AdditiveAttention")
def _dot_attention(case: Case) -> list[Shape]:
    query, value = known(case.inputs[0]), known(case.inputs[1])
    made: list[Shape] = [(*query[:-1], value[-1])]
    if case.arguments.get("return_attention_scores"):
        made.append((*query[:-1], value[1]))
    return made


@SHAPES("EinsumDense")
def _einsum_dense(case: Case) -> list[Shape]:
    letters, sizes = einsum_sizes(case)
    result = letters[2]
    made = tuple(sizes.get(letter) for letter in result)
    if "..." in case.config["equation"]:
        inner = len(letters[0])
        return [(*case.shape[: len(case.shape) - inner], *made)]
    return [made]


def einsum_sizes(case: Case) -> tuple[tuple[str, str, str], dict[str, Dim]]:
    """The letters of an EinsumDense's input, kernel and output, and the size of each."""
    equation = case.config["equation"].replace("...", "").replace(" ", "")
    left, result = equation.split("->")
    data, kernel = left.split(",")
    sizes: dict[str, Dim] = dict(zip(reversed(data), reversed(case.shape), strict=False))
    stated = case.config["output_shape"]
    stated = stated if isinstance(stated, list | tuple) else [stated]
    for letter, dim in zip(reversed(result), reversed(stated), strict=False):
        if dim is not None:
            sizes[letter] = size(dim)
    return (data, kernel, result), sizes


@SHAPES("CategoryEncoding")
def _category_encoding(case: Case) -> list[Shape]:
    tokens = size(case.config["num_tokens"])
    if case.config.get("output_mode") == "one_hot" and (not case.shape or case.shape[-1] != 1):
        return [(*case.shape, tokens)]
    return [(*case.shape[:-1], tokens)]


@SHAPES("Discretization", "StringLookup", "IntegerLookup", "Hashing", "HashedCrossing")
def _lookup(case: Case) -> list[Shape]:
    if case.config.get("output_mode", "int") != "int":
        raise UnknownError
    return [case.shape]


@SHAPES("Lambda")
def _stated(case: Case) -> list[Shape]:
    shape = case.config.get("output_shape")
    if not isinstance(shape, list | tuple):
        raise UnknownError
    return [(case.shape[0], *(None if dim is None else size(dim) for dim in shape))]
