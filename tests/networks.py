"""Graphs as networks have them, to lay out in tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from archviz.layouts import Box, Link


class Network:
    """Boxes and links under construction; ``open`` and ``close`` nest."""

    def __init__(self, *, labelled: bool = False, nested: bool = True) -> None:
        self.boxes: list[Box] = []
        self.links: list[Link] = []
        self.labelled = labelled
        self.nested = nested
        self.inside = [-1]

    def open(self, name: str) -> None:
        if self.nested:
            width = 60.0 + 7 * len(name)
            self.boxes.append(Box(name, width, 0.0, self.inside[-1], 24.0, is_container=True))
            self.inside.append(len(self.boxes) - 1)

    def close(self) -> None:
        if self.nested:
            self.inside.pop()

    def add(self, name: str, *sources: int) -> int:
        if name in ("+", "cat"):
            size = (24.0, 24.0)
        else:
            size = (max(120.0, 7.0 * len(name) + 16), 24.0 if len(name) < 6 else 40.0)
        self.boxes.append(Box(name, *size, self.inside[-1]))
        index = len(self.boxes) - 1
        for source in sources:
            self.link(source, index)
        return index

    def link(self, source: int, target: int) -> None:
        label = (58.0, 12.0) if self.labelled else None
        self.links.append(Link(source, target, 0, label))

    def residual(self, x: int, *, downsample: bool = False) -> int:
        self.open("Bottleneck")
        y = x
        for kernel in ("1x1", "3x3", "1x1"):
            y = self.add(f"Conv2d {kernel}", y)
        if downsample:
            x = self.add("Conv2d down", x)
        y = self.add("ReLU", self.add("+", y, x))
        self.close()
        return y

    def inception(self, x: int) -> int:
        self.open("Inception")
        ends = []
        for length in (1, 2, 3):
            y = x
            for k in range(length):
                y = self.add(f"Conv2d {2 * k + 1}", y)
            ends.append(y)
        ends.append(self.add("Conv2d 1", self.add("MaxPool2d", x)))
        y = self.add("Concat", *ends)
        self.close()
        return y

    def dense(self, x: int, layers: int = 4) -> int:
        self.open("DenseBlock")
        features = [x]
        for _ in range(layers):
            y = self.add("Concat", *features) if len(features) > 1 else x
            features.append(self.add("Conv2d 3x3", self.add("BatchNorm", y)))
        y = self.add("Concat", *features)
        self.close()
        return y

    def attention(self, x: int, mask: int = -1) -> int:
        self.open("SelfAttention")
        q = self.add("query Linear", x)
        k = self.add("Transpose", self.add("key Linear", x))
        v = self.add("value Linear", x)
        scores = self.add("Scale", self.add("MatMul", q, k))
        if mask >= 0:
            scores = self.add("+", scores, mask)
        y = self.add("MatMul", self.add("Softmax", scores), v)
        y = self.add("Linear out", y)
        self.close()
        return y

    def decoder(self, x: int, mask: int = -1) -> int:
        self.open("DecoderLayer")
        y = self.attention(self.add("LayerNorm", x), mask)
        x = self.add("+", x, y)
        self.open("FeedForward")
        y = self.add("Linear down", self.add("GELU", self.add("Linear up", self.add("Norm", x))))
        self.close()
        x = self.add("+", x, y)
        self.close()
        return x


def chain(network: Network, length: int = 6) -> None:
    x = network.add("input")
    for i in range(length):
        x = network.add(f"Linear {'x' * (i % 3 * 4)}", x)


def resnet(network: Network, blocks: int = 16) -> None:
    x = network.add("Conv2d 7x7", network.add("input"))
    for i in range(blocks):
        x = network.residual(x, downsample=i % 4 == 0)
    network.add("output", network.add("Linear", x))


def googlenet(network: Network, blocks: int = 4) -> None:
    x = network.add("input")
    for _ in range(blocks):
        x = network.inception(x)
    network.add("output", x)


def densenet(network: Network, blocks: int = 3) -> None:
    x = network.add("input")
    for _ in range(blocks):
        x = network.dense(x)
    network.add("output", x)


def transformer(network: Network, layers: int = 4, *, masked: bool = True) -> None:
    x = network.add("Embedding", network.add("input ids"))
    mask = network.add("mask") if masked else -1
    network.open("Layers")
    for _ in range(layers):
        x = network.decoder(x, mask)
    network.close()
    network.add("lm head", x)


def unet(network: Network, depth: int = 4) -> None:
    x = network.add("input")
    skips = []
    for _ in range(depth):
        network.open("Down")
        x = network.add("Conv2d 3x3", network.add("Conv2d 3x3", x))
        network.close()
        skips.append(x)
        x = network.add("MaxPool2d", x)
    x = network.add("Conv2d mid", x)
    for skip in reversed(skips):
        x = network.add("Upsample", x)
        network.open("Up")
        x = network.add("cat", x, skip)
        x = network.add("Conv2d 3x3", network.add("Conv2d 3x3", x))
        network.close()
    network.add("output", x)


def encoder_decoder(network: Network, layers: int = 2) -> None:
    memory = network.add("source")
    x = network.add("target")
    network.open("Encoder")
    for _ in range(layers):
        network.open("EncoderLayer")
        memory = network.add("Norm", network.add("+", memory, network.attention(memory)))
        network.close()
    network.close()
    network.open("Decoder")
    for _ in range(layers):
        network.open("DecoderLayer")
        x = network.add("Norm", network.add("+", x, network.attention(x)))
        network.open("CrossAttention")
        scores = network.add("MatMul", network.add("query", x), network.add("key", memory))
        y = network.add("MatMul", network.add("Softmax", scores), network.add("value", memory))
        network.close()
        x = network.add("Norm", network.add("+", x, y))
        network.close()
    network.close()
    network.add("output", x)


def mixture(network: Network, experts: int = 6) -> None:
    x = network.add("hidden")
    network.open("Mixture")
    choice = network.add("TopK", network.add("Router", x))
    ends = []
    for i in range(experts):
        network.open(f"Expert {i}")
        y = network.add("Linear down", network.add("SiLU", network.add("Linear up", x)))
        ends.append(network.add("Mul", y, choice))
        network.close()
    y = network.add("Sum", *ends)
    network.close()
    network.add("output", network.add("+", y, x))


def recurrent(network: Network) -> None:
    x = network.add("input")
    cell = network.add("LSTM cell", x)
    state = network.add("state", cell)
    gate = network.add("gate", state)
    network.link(gate, cell)
    network.link(state, state)
    network.add("output", gate)


def scattered(network: Network) -> None:
    chain(network, 3)
    for i in range(7):
        network.add(f"alone {i}")
    x = network.add("input")
    network.add("+", network.add("Linear", x), x)
    network.add("end", network.add("begin"))


def synthetic(network: Network, size: int, seed: int = 0) -> None:
    """Blocks of all kinds in a row, with a few values used all over and long skips."""
    random = Random(seed)
    x = network.add("input")
    constants = [network.add(f"const {i}") for i in range(max(1, min(6, size // 2000 + 1)))]
    skips: list[int] = []
    block = 0
    while len(network.boxes) < size:
        kind = random.random()
        block += 1
        if kind < 0.4:
            x = network.residual(x, downsample=random.random() < 0.2)
        elif kind < 0.6:
            x = network.inception(x)
        elif kind < 0.72:
            x = network.dense(x)
        else:
            x = network.decoder(x, random.choice(constants))
        if block % 24 == 4:
            skips.append(x)
        if block % 24 == 20 and skips:
            x = network.add("Concat skip", x, skips.pop())
    network.add("output", x)


NETWORKS: dict[str, Callable[[Network], None]] = {
    "chain": chain,
    "resnet": resnet,
    "googlenet": googlenet,
    "densenet": densenet,
    "transformer": transformer,
    "unet": unet,
    "encoder-decoder": encoder_decoder,
    "mixture": mixture,
    "recurrent": recurrent,
    "scattered": scattered,
}


def build(name: str, *, labelled: bool = False, nested: bool = True) -> Network:
    network = Network(labelled=labelled, nested=nested)
    NETWORKS[name](network)
    return network
