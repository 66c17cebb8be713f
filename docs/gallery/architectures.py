"""Small networks of many kinds, and their ONNX files.

They are built with torch and transformers from small configurations, without weights from anywhere:
what a network computes does not matter here, only how it is built.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

Built = tuple[Any, tuple[Any, ...]]
"""A module and the arguments that it is called with."""

TRACED = ("masked_gpt2", "mixtral", "swin")
"""Those that the exporter which traces writes, where the one that captures fails or takes long."""


def ids() -> Any:
    """Sixteen tokens."""
    import torch

    return torch.arange(16).reshape(1, 16)


def image(side: int = 32) -> Any:
    """A picture of three channels."""
    import torch

    return torch.zeros(1, 3, side, side)


def bert(layers: int = 12) -> Built:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=64, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=128,
        vocab_size=500,
    )  # fmt: skip
    return BertModel(config), (ids(),)


def gpt2(layers: int = 12) -> Built:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        n_embd=48, n_layer=layers, n_head=4, vocab_size=100, n_positions=32, use_cache=False
    )
    return GPT2LMHeadModel(config), (ids(),)


def llama(layers: int = 8) -> Built:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=100, use_cache=False,
    )  # fmt: skip
    return LlamaForCausalLM(config), (ids(),)


def masked_llama(layers: int = 12) -> Built:
    return masked(llama(layers)[0])


def masked_gpt2(layers: int = 12) -> Built:
    return masked(gpt2(layers)[0])


def masked(network: Any) -> Built:
    import torch

    class Scores(torch.nn.Module):
        """The network with its mask and its positions as inputs, as a server calls it."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self, tokens: torch.Tensor, attention_mask: torch.Tensor, position_ids: torch.Tensor
        ) -> torch.Tensor:
            """Scores of the next token."""
            return self.network(
                tokens, attention_mask=attention_mask, position_ids=position_ids
            ).logits

    return Scores(), (ids(), torch.ones_like(ids()), ids())


def mixtral() -> Built:
    import torch
    from transformers import MixtralConfig, MixtralForCausalLM

    config = MixtralConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=100, num_local_experts=4, use_cache=False,
    )  # fmt: skip
    network = MixtralForCausalLM(config)
    network.set_experts_implementation("batched_mm")

    class Scores(torch.nn.Module):
        """The network with the arguments that tracing cannot leave out."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            """Scores of the next token."""
            seen = torch.ones_like(tokens)
            return self.network(tokens, attention_mask=seen, position_ids=ids()).logits

    return Scores(), (ids(),)


def distilbert() -> Built:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(dim=48, n_layers=6, n_heads=4, hidden_dim=96, vocab_size=100)
    return DistilBertForSequenceClassification(config), (ids(),)


def vit() -> Built:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=48, num_hidden_layers=6, num_attention_heads=4, intermediate_size=96,
        image_size=32, patch_size=8,
    )  # fmt: skip
    return ViTForImageClassification(config), (image(),)


def swin() -> Built:
    import torch
    from transformers import SwinConfig, SwinForImageClassification

    config = SwinConfig(
        image_size=64, patch_size=2, embed_dim=24, depths=[2, 2, 2], num_heads=[2, 2, 4],
        window_size=8,
    )  # fmt: skip
    network = SwinForImageClassification(config)

    class Scores(torch.nn.Module):
        """The network with one result."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            """Scores of the classes."""
            return self.network(picture).logits

    return Scores(), (image(64),)


def convnext() -> Built:
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(hidden_sizes=[16, 32, 48, 64], depths=[3, 3, 9, 3])
    return ConvNextForImageClassification(config), (image(64),)


def mobilenet_v2() -> Built:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    return MobileNetV2ForImageClassification(MobileNetV2Config(depth_multiplier=0.5)), (image(64),)


def resnet(depths: tuple[int, ...] = (3, 4, 6, 3), layer_type: str = "basic") -> Built:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        embedding_size=16, hidden_sizes=[32, 48, 64, 96], depths=list(depths),
        layer_type=layer_type,
    )  # fmt: skip
    return ResNetForImageClassification(config), (image(64),)


def segformer() -> Built:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    config = SegformerConfig(
        hidden_sizes=[16, 32, 48, 64], decoder_hidden_size=32, num_attention_heads=[1, 2, 4, 8]
    )
    return SegformerForSemanticSegmentation(config), (image(64),)


def whisper() -> Built:
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        d_model=48, encoder_layers=4, decoder_layers=4, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=96, decoder_ffn_dim=96, num_mel_bins=16,
        max_source_positions=32, max_target_positions=32, vocab_size=100, use_cache=False,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    return WhisperForConditionalGeneration(config), (torch.zeros(1, 16, 64), None, ids())


def lstm() -> Built:
    import torch
    from torch import nn

    class Tagger(nn.Module):
        """Embedding, two recurrent layers, a score a token."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(100, 32)
            self.lstm = nn.LSTM(32, 48, num_layers=2, batch_first=True, bidirectional=True)
            self.score = nn.Linear(96, 10)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            """Scores of ten tags."""
            return self.score(self.lstm(self.embedding(tokens))[0])

    return Tagger(), (ids(),)


def unet() -> Built:
    import torch
    from torch import nn

    def double(before: int, after: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1), nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1), nn.ReLU(),
        )  # fmt: skip

    class UNet(nn.Module):
        """Three levels down and up, joined level by level (Ronneberger and others, 2015)."""

        def __init__(self) -> None:
            super().__init__()
            widths = (16, 32, 64)
            self.down = nn.ModuleList(
                [double(b, a) for b, a in zip((3, 16, 32), widths, strict=True)]
            )
            self.pool = nn.MaxPool2d(2)
            self.middle = double(64, 128)
            self.up = nn.ModuleList([nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths])
            self.join = nn.ModuleList([double(2 * w, w) for w in widths])
            self.head = nn.Conv2d(16, 2, 1)

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            """A mask of two classes."""
            kept = []
            x = picture
            for down in self.down:
                x = down(x)
                kept.append(x)
                x = self.pool(x)
            x = self.middle(x)
            for level in (2, 1, 0):
                x = self.join[level](torch.cat([self.up[level](x), kept[level]], 1))
            return self.head(x)

    return UNet(), (image(64),)


def densenet() -> Built:
    import torch
    from torch import nn

    def layer(channels: int) -> nn.Sequential:
        return nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, 32, 1, bias=False),
            nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 8, 3, padding=1, bias=False),
        )  # fmt: skip

    class DenseBlock(nn.Module):
        """Each layer sees what all before it made (Huang and others, 2017)."""

        def __init__(self, channels: int, layers: int) -> None:
            super().__init__()
            self.layers = nn.ModuleList([layer(channels + 8 * i) for i in range(layers)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Everything that was made, joined."""
            made = [x]
            for one in self.layers:
                made.append(one(torch.cat(made, 1)))
            return torch.cat(made, 1)

    def transition(before: int, after: int) -> nn.Sequential:
        return nn.Sequential(
            nn.BatchNorm2d(before), nn.ReLU(), nn.Conv2d(before, after, 1), nn.AvgPool2d(2)
        )

    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(56, 10))
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), DenseBlock(16, 6), transition(64, 24), DenseBlock(24, 4),
        *head,
    )  # fmt: skip
    return network, (image(),)


def inception() -> Built:
    import torch
    from torch import nn

    def conv(before: int, after: int, size: tuple[int, int], stride: int = 1) -> nn.Sequential:
        pad = (size[0] // 2, size[1] // 2)
        return nn.Sequential(
            nn.Conv2d(before, after, size, stride, pad, bias=False), nn.BatchNorm2d(after),
            nn.ReLU(),
        )  # fmt: skip

    class Mixed(nn.Module):
        """Branches of several widths side by side (Szegedy and others, 2016)."""

        def __init__(self, channels: int) -> None:
            super().__init__()
            self.one = conv(channels, 16, (1, 1))
            self.wide = nn.Sequential(
                conv(channels, 12, (1, 1)), conv(12, 16, (1, 7)), conv(16, 16, (7, 1))
            )
            self.twice = nn.Sequential(
                conv(channels, 12, (1, 1)), conv(12, 16, (3, 3)), conv(16, 16, (3, 3))
            )
            self.pooled = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(channels, 16, (1, 1)))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """The branches, joined."""
            return torch.cat([self.one(x), self.wide(x), self.twice(x), self.pooled(x)], 1)

    network = nn.Sequential(
        conv(3, 16, (3, 3), 2), conv(16, 32, (3, 3)), nn.MaxPool2d(3, 2), Mixed(32), Mixed(64),
        Mixed(64), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    return network, (image(64),)


def autoencoder() -> Built:
    import torch
    from torch import nn

    class Autoencoder(nn.Module):
        """A variational autoencoder without its sampling (Kingma and Welling, 2014)."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(3072, 256), nn.ReLU())
            self.mean, self.variance = nn.Linear(256, 16), nn.Linear(256, 16)
            self.decoder = nn.Sequential(
                nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 3072), nn.Sigmoid()
            )

        def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
            """The picture again, and where it came through."""
            hidden = self.encoder(picture)
            mean, variance = self.mean(hidden), self.variance(hidden)
            return self.decoder(mean + variance.exp().sqrt()), mean, variance

    return Autoencoder(), (image(),)


BUILDERS: dict[str, Callable[..., Built]] = {
    "autoencoder": autoencoder,
    "bert": bert,
    "convnext": convnext,
    "densenet": densenet,
    "distilbert": distilbert,
    "gpt2": gpt2,
    "inception": inception,
    "llama": llama,
    "lstm": lstm,
    "masked_gpt2": masked_gpt2,
    "masked_llama": masked_llama,
    "mixtral": mixtral,
    "mobilenet_v2": mobilenet_v2,
    "resnet": resnet,
    "segformer": segformer,
    "swin": swin,
    "unet": unet,
    "vit": vit,
    "whisper": whisper,
}


def export(name: str, folder: Path, *arguments: object) -> Path:
    """Builds a network, handing ``arguments`` to its builder, and writes it as ONNX."""
    import torch

    torch.manual_seed(0)
    model, inputs = BUILDERS[name](*arguments)
    path = folder / f"{name}.onnx"
    if name in TRACED:
        how = {"dynamo": False, "opset_version": 17}
    else:
        how = {"dynamo": True, "external_data": False, "verbose": False}
    logging.disable(logging.WARNING)
    try:
        # The exporters speak of their own progress and shortcomings, at length.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(model.eval(), inputs, str(path), **how)
    finally:
        logging.disable(logging.NOTSET)
    return path
