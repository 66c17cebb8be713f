"""What is recorded is what happened: recordings run again, ghosts beside real tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch
import torch_modules as modules
from torch import nn
from torch_replay import replay

from archviz.importers.torch.graph import graph_of
from archviz.importers.torch.record import record

Call = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]


def ids(*shape: int) -> torch.Tensor:
    return torch.arange(torch.tensor(shape).prod().item()).reshape(shape) % 50


def shared() -> Call:
    return modules.Shared(), (torch.rand(2, 8),), {}


def aliased() -> Call:
    return modules.Aliased(), (torch.rand(1, 3, 8, 8),), {}


def nested() -> Call:
    return modules.Nested(), ({"x": [torch.rand(2, 4), {"y": torch.rand(2, 4)}]},), {}


def listed() -> Call:
    return modules.Listed(), (torch.rand(2, 4),), {}


def encoder_decoder() -> Call:
    model = nn.Transformer(16, 2, 1, 1, 32, batch_first=True)
    return model, (torch.rand(2, 5, 16), torch.rand(2, 3, 16)), {}


def recurrent() -> Call:
    return nn.LSTM(4, 8, 2, batch_first=True, bidirectional=True), (torch.rand(2, 5, 4),), {}


def attention() -> Call:
    value = torch.rand(2, 5, 16)
    return nn.MultiheadAttention(16, 4, batch_first=True), (value, value, value), {}


class Mapped(nn.Module):
    """Maps over rows, over columns, and over both at once."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 6)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.linear(x)
        columns = torch.vmap(lambda c, w: c.unsqueeze(0) * w, (1, None), 1)(y, torch.ones(3, 1))
        both = torch.vmap(torch.vmap(lambda item, bias: item.exp() + bias), (1, None))(y, y[0, :5])
        return torch.vmap(lambda row: (row * row).sum())(y), columns, both


def mapped() -> Call:
    return Mapped(), (torch.rand(5, 4),), {}


def bert() -> Call:
    from transformers import BertConfig, BertModel

    settings = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = BertModel(BertConfig(**settings, intermediate_size=32, vocab_size=50))
    return model, (), {"input_ids": ids(1, 8), "attention_mask": torch.ones(1, 8).long()}


def llama() -> Call:
    from transformers import LlamaConfig, LlamaForCausalLM

    settings = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(
        **settings, num_key_value_heads=2, intermediate_size=64, vocab_size=50, head_dim=8
    )
    return LlamaForCausalLM(config), (), {"input_ids": ids(1, 8)}


def experts() -> Call:
    from transformers import MixtralConfig, MixtralModel

    settings = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = MixtralConfig(
        **settings,
        num_key_value_heads=2,
        intermediate_size=64,
        vocab_size=50,
        num_local_experts=4,
        head_dim=8,
    )
    return MixtralModel(config), (), {"input_ids": ids(1, 8)}


def state_space() -> Call:
    from transformers import MambaConfig, MambaModel

    config = MambaConfig(hidden_size=16, num_hidden_layers=2, vocab_size=50, state_size=4)
    return MambaModel(config), (), {"input_ids": ids(1, 6)}


def vision() -> Call:
    from transformers import ViTConfig, ViTModel

    settings = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = ViTModel(ViTConfig(**settings, intermediate_size=32, image_size=32, patch_size=8))
    return model, (torch.rand(1, 3, 32, 32),), {}


MAKERS = (
    shared, aliased, nested, listed, encoder_decoder, recurrent, attention, mapped,
    bert, llama, experts, state_space, vision,
)  # fmt: skip
each_model = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def made(make: Callable[[], Call]) -> Call:
    if make in (bert, llama, experts, state_space, vision):
        pytest.importorskip("transformers", reason="transformers is not installed")
    module, args, kwargs = make()
    return module.eval(), args, kwargs


@each_model
@pytest.mark.filterwarnings("ignore")
def test_the_recorded_slice_run_again_gives_the_outputs_bit_for_bit(
    make: Callable[[], Call],
) -> None:
    ran, wrong = replay(*made(make))
    assert ran > 0
    assert wrong == 0


def test_a_slice_without_alias_edges_gives_other_outputs() -> None:
    assert replay(*made(aliased))[1] == 0
    assert replay(*made(aliased), follow_aliases=False)[1] > 0


@each_model
@pytest.mark.filterwarnings("ignore")
def test_the_graph_of_ghosts_is_that_of_real_tensors(make: Callable[[], Call]) -> None:
    ghost = record(*made(make))
    real = record(*made(make), substrate="real")
    assert not ghost.assumptions
    assert graph_of(ghost) == graph_of(real)


@pytest.mark.parametrize("substrate", ["ghost", "real"])
def test_what_is_mapped_over_rows_has_all_of_them(substrate: str) -> None:
    module, args, kwargs = mapped()
    recording = record(module, args, kwargs, substrate=substrate)
    shapes = [recording.values[reference.value].shape for _, reference in recording.outputs]
    assert shapes == [tuple(result.shape) for result in module(*args)]
