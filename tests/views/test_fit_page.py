"""Deep networks fold to a picture that has room on one page and can be read there."""

from __future__ import annotations

import pytest
from scene_geometry import problems
from steps import growth

from archviz.api import compose, prepare
from archviz.ir import Graph, Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder
from archviz.length import READABLE
from archviz.views.node_link import draw

PAGE = (170.0, 239.0)
"""Millimetres that A4 and US Letter both have within margins of 20 mm."""


class Network:
    """A graph under construction as exporters write it: operations in modules, with weights."""

    def __init__(self, name: str, *shape: int) -> None:
        self.builder = GraphBuilder(name)
        self.value = self.builder.value("x", TensorType("float32", shape))
        self.shape = shape
        self.builder.inputs.append(self.value)

    def op(
        self, op: str, scope: str, *inputs: str, weight: tuple[int, ...] = (), **attributes: object
    ) -> str:
        b = self.builder
        path = tuple(filter(None, scope.split(".")))
        b.scope(path)
        uses: tuple[ParameterUse, ...] = ()
        if weight:
            name = f"{scope}.weight"
            b.parameter(Parameter(name, TensorType("float32", weight)))
            uses = (ParameterUse(name, "weight", 1),)
        made = b.value(f"{scope}/{op}", TensorType("float32", self.shape))
        b.node(
            op,
            inputs or (self.value,),
            (made,),
            scope=path,
            parameters=uses,
            attributes=attributes,  # type: ignore[arg-type]
        )
        self.value = made
        return made

    def model(self) -> Model:
        self.builder.outputs.append(self.value)
        return Model(self.builder.build(), "test", self.builder.name)


def resnet(stages: tuple[int, ...]) -> Model:
    """Bottleneck blocks, as in "Deep residual learning for image recognition", He et al., 2016."""
    net = Network("resnet", 1, 64, 56, 56)

    def conv(scope: str, c: int, k: int, *inputs: str, relu: bool = True) -> str:
        made = net.op("Conv", f"{scope}.conv", *inputs, weight=(c, c, k, k), kernel_shape=(k, k))
        return net.op("Relu", f"{scope}.relu") if relu else made

    conv("stem", 64, 7)
    net.op("MaxPool", "stem.pool", kernel_shape=(3, 3))
    for stage, blocks in enumerate(stages, 1):
        c = 32 << stage
        for block in range(blocks):
            scope = f"layer{stage}.{block}"
            x = net.value
            if not block:
                net.shape = (1, 4 * c, 112 >> stage, 112 >> stage)
            conv(f"{scope}.1", c, 1, x)
            conv(f"{scope}.2", c, 3)
            y = conv(f"{scope}.3", 4 * c, 1, relu=False)
            skip = x if block else conv(f"{scope}.downsample", 4 * c, 1, x, relu=False)
            net.op("Add", scope, y, skip)
            net.op("Relu", scope)
    net.op("GlobalAveragePool", "head")
    net.op("Gemm", "head.fc", weight=(1000, 2048))
    return net.model()


def gpt(layers: int) -> Model:
    """Decoder layers with attention and feed-forward, every step of them an operation."""
    net = Network("gpt", 1, 128, 768)
    for layer in range(layers):
        h = f"h.{layer}"
        x = net.value
        normed = net.op("LayerNormalization", f"{h}.ln_1", weight=(768,))
        q, k, v = (
            net.op(
                "Transpose",
                f"{h}.attn",
                net.op(
                    "Reshape",
                    f"{h}.attn",
                    net.op("MatMul", f"{h}.attn.{n}", normed, weight=(768, 768)),
                ),
            )
            for n in "qkv"
        )
        net.op(
            "Softmax", f"{h}.attn", net.op("Div", f"{h}.attn", net.op("MatMul", f"{h}.attn", q, k))
        )
        net.op("Reshape", f"{h}.attn", net.op("MatMul", f"{h}.attn", net.value, v))
        x = net.op("Add", h, net.op("MatMul", f"{h}.attn.out", weight=(768, 768)), x)
        net.op("LayerNormalization", f"{h}.ln_2", weight=(768,))
        net.op("MatMul", f"{h}.mlp.up", weight=(768, 3072))
        net.op("Gelu", f"{h}.mlp")
        net.op("Add", h, net.op("MatMul", f"{h}.mlp.down", weight=(3072, 768)), x)
    net.op("LayerNormalization", "ln_f", weight=(768,))
    net.op("MatMul", "lm_head", weight=(768, 50257))
    return net.model()


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(
    "model", [resnet((3, 8, 36, 3)), gpt(96)], ids=["resnet-152", "gpt of 96 layers"]
)
def test_a_deep_network_fits_one_page(model: Model, direction: str) -> None:
    made = compose(model, fit="page", direction=direction)
    assert made.drawn is not None
    assert len(made.drawn.body.nodes) < 80
    assert made.folded_runs
    assert made.smallest_text is not None
    assert made.smallest_text >= READABLE
    scene = draw(made.drawn, fit="page", direction=direction)  # type: ignore[arg-type]
    assert problems(scene) == []
    wide, high = (size * scene.scale * 25.4 / 96 for size in (scene.width, scene.height))
    assert wide <= PAGE[0] + 0.05
    assert high <= PAGE[1] + 0.05


def test_every_operation_of_a_folded_network_is_accounted_for() -> None:
    model = gpt(96)
    made = compose(model, fit="page")
    assert made.operations == len(model.body.nodes) == 96 * 22 + 2


@pytest.mark.parametrize("make", [lambda n: resnet((n, n, n, n)), gpt], ids=["resnet", "gpt"])
def test_folding_costs_as_much_for_each_block_of_a_deeper_network(make: object) -> None:
    assert callable(make)

    def fold(size: int) -> object:
        model = make(size)
        assert isinstance(model.body, Graph)
        return lambda: prepare(model)

    assert growth(fold, 6) < 1.3  # type: ignore[arg-type]
