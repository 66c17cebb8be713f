"""Figures for papers: right size, nothing over anything else, every operation accounted for."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from volume_geometry import accounted, groups, imported, operations, problems, unfolded

import archviz
from archviz import api
from archviz.errors import OptionError
from archviz.ir import Model, Parameter, ParameterUse
from archviz.ir.build import GraphBuilder
from archviz.ir.types import TensorType
from archviz.passes import PASSES
from archviz.scene import Path as Line
from archviz.scene import Rect, Scene, Text, flatten
from archviz.theme import load_theme
from archviz.views.layered import draw
from archviz.views.layered.kinds import choose
from archviz.views.layered.stages import stages_of
from archviz.views.layered.units import plan_of

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"


def papers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("papers", GALLERY / "papers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAPERS = papers()
NETWORKS = PAPERS.NETWORKS
each_network = pytest.mark.parametrize("name", NETWORKS)


@cache
def network(name: str) -> Model:
    """A network as the view gets it, without a number in memory."""
    pytest.importorskip("torch")
    return ready(PAPERS.network(name))


def ready(model: Model) -> Model:
    passes = ("expand-subgraphs", "drop-identity", "fold-constants", "lift-shared")
    graph = model.graph
    for name in passes:
        graph = PASSES.get(name).apply(graph)
    return Model(graph, model.format, model.source)


def words(scene: Scene) -> list[str]:
    return [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]


@each_network
def test_each_network_gets_the_figure_that_people_draw_of_it(name: str) -> None:
    assert choose(plan_of(network(name)))[0].name == NETWORKS[name][2]


@each_network
@pytest.mark.parametrize("width", ["", "5in", "6.875in"])
def test_nothing_is_over_anything_else_at_the_width_of_a_text(name: str, width: str) -> None:
    scene = draw(network(name), width=width)
    assert problems(scene) == []
    assert scene.shown_width is not None
    assert scene.width == pytest.approx(scene.shown_width.pixels * 0.75)
    assert scene.height < 9.5 * 72


@each_network
def test_every_operation_is_drawn_once(name: str) -> None:
    model = network(name)
    assert accounted(draw(model)) == Counter(imported(model))


@each_network
def test_unfolding_repeats_gives_the_operations_of_the_model(name: str) -> None:
    model = network(name)
    scene = draw(model)
    assert unfolded(scene, model.graph) == []
    drawn = [name for group in groups(scene.marks) for name in operations(group)]
    assert sorted(drawn) == sorted(imported(model))


def test_brackets_are_over_the_blocks_that_are_built_alike() -> None:
    # The first block of each of the stages of 3, 4, 6 and 3 projects its shortcut.
    scene = draw(network("resnet50"))
    assert [word for word in words(scene) if word[0] == "×"] == ["×2", "×3", "×5", "×2"]
    repeats = [int(group.data.get("repeat", "1")) for group in groups(scene.marks) if group.data]
    assert [number for number in repeats if number > 1] == [2, 3, 5, 2]


def test_layers_have_the_numbers_that_their_papers_give_them() -> None:
    for name, wanted in {
        "alexnet": ["conv1", "conv2", "conv3", "conv4–5", "fc6", "fc7", "fc8"],
        "vgg16": ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"],
        "autoencoder": ["conv1", "conv2", "conv3", "upconv4", "upconv5", "upconv6"],
    }.items():
        titles = [m for m in flatten(draw(network(name)).marks) if isinstance(m, Text)]
        seen = [m.text for m in titles if m.role == "heading-title"]
        assert seen == ["input", *wanted]


def test_kernels_and_strides_are_told_where_they_are_of_one_size() -> None:
    assert [w for w in words(draw(network("alexnet"))) if "×" in w and w[0] != "2"] == [
        "11×11, /4", "5×5", "3×3", "3×3",
    ]  # fmt: skip
    told = words(draw(network("autoencoder")))
    assert told.count("3×3, /2") == told.count("4×4") == 3
    # Blocks have kernels of several sizes; theirs are in the inset.
    assert [word for word in words(draw(network("resnet50"))) if re.match(r"\d×\d", word)] == [
        "7×7, /2", "1×1 conv", "3×3 conv", "1×1 conv",
    ]  # fmt: skip


def pyramid(stages: int) -> Model:
    """Convolutions, every one of another resolution, the first joined to the last."""
    builder = GraphBuilder("pyramid")
    value = first = builder.value("x", TensorType("float32", (1, 3, 9 + stages, 9 + stages)))
    builder.inputs.append(value)
    for number in range(stages):
        side = 9 + stages - (number + 1) % stages
        made = builder.value("y", TensorType("float32", (1, 3, side, side)))
        builder.node("Conv", (value,), (made,), attributes={"kernel_shape": (2, 2)})
        value = made
    made = builder.value("y", TensorType("float32", (1, 3, 9 + stages, 9 + stages)))
    builder.node("Add", (value, first), (made,))
    builder.outputs.append(made)
    return Model(builder.build(), "onnx", "pyramid")


@pytest.mark.parametrize(("stages", "rows"), [(8, 1), (24, 2), (32, 3)])
def test_stages_that_one_row_has_no_room_for_stand_in_rows(stages: int, rows: int) -> None:
    model = pyramid(stages)
    scene = draw(model)
    assert problems(scene) == []
    assert accounted(scene) == Counter(imported(model))
    assert not any("not drawn" in word for word in words(scene))
    names = [m for m in flatten(scene.marks) if isinstance(m, Text) and m.role == "heading-title"]
    assert len({name.y for name in names if name.text.startswith("conv")}) == rows
    # Names stand near the highest of their own row, however low that is.
    lowest: dict[float, float] = {}
    for stage in (group for group in groups(scene.marks) if group.role == "stage"):
        marks = list(flatten(stage.marks))
        fronts = [m.y + m.height for m in marks if isinstance(m, Rect) and m.width > 1]
        at = next(m.y for m in marks if isinstance(m, Text) and m.role == "heading-title")
        lowest[at] = max(lowest.get(at, 0.0), *fronts)
    assert all(at - end < 18 for at, end in list(lowest.items())[1:])
    # What skips from one row to another has a letter at both ends.
    assert words(scene).count("A") == (2 if rows > 1 else 0)


def test_an_author_sets_scales_inset_folding_legend_and_size_of_text() -> None:
    model = network("resnet50")
    plain = draw(model)
    for scaling in ({"space": "linear"}, {"channels": "sqrt"}, {"hmax": "60pt", "depth": "0.25"}):
        scene = draw(model, scaling=scaling)
        assert problems(scene) == []
        assert scene != plain
    told = words(draw(model, scaling={"space": "linear", "channels": "sqrt"}))
    assert "25.6M parameters · width: root of channels, height: resolution" in told
    assert any("layer2.1–layer2.3" in word for word in words(draw(model, inset="layer2")))
    assert not any("parameters each" in word for word in words(draw(model, inset="none")))
    with pytest.raises(OptionError, match=r"inset is 'layr2'.*layer2"):
        draw(model, inset="layr2")
    with pytest.raises(OptionError, match=r"scaling.space is 'logg'.*log"):
        draw(model, scaling={"space": "logg"})
    for corner in ("top-left", "bottom-left", "top-right"):
        scene = draw(model, legend_at=corner)
        assert problems(scene) == []
        key = next(m for m in flatten(scene.marks) if isinstance(m, Text) and m.text == "conv")
        assert (key.y < scene.height / 2) == corner.startswith("top")
    large = draw(model, font_size=11)
    assert problems(large) == []
    assert large.shown_width == plain.shown_width
    assert large.width == pytest.approx(plain.width * 8 / 11)


def test_sizes_printed_are_those_of_the_model() -> None:
    seen = words(draw(network("vgg16")))
    for wanted in ("64 ×2", "128 ×2", "256 ×3", "512 ×3", "4,096", "1,000", "224", "112", "14"):
        assert wanted in seen
    assert "138M parameters · width: log channels, height: log resolution" in seen


def test_weights_that_an_exporter_made_constants_of_are_in_the_sum_as_in_the_stages() -> None:
    builder = GraphBuilder("folded")
    values = [
        builder.value(f"v{i}", TensorType("float32", (1, channels, 32, 32)))
        for i, channels in enumerate((3, 16, 32))
    ]
    builder.inputs, builder.outputs = values[:1], values[-1:]
    for index, (before, after) in enumerate(((3, 16), (16, 32))):
        kernel = TensorType("float32", (after, before, 3, 3))
        builder.parameter(Parameter(f"w{index}", kernel, kind="constant"))
        uses = (ParameterUse(f"w{index}", "weight"),)
        builder.node("Conv", (values[index],), (values[index + 1],), parameters=uses)
    seen = words(draw(Model(builder.build(), "built")))
    assert any(word.startswith("5,040 parameters") for word in seen)


def test_higher_resolution_is_drawn_higher_and_more_channels_wider() -> None:
    scene = draw(network("autoencoder"))
    fronts = [
        max((mark for mark in flatten(g.marks) if isinstance(mark, Rect)), key=lambda r: r.width)
        for g in groups(scene.marks)
        if g.role == "stage"
    ]
    heights = [rect.height for rect in fronts]
    assert heights[0] > heights[1] > heights[2] < heights[3] < heights[4] < heights[5]
    widths = [rect.width for rect in fronts]
    assert widths[0] < widths[1] < widths[2] > widths[3] > widths[4] > widths[5]


def test_no_hatch_runs_through_a_label() -> None:
    theme = load_theme("gray")
    for scene in (draw(network("resnet50")), draw(network("alexnet"), figure="blocks")):
        marks = list(flatten(scene.marks))
        plates = [m for m in marks if isinstance(m, Rect) and m.role.startswith("plate ")]
        labels = [m for m in marks if isinstance(m, Text) and m.role.startswith("on-")]
        assert len(labels) > 5
        assert not any(theme.hatching(mark.role) for mark in plates)
        for label in labels:
            end = label.left + label.width
            assert any(
                m.x <= label.left and end <= m.x + m.width and m.y < label.y - 4 < m.y + m.height
                for m in plates
            ), label.text
    assert theme.hatching("front linear")


def test_maps_of_lenet_are_to_scale() -> None:
    scene = draw(network("lenet"))
    sides = [
        max(mark.width for mark in group.marks if isinstance(mark, Rect))
        for group in groups(scene.marks)
        if group.role == "unit" and any(isinstance(mark, Rect) for mark in group.marks)
    ]
    assert sides[0] / sides[1] == pytest.approx(32 / 28)
    assert sides[1] / sides[2] == pytest.approx(2)
    sheets = [
        sum(isinstance(mark, Rect) for mark in group.marks)
        for group in groups(scene.marks)
        if group.role == "unit"
    ]
    assert sheets[:5] == [1, 6, 6, 16, 16]


def test_the_copies_of_a_unet_join_levels_of_one_size() -> None:
    scene = draw(network("unet"))
    for channels in (64, 128, 256, 512):
        assert f"{channels}+{channels}" in words(scene)
    assert sum(group.role == "skip" for group in groups(scene.marks)) == 4


def test_arrows_of_a_legend_lead_as_those_of_the_figure_do() -> None:
    """Without colours the way is what tells a pooling from a convolution."""
    marks = [m for m in flatten(draw(network("unet")).marks) if isinstance(m, Line)]
    for fill, way in (("conv", "right"), ("pool", "down"), ("recurrent", "up")):
        ends = [
            (path.segments[0][1:], path.segments[-1][1:])
            for path in marks
            if path.role == f"step {fill}"
        ]
        assert len(ends) > 1
        *_, ((x0, y0), (x1, y1)) = ends  # the legend is painted last
        assert way == ("right" if x1 > x0 else "down" if y1 > y0 else "up")


def test_a_unet_that_adds_has_no_copies() -> None:
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        model = archviz.load(
            PAPERS.unet((8, 16, 32), adds=True).eval(), (torch.zeros(1, 3, 64, 64),)
        )
    scene = draw(ready(model))
    assert problems(scene) == []
    assert "add" in words(scene)
    assert not any("+" in word for word in words(scene))


def test_a_kind_can_be_forced_and_an_unknown_one_is_named() -> None:
    scene = draw(network("lenet"), figure="cuboid")
    assert scene.description.startswith("Volumes")
    assert problems(scene) == []
    with pytest.raises(OptionError, match=r"there is no figure 'cubiod'.*cuboid"):
        draw(network("lenet"), figure="cubiod")
    with pytest.raises(OptionError, match="'unet' needs pictures"):
        draw(network("vgg16"), figure="unet")


def test_stages_have_the_names_of_their_modules() -> None:
    names = [stage.name for stage in stages_of(plan_of(network("resnet50")))]
    assert names == ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]


def chain(length: int, *, alike: bool = False) -> Model:
    """Convolutions one behind the other, each of another width unless ``alike``."""
    builder = GraphBuilder("chain")
    value = builder.value("x", TensorType("float32", (1, 3, 64, 64)))
    builder.inputs.append(value)
    for number in range(length):
        channels = 8 if alike else 8 + number
        made = builder.value("y", TensorType("float32", (1, channels, 64, 64)))
        builder.node("Conv", (value,), (made,))
        value = made
    builder.outputs.append(value)
    return Model(builder.build(), "onnx", "chain")


def test_an_arc_to_a_vector_stays_clear_of_its_label() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    class Two(nn.Module):
        """A small network, and a layer around it."""

        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(3, 16, 3, 2)
            self.up = nn.ConvTranspose2d(16, 16, 3, 2)
            self.again = nn.Conv2d(16, 16, 3, 2)
            self.head = nn.Linear(16, 1000)
            self.around = nn.Linear(3 * 32 * 32, 1000)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            made = self.again(self.up(self.down(x).relu()).relu()).relu().mean((2, 3))
            return self.head(made) + self.around(x.flatten(1))

    with torch.device("meta"):
        model = ready(archviz.load(Two().eval(), (torch.zeros(1, 3, 32, 32),)))
    scene = draw(model, figure="cuboid")
    assert any(group.role == "skip" for group in groups(scene.marks))
    assert problems(scene) == []


def test_ten_thousand_operations_are_drawn_as_what_they_are() -> None:
    model = chain(10_000, alike=True)
    scene = draw(model)
    assert problems(scene) == []
    assert "×10000" in words(scene)
    assert accounted(scene) == Counter(imported(model))


def test_stages_that_have_no_room_are_drawn_as_one() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    layers = []
    for _ in range(110):  # every one another resolution
        layers += [nn.Conv2d(3, 3, 2), nn.ReLU()]
    with torch.device("meta"):
        module = nn.Sequential(*layers).eval()
        model = ready(archviz.load(module, (torch.zeros(1, 3, 128, 128),)))
    scene = draw(model)
    assert problems(scene) == []
    assert accounted(scene) == Counter(imported(model))
    told = next(word for word in words(scene) if "stages drawn as one" in word)
    many = re.search(r" (\d+) of 110 ", told)
    assert many is not None
    assert f"{many[1]} stages" in words(scene)
    assert "Not drawn" not in scene.description


def test_weights_that_stages_share_are_counted_once() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    class Again(nn.Module):
        """One convolution, applied over and over."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(8, 8, 3, padding=1, bias=False)

        def forward(self, x: object) -> object:
            """Three times."""
            return self.conv(self.conv(self.conv(x)))

    scene = draw(ready(archviz.load(Again(), (torch.zeros(1, 8, 32, 32),))))
    assert words(scene).count("576") == 1
    assert any(word.startswith("576 parameters") for word in words(scene))


def test_what_a_figure_leaves_out_is_said_in_it() -> None:
    torch = pytest.importorskip("torch")
    from torch import nn

    class Towers(nn.Module):
        """Two networks that never meet."""

        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(16, 8), nn.Linear(12, 8)

        def forward(self, x: object, y: object) -> tuple[object, object]:
            """A result of each."""
            return self.one(x), self.other(y)

    class Constant(nn.Module):
        """A result that no input has a part in."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))

        def forward(self, x: object) -> object:
            """The same each time."""
            return self.weight.sum()

    towers = archviz.load(Towers(), (torch.zeros(1, 16), torch.zeros(1, 12)))
    told = words(draw(ready(towers)))
    assert any("not drawn: 1 operation with 104 of them" in word for word in told)
    with pytest.raises(OptionError, match="needs an operation that uses the input"):
        draw(ready(archviz.load(Constant(), (torch.zeros(1),))))


LIGHT = (
    "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet",
    "squeezenet", "vgg19", "zfnet512",
)  # fmt: skip


@pytest.mark.parametrize("name", LIGHT)
def test_a_model_of_the_onnx_package_is_drawn_without_a_fault(name: str) -> None:
    spec = importlib.util.find_spec("onnx")
    if spec is None or spec.origin is None:
        pytest.skip("the onnx package is not installed")
    folder = Path(spec.origin).parent / "backend/test/data/light"
    model = ready(archviz.load(folder / f"light_{name}.onnx"))
    scene = draw(model)
    assert problems(scene) == []
    assert unfolded(scene, model.graph) == []
    assert accounted(scene) == Counter(dict.fromkeys(imported(model), 1))


CONFIGS = {
    "ResNet": ("ResNetConfig", "ResNetForImageClassification"),
    "RegNet": ("RegNetConfig", "RegNetForImageClassification"),
    "ConvNext": ("ConvNextConfig", "ConvNextForImageClassification"),
    "MobileNetV1": ("MobileNetV1Config", "MobileNetV1ForImageClassification"),
    "EfficientNet": ("EfficientNetConfig", "EfficientNetForImageClassification"),
    "PoolFormer": ("PoolFormerConfig", "PoolFormerForImageClassification"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_network_of_a_configuration_is_drawn_without_a_fault(name: str) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config, network_class = CONFIGS[name]
    with torch.device("meta"):
        module = getattr(transformers, network_class)(getattr(transformers, config)()).eval()
        model = ready(archviz.load(module, (torch.zeros(1, 3, 224, 224),)))
    scene = draw(model)
    assert scene.description.startswith("Volumes")
    assert problems(scene) == []
    assert unfolded(scene, model.graph) == []
    assert accounted(scene) == Counter(dict.fromkeys(imported(model), 1))


def free(*sides: int | str | None) -> Model:
    """A convolution that halves, one that keeps, and a pooling, of pictures of these sides."""
    builder = GraphBuilder("free")
    value = builder.value("x", TensorType("float32", ("batch", 3, *sides)))
    builder.inputs.append(value)
    for number, (op, stride) in enumerate((("Conv", 2), ("Conv", 1), ("MaxPool", 2), ("Conv", 1))):
        made = builder.value("y", TensorType("float32", ("batch", 8 << number, None, None)))
        builder.node(op, (value,), (made,), attributes={"strides": (stride, stride)})
        value = made
    builder.outputs.append(value)
    return Model(builder.build(), "onnx", "free")


@pytest.mark.parametrize("sides", [(None, None), ("height", "width")])
def test_free_sides_are_said_as_parts_of_the_input(sides: tuple[str | None, ...]) -> None:
    scene = draw(free(*sides))
    assert problems(scene) == []
    assert [word for word in words(scene) if re.fullmatch(r"s(/\d)?", word)] == [
        "s", "s/2", "s/2", "s/4",
    ]  # fmt: skip
    assert any("s: side of the input, which is free" in word for word in words(scene))


def test_a_model_without_edges_is_refused_in_one_sentence(tmp_path: Path) -> None:
    builder = GraphBuilder("modules")
    builder.node("Linear", (), ())
    with pytest.raises(OptionError, match=r"knows its modules alone.*--style node-link") as caught:
        draw(Model(builder.build(), "checkpoint", "weights.pt"))
    assert "\n" not in str(caught.value)


@each_network
def test_a_figure_is_the_same_twice(name: str) -> None:
    assert draw(network(name)) == draw(network(name))


def test_the_style_is_drawn_from_the_command_line_as_asked(tmp_path: Path) -> None:
    model = network("lenet")
    path = api.render(model, tmp_path / "lenet.svg", style="layered", width="84mm")
    assert 'width="84mm"' in Path(str(path)).read_text(encoding="utf-8")


@pytest.mark.parametrize("figure", ["auto", "cuboid", "blocks"])
@pytest.mark.parametrize("around", [1, 3])
def test_a_cycle_and_what_is_behind_it_are_drawn(figure: str, around: int) -> None:
    builder = GraphBuilder("cycle")
    row = TensorType("float32", (1, 8))
    values = [builder.value(f"v{i}", row) for i in range(around + 2)]
    builder.inputs, builder.outputs = values[:1], values[-1:]
    for index in range(around + 1):
        builder.parameter(Parameter(f"w{index}", TensorType("float32", (8, 8))))
        back = (values[around],) if index == 0 else ()
        uses = (ParameterUse(f"w{index}", "weight"),)
        builder.node("linear", (values[index], *back), (values[index + 1],), parameters=uses)
    graph = builder.build()
    scene = draw(Model(graph, "built"), figure=figure)
    assert accounted(scene) == Counter(node.id for node in graph.nodes)


def test_a_recurrent_figure_of_no_layers_is_refused_in_one_sentence() -> None:
    builder = GraphBuilder("relu")
    x, y = (builder.value(name, TensorType("float32", (1, 8))) for name in "xy")
    builder.inputs, builder.outputs = [x], [y]
    builder.node("relu", (x,), (y,))
    with pytest.raises(OptionError, match=r"needs layers with weights.*--style node-link"):
        draw(Model(builder.build(), "built"), figure="recurrent")
