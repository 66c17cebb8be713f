"""What the shape of a convolution's kernel says of its window, by the order of its axes."""

from __future__ import annotations

from collections.abc import Sequence

AXES = {
    "Conv2D": "HWIO",
    "Conv3D": "DHWIO",
    "DepthwiseConv2dNative": "HWIM",
    "CONV_2D": "OHWI",
    "CONV_3D": "DHWIO",
    "DEPTHWISE_CONV_2D": "1HWM",
    "TRANSPOSE_CONV": "OHWI",
}
"""Depth, height, width, input and output channels, and multiples of each input channel, of
TensorFlow's and TFLite's operations. Those of others have the channels first."""


def window_in(op: str, shape: Sequence[object]) -> tuple[object, ...]:
    """The sides of the window; () when the shape is no kernel's."""
    axes = AXES.get(op)
    if axes is None:
        return tuple(shape[2:])
    if len(shape) != len(axes):
        return ()
    return tuple(size for axis, size in zip(axes, shape, strict=True) if axis in "DHW")


def filters_in(op: str, shape: Sequence[object]) -> object:
    """How many filters there are, None where the shape does not say."""
    place = AXES.get(op, "").find("O")
    return shape[place] if 0 <= place < len(shape) else None
