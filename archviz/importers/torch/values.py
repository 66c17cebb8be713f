"""Values of named parameters of a live PyTorch module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archviz.ir.model import WeightReader
from archviz.source import Source

MOST_MADE = 20_000_000
"""Parameters up to which a model that was made without memory is made again with its weights."""


def weights(source: Source) -> WeightReader:
    """What reads parameters and buffers of the module in ``source`` by name."""

    def read(names: Sequence[str]) -> Mapping[str, Any]:
        live = source.object
        if not hasattr(live, "named_parameters"):
            return {}
        stored = _stored(live)
        if any(_is_empty(stored[name]) for name in names if name in stored):
            stored = _made_again(source, stored)
        return {
            name: stored[name].detach().cpu().float().numpy()
            for name in names
            if name in stored and not _is_empty(stored[name])
        }

    return read


def _stored(live: Any) -> dict[str, Any]:
    return {
        **dict(live.named_parameters(remove_duplicate=False)),
        **dict(live.named_buffers(remove_duplicate=False)),
    }


def _is_empty(tensor: Any) -> bool:
    return bool(tensor.is_meta) or type(tensor).__name__ == "FakeTensor" or tensor.is_sparse


def _made_again(source: Source, stored: Mapping[str, Any]) -> dict[str, Any]:
    """The weights of a second model, this time in memory; none of one that is too large."""
    if source.maker is None or sum(tensor.numel() for tensor in stored.values()) > MOST_MADE:
        return {}
    made = source.maker()
    return _stored(made) if hasattr(made, "named_parameters") else {}
