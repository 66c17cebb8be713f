"""Networks that people draw in papers: built, never computed. `network(name)` loads one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def lenet() -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84),
        nn.Tanh(), nn.Linear(84, 10), nn.Softmax(1),
    )  # fmt: skip


def alexnet() -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, 1, 2),
        nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(), nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Flatten(), nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000),
    )  # fmt: skip


def vgg16() -> Any:
    from torch import nn

    layers: list[Any] = []
    channels = 3
    for width, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            layers += [nn.Conv2d(channels, width, 3, 1, 1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000))


def resnet50(blocks: Sequence[int] = (3, 4, 6, 3)) -> Any:
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(before, width, 1), nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
            self.relu = nn.ReLU()
            self.downsample: Any = None
            if before != 4 * width:
                projection = nn.Conv2d(before, 4 * width, 1, stride)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * width))

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(y)))))
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64)
            self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
            before = 64
            for number, times in enumerate(blocks):
                width = 64 << number
                stage = []
                for index in range(times):
                    stage.append(Bottleneck(before, width, 2 if number and not index else 1))
                    before = 4 * width
                setattr(self, f"layer{number + 1}", nn.Sequential(*stage))
            self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(before, 1000)

        def forward(self, x: Any) -> Any:
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            for number in range(len(blocks)):
                x = getattr(self, f"layer{number + 1}")(x)
            return self.fc(self.avgpool(x).flatten(1))

    return ResNet()


def unet(widths: Sequence[int] = (64, 128, 256, 512, 1024), *, adds: bool = False) -> Any:
    import torch
    from torch import nn

    def twice(before: int, width: int) -> Any:
        return nn.Sequential(
            nn.Conv2d(before, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU(),
        )  # fmt: skip

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            before = 3
            self.pool = nn.MaxPool2d(2)
            self.down, self.up, self.after = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
            for width in widths[:-1]:
                self.down.append(twice(before, width))
                before = width
            self.middle = twice(before, widths[-1])
            for width in reversed(widths[:-1]):
                self.up.append(nn.ConvTranspose2d(2 * width, width, 2, 2))
                self.after.append(twice(width if adds else 2 * width, width))
            self.out = nn.Conv2d(widths[0], 2, 1)

        def forward(self, x: Any) -> Any:
            kept = []
            for block in self.down:
                x = block(x)
                kept.append(x)
                x = self.pool(x)
            x = self.middle(x)
            for up, block, other in zip(self.up, self.after, reversed(kept), strict=True):
                x = block(other + up(x) if adds else torch.cat([other, up(x)], 1))
            return self.out(x)

    return UNet()


def autoencoder() -> Any:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(64, 128, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 3, 4, 2, 1),
        nn.Sigmoid(),
    )  # fmt: skip


NETWORKS: dict[str, tuple[Callable[[], Any], tuple[int, ...], str]] = {
    "lenet": (lenet, (1, 1, 32, 32), "lenet"),
    "alexnet": (alexnet, (1, 3, 224, 224), "cuboid"),
    "vgg16": (vgg16, (1, 3, 224, 224), "cuboid"),
    "resnet50": (resnet50, (1, 3, 224, 224), "cuboid"),
    "unet": (unet, (1, 3, 256, 256), "unet"),
    "autoencoder": (autoencoder, (1, 3, 64, 64), "cuboid"),
}
"""How each is built, the shape of its input, and the figure that it gets."""


def network(name: str) -> Any:
    """The model of a name as archviz reads it, without memory for a single weight."""
    import torch

    import archviz

    build, shape, _ = NETWORKS[name]
    with torch.device("meta"):
        return archviz.load(build().eval(), (torch.zeros(shape),))
