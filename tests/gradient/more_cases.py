"""More bugs and legitimate patterns, each with the verdicts expected; "# CUT" marks the culprit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

CASES: list[dict[str, Any]] = []
Made = tuple[Any, ...]


def case(**expect: str | tuple[str, str]) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Registers a case; "enc" stands for all of the encoder, "all" for every parameter."""
    named = {"enc": "enc.*", "dec": "dec.*", "all": "*"}

    def register(make: Callable[[], Made]) -> Callable[[], Made]:
        wanted = {}
        for key, value in expect.items():
            verdict, kinds = (value, None) if isinstance(value, str) else value
            wanted[named.get(key, key)] = (verdict, kinds, "CUT" if kinds else None)
        CASES.append({"name": make.__name__, "make": make, "expect": wanted})
        return make

    return register


class Pair(nn.Module):
    """An encoder and a decoder with something between them."""

    def __init__(self, between: Callable[[Any], Any]) -> None:
        super().__init__()
        self.enc = nn.Linear(4, 4)
        self.dec = nn.Linear(4, 4)
        self.between = between

    def forward(self, x: Any) -> Any:
        return self.dec(self.between(self.enc(x)))


def pair(between: Callable[[Any], Any]) -> Made:
    return Pair(between), (torch.randn(3, 4),)


@case(enc=("cut", "nondiff"))
def top_k_positions_scaled() -> Made:
    return pair(lambda h: h.topk(4).indices.float() / 4)  # CUT


@case(enc=("cut", "nondiff"))
def bucketized_values() -> Made:
    return pair(lambda h: torch.bucketize(h, torch.linspace(-1, 1, 5)).float())  # CUT


@case(enc=("cut", "nondiff"))
def one_hot_of_the_largest() -> Made:
    return pair(lambda h: F.one_hot(h.argmax(-1), 4).float())  # CUT


@case(enc=("cut", "cast"))
def half_precision_detour_through_bytes() -> Made:
    return pair(lambda h: (h.sigmoid() * 255).byte().float() / 255)  # CUT


@case(enc=("cut", "compare"))
def both_thresholds_of_a_band() -> Made:
    def between(h: Any) -> Any:
        inside = (h > -1) & (h < 1)  # CUT
        return inside.float()

    return pair(between)


@case(enc=("cut", "no_grad"))
def a_decorated_method() -> Made:
    class Frozen(Pair):
        @torch.no_grad()  # CUT
        def encode(self, x: Any) -> Any:
            return self.enc(x)

        def forward(self, x: Any) -> Any:
            return self.dec(self.encode(x))

    return Frozen(lambda h: h), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def after_an_inner_region_with_gradient() -> Made:
    class Nested(Pair):
        def forward(self, x: Any) -> Any:
            with torch.no_grad():  # CUT
                with torch.enable_grad():
                    x = x * 2
                h = self.enc(x)
            return self.dec(h)

    return Nested(lambda h: h), (torch.randn(3, 4),)


@case(enc=("cut", "inference_mode"))
def a_method_in_inference_mode() -> Made:
    class Inference(Pair):
        @torch.inference_mode()  # CUT
        def encode(self, x: Any) -> Any:
            return self.enc(x)

        def forward(self, x: Any) -> Any:
            return self.dec(self.encode(x).clone())

    return Inference(lambda h: h), (torch.randn(3, 4),)


@case(enc=("cut", "detach"))
def detached_in_a_dictionary() -> Made:
    def between(h: Any) -> Any:
        kept = {"state": [h.detach()]}  # CUT
        return kept["state"][0] + 1

    return pair(between)


@case(enc=("cut", "leave"))
def rebuilt_row_by_row() -> Made:
    return pair(lambda h: torch.stack([torch.tensor([v.item() for v in row]) for row in h]))  # CUT


@case(enc=("cut", "rewrap|leave"))
def copied_by_new_tensor_of_a_list() -> Made:
    return pair(lambda h: torch.tensor([list(row) for row in h]))  # CUT


@case(enc=("zero", "zero"))
def truncated() -> Made:
    return pair(lambda h: h.trunc())  # CUT


@case(enc=("zero", "zero"))
def divided_with_rounding() -> Made:
    return pair(lambda h: torch.div(h, 0.1, rounding_mode="floor"))  # CUT


@case(enc=("zero", "zero"))
def sign_of_a_product() -> Made:
    return pair(lambda h: torch.sign(h * 2) + 1)  # CUT


@case(enc=("zero-here", "zero-here"), dec="ok|zero-here")
def a_saturated_hard_tanh() -> Made:
    return pair(lambda h: F.hardtanh(h + 100))  # CUT


@case(**{"enc": ("zero", "zero"), "dec.weight": ("zero-here", "zero")})
def rounded_to_nothing_but_zeros() -> Made:
    return pair(lambda h: (h * 1e-3).round())  # CUT


@case(**{"enc": ("cut", "cast"), "dec.weight": ("zero-here", "cast")})
def zeros_of_a_cast_two_steps_before_the_weight() -> Made:
    def between(h: Any) -> Any:
        whole = (h * 1e-3).long()  # CUT
        return torch.tanh(whole.float() * 2)

    return pair(between)


@case(enc="no-effect")
def returned_beside_the_loss() -> Made:
    class Two(Pair):
        def forward(self, x: Any) -> Any:
            return self.enc(x), self.dec(x)

    return Two(lambda h: h), (torch.randn(3, 4),), lambda out: out[1].pow(2).mean()


@case(enc="side")
def kept_on_the_module() -> Made:
    class Auxiliary(Pair):
        def forward(self, x: Any) -> Any:
            self.loss = self.enc(x).mean()
            return self.dec(x)

    return Auxiliary(lambda h: h), (torch.randn(3, 4),)


@case()
def weight_and_spectral_norm() -> Made:
    first = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    second = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
    return nn.Sequential(first, second), (torch.randn(3, 4),)


@case()
def recurrent_layers() -> Made:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 4, 2, batch_first=True, bidirectional=True)
            self.gru = nn.GRU(8, 4, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.gru(self.lstm(x)[0])[0]

    return Recurrent(), (torch.randn(2, 5, 4),)


@case()
def a_low_rank_adapter_that_starts_at_zero() -> Made:
    class Adapter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Parameter(torch.randn(4, 2))
            self.second = nn.Parameter(torch.zeros(2, 4))

        def forward(self, x: Any) -> Any:
            return x + x @ self.first @ self.second

    return Adapter(), (torch.randn(3, 4),)


@case()
def a_checkpoint_that_re_enters() -> Made:
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(Pair):
        def forward(self, x: Any) -> Any:
            return self.dec(checkpoint(self.enc, x * self.dec.bias.sum(), use_reentrant=True))

    return Checkpointed(lambda h: h), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def a_checkpoint_that_re_enters_on_data() -> Made:
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(Pair):
        def forward(self, x: Any) -> Any:
            return self.dec(checkpoint(self.enc, x, use_reentrant=True))  # CUT

    return Checkpointed(lambda h: h), (torch.randn(3, 4),)


@case()
def tied_embeddings_and_a_padding_index() -> Made:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(8, 4, padding_idx=0)
            self.head = nn.Linear(4, 8, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, ids: Any) -> Any:
            return self.head(self.embedding(ids))

    return Tied(), (torch.randint(0, 8, (2, 5)),)


@case()
def a_mask_beside_the_value() -> Made:
    return pair(lambda h: torch.where(h > 0, h, 0.1 * h) * (h.detach() > -9))


@case()
def in_place_over_slices() -> Made:
    def between(h: Any) -> Any:
        out = torch.empty_like(h)
        out[:, :2] = h[:, 2:]
        out[:, 2:].copy_(h[:, :2])
        out.view(-1)[::2].mul_(2)
        return out

    return pair(between)
