"""Draws the gallery: twenty architectures, each as anybody gets it by default.

    python docs/gallery/make.py [NAME ...]

Nine models come with the onnx package. The others are built with torch and transformers from
small configurations, without weights from anywhere, and exported to ONNX in a temporary folder;
what a network computes does not matter here, only how it is built.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archviz

HERE = Path(__file__).resolve().parent
LIGHT = (
    "bvlc_alexnet", "densenet121", "inception_v1", "resnet50", "shufflenet", "squeezenet", "vgg19",
)  # fmt: skip
Built = tuple[Any, tuple[Any, ...]]


def ids() -> Any:
    """Sixteen tokens."""
    import torch

    return torch.arange(16).reshape(1, 16)


def image(side: int = 32) -> Any:
    """A picture of three channels."""
    import torch

    return torch.zeros(1, 3, side, side)


def bert() -> Built:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=64, num_hidden_layers=12, num_attention_heads=4, intermediate_size=128,
        vocab_size=500,
    )  # fmt: skip
    return BertModel(config), (ids(),)


def gpt2() -> Built:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        n_embd=48, n_layer=12, n_head=4, vocab_size=100, n_positions=32, use_cache=False
    )
    return GPT2LMHeadModel(config), (ids(),)


def llama() -> Built:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=8, num_attention_heads=4,
        num_key_value_heads=2, vocab_size=100, use_cache=False,
    )  # fmt: skip
    return LlamaForCausalLM(config), (ids(),)


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


def convnext() -> Built:
    from transformers import ConvNextConfig, ConvNextForImageClassification

    config = ConvNextConfig(hidden_sizes=[16, 32, 48, 64], depths=[3, 3, 9, 3])
    return ConvNextForImageClassification(config), (image(64),)


def mobilenet() -> Built:
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    return MobileNetV2ForImageClassification(MobileNetV2Config(depth_multiplier=0.5)), (image(64),)


def resnet() -> Built:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        embedding_size=16, hidden_sizes=[32, 48, 64, 96], depths=[3, 4, 6, 3], layer_type="basic"
    )
    return ResNetForImageClassification(config), (image(64),)


def segformer() -> Built:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    config = SegformerConfig(
        hidden_sizes=[16, 32, 48, 64], decoder_hidden_size=32, num_attention_heads=[1, 2, 4, 8]
    )
    return SegformerForSemanticSegmentation(config), (image(64),)


def whisper() -> Built:
    import torch
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = WhisperConfig(
        d_model=48, encoder_layers=6, encoder_attention_heads=4, encoder_ffn_dim=96,
        num_mel_bins=16, max_source_positions=32,
    )  # fmt: skip
    return WhisperEncoder(config), (torch.zeros(1, 16, 64),)


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


BUILDERS: dict[str, Callable[[], Built]] = {
    "autoencoder": autoencoder,
    "bert": bert,
    "convnext": convnext,
    "distilbert": distilbert,
    "gpt2": gpt2,
    "llama": llama,
    "lstm": lstm,
    "mobilenet_v2": mobilenet,
    "resnet34": resnet,
    "segformer": segformer,
    "unet": unet,
    "vit": vit,
    "whisper_encoder": whisper,
}


def export(name: str, folder: Path) -> Path:
    """Builds a model and writes it as ONNX."""
    import torch

    torch.manual_seed(0)
    model, arguments = BUILDERS[name]()
    path = folder / f"{name}.onnx"
    torch.onnx.export(
        model.eval(), arguments, str(path), dynamo=True, external_data=False, verbose=False
    )
    return path


def light(name: str) -> Path:
    """A model that comes with the onnx package."""
    spec = importlib.util.find_spec("onnx")
    if spec is None or spec.origin is None:
        raise SystemExit("the onnx package is not installed")
    return Path(spec.origin).parent / "backend/test/data/light" / f"light_{name}.onnx"


def main() -> None:
    """Draws the named pictures, or all."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:] or [*LIGHT, *BUILDERS]
    total = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            source = light(name) if name in LIGHT else export(name, Path(folder))
            made = archviz.render(source, HERE / f"{name}.svg")
            size = Path(str(made)).stat().st_size
            total += size
            print(f"{name:18} {size / 1000:6.0f} kB")
    print(f"{'all':18} {total / 1000:6.0f} kB")


if __name__ == "__main__":
    main()
