"""Inputs for a model that was given none: what it tells about itself, then what would fit."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import nn

from archviz.importers.torch.containers import replaced

IMAGE_SIZES = (224, 256, 299, 128, 64, 32)
VIDEO_SIZES = ((16, 112), (16, 224), (8, 64), (32, 224))
SOUND_LENGTHS = (1000, 16000)
TEXT = 16
"""Tokens of a text."""


class Guess(NamedTuple):
    """Arguments to try.

    Attributes:
        reason: Where they come from, as in "from its configuration".
        args: Positional.
        kwargs: Named.
    """

    reason: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def guesses(target: Any) -> Iterator[Guess]:
    """Arguments for ``target``, the likeliest first, in its own precision."""
    precision = _precision(target)
    for guess in _guesses(target):
        if precision is torch.float32:
            yield guess
        else:
            args, kwargs = replaced(
                (guess.args, guess.kwargs),
                lambda tensor: tensor.to(precision) if tensor.is_floating_point() else tensor,
            )
            yield Guess(guess.reason, args, kwargs)


def _precision(target: Any) -> torch.dtype:
    """The type of the model's first floating-point parameter."""
    stored = target.parameters() if isinstance(target, nn.Module) else ()
    return next((p.dtype for p in stored if p.is_floating_point()), torch.float32)


def _guesses(target: Any) -> Iterator[Guess]:
    required = _required(target)
    example = getattr(target, "example_input_array", None)
    if example is not None:
        if isinstance(example, dict):
            yield Guess("from its example_input_array", (), dict(example))
        else:
            args = tuple(example) if isinstance(example, tuple | list) else (example,)
            yield Guess("from its example_input_array", args, {})
    yield from _from_placeholders(target)
    if not required and not isinstance(target, nn.Module):
        yield Guess("it needs none", (), {})
    if not isinstance(target, nn.Module):
        return
    settings = getattr(target, "pretrained_cfg", None) or getattr(target, "default_cfg", None)
    size = getattr(settings, "get", lambda key: None)("input_size")
    if size:
        yield Guess("from its pretrained_cfg", (_floats(1, *size),), {})
    configuration = getattr(target, "config", None)
    if hasattr(configuration, "to_dict"):
        named = _from_configuration(target, configuration)
        if named:
            yield Guess("from its configuration", (), named)
            for more, other in _with_another_axis(named, configuration):
                yield Guess(f"from its configuration, with {more}", (), other)
    if not required:
        yield Guess("it needs none", (), {})
    yield from _from_first_layer(target, max(1, len(required)))


def _required(target: Any) -> list[str]:
    """Names of the arguments that the call cannot do without."""
    function = target.forward if isinstance(target, nn.Module) else target
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]


def _floats(*shape: int) -> torch.Tensor:
    return torch.empty(shape, device="meta")


def _indices(*shape: int) -> torch.Tensor:
    return torch.zeros(shape, dtype=torch.long)


def _from_placeholders(target: Any) -> Iterator[Guess]:
    """The shapes that a traced graph noted at its inputs."""
    if not isinstance(target, torch.fx.GraphModule):
        return
    found = []
    for node in target.graph.nodes:
        if node.op != "placeholder":
            continue
        value = node.meta.get("val", node.meta.get("example_value"))
        noted = value if value is not None else node.meta.get("tensor_meta")
        if noted is None or not hasattr(noted, "shape"):
            if node.args:  # it has a default
                continue
            return
        shape = [dim if isinstance(dim, int) else 2 for dim in noted.shape]
        if noted.dtype.is_floating_point:
            found.append(torch.empty(shape, dtype=noted.dtype, device="meta"))
        else:
            found.append(torch.zeros(shape, dtype=noted.dtype))
    if found:
        yield Guess("from its placeholders", tuple(found), {})


def _from_configuration(target: nn.Module, configuration: Any) -> dict[str, Any]:
    """Named arguments for a transformers model, from its configuration and its signature."""
    names = list(inspect.signature(target.forward).parameters)
    found: dict[str, Any] = {}
    vision = getattr(configuration, "vision_config", None) or configuration
    if "pixel_values" in names:
        size = _number(vision, "image_size") or 224
        channels = _number(vision, "num_channels", "in_channels", "in_chans") or 3
        frames = _number(vision, "num_frames", "frames_per_clip")
        is_video = frames and "video" in type(target).__name__.lower() + type(target).__module__
        shape = (1, frames, channels, size, size) if is_video else (1, channels, size, size)
        found["pixel_values"] = _floats(*shape)
    if "pixel_values_videos" in names and "pixel_values" not in names:
        size = _number(vision, "image_size", "crop_size") or 224
        frames = _number(vision, "num_frames", "frames_per_clip") or 8
        found["pixel_values_videos"] = _floats(1, frames, 3, size, size)
    audio = getattr(configuration, "audio_config", None) or configuration
    if "input_features" in names:
        bins = _number(audio, "num_mel_bins", "feature_size", "input_feat_per_channel") or 80
        length = 2 * (_number(audio, "max_source_positions") or 500)
        is_rows = "max_source_positions" not in dir(audio) or "speech_to_text" in str(type(target))
        found["input_features"] = _floats(1, length, bins) if is_rows else _floats(1, bins, length)
    if "input_values" in names:
        bins = _number(configuration, "num_mel_bins")
        length = _number(configuration, "max_length")
        found["input_values"] = _floats(1, length, bins) if bins and length else _floats(1, 16000)
    if "input_ids" in names:
        found["input_ids"] = _indices(1, TEXT)
    if getattr(configuration, "is_encoder_decoder", False) and "decoder_input_ids" in names:
        found["decoder_input_ids"] = _indices(1, TEXT // 2)
    if "bbox" in names and "input_ids" in found:
        found["bbox"] = _indices(1, TEXT, 4)
    if "inputs_embeds" in names and not found:
        width = _number(configuration, "hidden_size", "d_model")
        if width:
            found["inputs_embeds"] = _floats(1, TEXT, width)
    if "inputs" in names and not found:
        width = _number(configuration, "d_model", "hidden_size")
        if width:
            found["inputs"] = _floats(1, TEXT, width)
    if found and "use_cache" in names:
        found["use_cache"] = False
    return found


def _with_another_axis(
    named: dict[str, Any], configuration: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same arguments, an image as a video's frames, or sound with an axis of channels."""
    image, sound = named.get("pixel_values"), named.get("input_features")
    vision = getattr(configuration, "vision_config", None) or configuration
    frames = _number(vision, "num_frames", "frames_per_clip")
    if image is not None and image.dim() == 4 and frames:
        batch, *rest = image.shape
        yield "frames", {**named, "pixel_values": _floats(batch, frames, *rest)}
    if sound is not None:
        yield "an axis of channels", {**named, "input_features": sound.unsqueeze(1)}


def _number(configuration: Any, *names: str) -> int:
    """The first of these settings that is a number, or the first of two numbers; 0 without any."""
    for name in names:
        value = getattr(configuration, name, None)
        if isinstance(value, list | tuple) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("height") or value.get("shortest_edge")
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 0


def _from_first_layer(module: nn.Module, count: int) -> Iterator[Guess]:
    """Tensors that the first layer can take, for each of ``count`` required arguments."""
    for tensor in _candidates(module):
        shape = "×".join(map(str, tensor.shape))
        reason = f"{shape}, which its first layer can take"
        yield Guess(reason, (tensor,) * count, {})
        if count == 1 and tensor.dtype is not torch.long:
            yield Guess(f"a list of {shape}", ([tensor[0]],), {})
        if count == 2:
            length = tensor.shape[1] if tensor.dim() > 1 else 1
            lengths = torch.full((tensor.shape[0],), length, dtype=torch.long)
            yield Guess(f"{reason}, and its lengths", (tensor, lengths), {})


_FIRST = (
    nn.modules.conv._ConvNd,
    nn.Embedding,
    nn.EmbeddingBag,
    nn.Linear,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.LayerNorm,
    nn.modules.batchnorm._BatchNorm,
)


def _candidates(module: nn.Module) -> Iterator[torch.Tensor]:
    layer = next((part for part in module.modules() if isinstance(part, _FIRST)), None)
    width = 0
    match layer:
        case nn.Embedding() | nn.EmbeddingBag():
            yield _indices(1, TEXT)
            return
        case nn.Conv3d() | nn.ConvTranspose3d():
            for depth, size in VIDEO_SIZES:
                yield _floats(1, layer.in_channels, depth, size, size)
        case nn.Conv2d() | nn.ConvTranspose2d() | nn.LazyConv2d():
            for size in IMAGE_SIZES:
                yield _floats(1, layer.in_channels or 3, size, size)
        case nn.Conv1d() | nn.ConvTranspose1d():
            for length in SOUND_LENGTHS:
                yield _floats(1, layer.in_channels, length)
        case nn.Linear():
            width = layer.in_features
        case nn.RNNBase():
            width = layer.input_size
        case nn.MultiheadAttention():
            width = layer.embed_dim
        case nn.LayerNorm():
            width = layer.normalized_shape[-1]
        case nn.BatchNorm2d():
            yield _floats(1, layer.num_features, 32, 32)
        case nn.BatchNorm1d():
            width = layer.num_features
    if not width and layer is None:
        stored = next((p for p in module.parameters() if p.dim() > 1), None)
        width = stored.shape[-1] if stored is not None else 0
    if width:
        yield _floats(2, width)
        yield _floats(2, 8, width)
    if any(isinstance(part, nn.Embedding) for part in module.modules()):
        yield _indices(2, TEXT)
    if layer is None and not width:
        for size in IMAGE_SIZES[:1]:
            yield _floats(1, 3, size, size)
        yield _floats(2, 8)
