"""Exports of well-known architectures are fused, folded and drawn without a fault.

The networks are those of docs/gallery/architectures.py, written to ONNX by both of PyTorch's
exporters.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from line_changes import MOST_LINES, changed_lines, convolutions, widened
from scene_geometry import problems

import archviz
from archviz.api import compose, prepare
from archviz.ir import Model
from archviz.ir.verify import verify
from archviz.ir.walk import all_nodes
from archviz.length import READABLE
from archviz.scene import Group, Scene
from archviz.views.node_link import draw

pytest.importorskip("torch", reason="exports need torch")
pytest.importorskip("transformers", reason="exports need transformers")

GALLERY = Path(__file__).resolve().parents[2] / "docs" / "gallery"
NETWORKS = (
    "bert", "gpt2", "llama", "vit", "whisper", "mixtral", "densenet", "inception", "swin", "unet",
)  # fmt: skip


@cache
def architectures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architectures", GALLERY / "architectures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["architectures"] = module
    spec.loader.exec_module(module)
    return module


Exported = Callable[..., Model]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The model of a name, exported once."""
    folder = tmp_path_factory.mktemp("exports")

    @cache
    def load(name: str, *arguments: object) -> Model:
        return archviz.load(architectures().export(name, folder, *arguments))

    return load


def drawn_operations(scene: Scene) -> Counter[str]:
    """Ids of the imported operations that the cards of a picture stand for."""
    cards = [mark for mark in scene.marks if isinstance(mark, Group)]
    ids = [op for card in cards for op in card.data.get("ops", "").split()]
    return Counter(op.replace("%20", " ") for op in ids)


@pytest.mark.parametrize("depth", ["auto", "all"])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_drawn_without_a_fault_and_accounts_for_every_operation(
    name: str, depth: str, exported: Exported
) -> None:
    model = exported(name)
    prepared = prepare(model, depth=depth)
    scene = draw(prepared)
    assert [*verify(prepared.body), *problems(scene)] == []
    assert drawn_operations(scene) == Counter(node.id for node in all_nodes(model.body))


@pytest.mark.parametrize(
    ("name", "merged"),
    [
        ("bert", {"Attention": 12, "Add & Norm": 25}),
        ("gpt2", {"Attention": 12, "Feed forward": 12}),
        ("llama", {"Attention": 8, "Feed forward": 8, "RMSNormalization": 17}),
        ("mixtral", {"Attention": 4, "RMSNormalization": 9, "Swish": 4}),
        ("vit", {"Attention": 6, "Feed forward": 6}),
        ("swin", {"Attention": 6, "Feed forward": 6}),
        ("whisper", {"Attention": 12, "Feed forward": 8}),
        ("unet", {}),
        ("inception", {}),
        ("densenet", {}),
    ],
)
def test_each_attention_and_feed_forward_is_found(
    name: str, merged: dict[str, int], exported: Exported
) -> None:
    fused = prepare(exported(name), depth=99, passes=["fuse", "fold-repeats:least=9999"]).body
    found = Counter(node.op for node in fused.nodes if node.kind == "fused")
    compounds = ("Attention", "Feed forward", "Add & Norm", "RMSNormalization", "Swish", "Gelu")
    assert {op: number for op, number in found.items() if op in compounds} == merged


@pytest.mark.parametrize(("name", "layers"), [("masked_llama", 12), ("masked_gpt2", 96)])
def test_a_mask_and_tables_that_all_layers_share_do_not_keep_them_apart(
    name: str, layers: int, exported: Exported
) -> None:
    graph = prepare(exported(name, layers)).body
    (repeat,) = [scope.repeat for scope in graph.scopes.values() if scope.repeat > 1]
    assert repeat == layers


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", ["densenet", "inception", "unet", "whisper"])
def test_one_kernel_in_nested_modules_changes_at_most_five_lines(
    name: str, direction: str, exported: Exported
) -> None:
    model = exported(name)
    found = convolutions(model)
    before = str(archviz.render(model, depth="all", direction=direction))
    depths = {len(node.scope) for node in found}
    for node in found[:: max(1, len(found) // 6)]:
        after = str(archviz.render(widened(model, node), depth="all", direction=direction))
        assert 1 <= changed_lines(before, after) <= MOST_LINES, node.id
    assert max(depths) > 1


def test_a_mask_and_tables_are_stubs_in_each_layer_when_all_are_drawn(exported: Exported) -> None:
    scene = draw(prepare(exported("masked_llama", 12), depth="all"))
    assert problems(scene) == []
    stubs = [m for m in scene.marks if isinstance(m, Group) and m.id.startswith("reference:")]
    referring = Counter(stub.data["source"] for stub in stubs if stub.data)
    assert sorted(referring.values()) == [12, 12, 12]  # the mask, the cosines and the sines
    assert len(stubs) == 36 + 3
    cards = {mark.id: mark.title for mark in scene.marks if isinstance(mark, Group)}
    assert all(source in cards for source in referring)
    assert all(f"from {cards[stub.data['source']]}" in stub.title for stub in stubs if stub.data)


@pytest.mark.parametrize(
    ("name", "arguments", "most_boxes"),
    [("resnet", ((3, 8, 36, 3), "bottleneck"), 60), ("masked_gpt2", (96,), 40)],
)
def test_a_very_deep_network_folds_to_a_picture_that_can_be_read_on_one_page(
    name: str, arguments: tuple[object, ...], most_boxes: int, exported: Exported
) -> None:
    made = compose(exported(name, *arguments), fit="page", width="190mm")
    assert made.drawn is not None
    assert len(made.drawn.body.nodes) <= most_boxes
    assert made.operations > 5 * len(made.drawn.body.nodes)
    assert made.smallest_text is not None
    assert made.smallest_text >= READABLE


def test_attention_across_encoder_and_decoder_takes_keys_from_the_encoder(
    exported: Exported,
) -> None:
    graph = prepare(exported("whisper"), depth=99).body
    cross = [n for n in graph.nodes if n.op == "Attention" and "encoder_attn" in n.scope]
    assert len(cross) == 1  # the layers of the decoder are folded
    assert len(cross[0].inputs) == 3
    assert cross[0].attributes == {"num_heads": 4}
