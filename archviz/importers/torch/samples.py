"""Seeded contents that stand in for those a ghost lacks."""

from __future__ import annotations

from collections.abc import Callable

import torch

MOST_BYTES = 256 << 20
"""The largest tensor that is filled."""


class TooLargeError(RuntimeError):
    """A tensor whose contents would take too much memory to make up."""


class Samples:
    """Contents by tensor: the same tensor always gets the same ones.

    Args:
        seed: Of the random numbers, which are drawn apart from the caller's.
        is_unknown: Whether a tensor needs a sample.
    """

    def __init__(self, seed: int, is_unknown: Callable[[torch.Tensor], bool]) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._is_unknown = is_unknown
        self._known: dict[int, tuple[torch.Tensor, torch.Tensor, int]] = {}

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor itself when its contents are known, else one like it with contents."""
        if not self._is_unknown(tensor):
            return tensor
        version = tensor._version
        known = self._known.get(id(tensor))
        if known is None or known[2] != version:
            known = self._known[id(tensor)] = (self._drawn(tensor), tensor, version)
        return known[0]

    def _drawn(self, tensor: torch.Tensor) -> torch.Tensor:
        shape, dtype = tuple(tensor.shape), tensor.dtype
        size = tensor.numel() * tensor.element_size()
        if size > MOST_BYTES:
            raise TooLargeError(f"a result depends on the contents of a tensor of {size:,} bytes")
        if dtype is torch.bool:
            # Few are true, so that a mask picks some of a large tensor.
            share = min(0.5, 8 / max(1, tensor.numel()))
            return torch.rand(shape, generator=self._generator) < share
        if dtype.is_floating_point or dtype.is_complex:
            return torch.randn(shape, generator=self._generator).to(dtype)
        return torch.randint(0, 2, shape, generator=self._generator).to(dtype)
