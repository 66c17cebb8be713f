"""Figures of transformers: what they show is the model, and nothing lies over anything."""

from __future__ import annotations

from typing import Any

import pytest
from box_geometry import faults, groups, listed
from volume_geometry import problems, unfolded

import archviz
from archviz.errors import OptionError
from archviz.ir import Model
from archviz.preparing import prepared
from archviz.scene import Path, Rect, Scene, Text, flatten
from archviz.views import VIEWS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

SMALL = {
    "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96,
    "vocab_size": 120,
}  # fmt: skip
BART = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "vocab_size": 120,
    "pad_token_id": 0, "use_cache": False, "max_position_embeddings": 32,
}  # fmt: skip
CAUSAL = {**SMALL, "use_cache": False}
GROUPED = {**CAUSAL, "num_key_value_heads": 2}
PICTURE = {**SMALL, "image_size": 32, "patch_size": 8}

CONFIGS: dict[str, tuple[str, dict[str, Any], int]] = {
    "GPT2LMHeadModel": (
        "GPT2Config",
        {"n_embd": 48, "n_layer": 4, "n_head": 4, "vocab_size": 99, "use_cache": False},
        4,
    ),
    "BertForMaskedLM": ("BertConfig", SMALL, 3),
    "ViTForImageClassification": ("ViTConfig", PICTURE, 3),
    "MixtralForCausalLM": ("MixtralConfig", {**GROUPED, "num_local_experts": 4}, 3),
    "LlamaForCausalLM": ("LlamaConfig", GROUPED, 3),
    "MistralForCausalLM": ("MistralConfig", GROUPED, 3),
    "Qwen2ForCausalLM": ("Qwen2Config", GROUPED, 3),
    "GemmaForCausalLM": ("GemmaConfig", {**GROUPED, "head_dim": 16}, 3),
    "GPTNeoXForCausalLM": ("GPTNeoXConfig", CAUSAL, 3),
    "PhiForCausalLM": ("PhiConfig", CAUSAL, 3),
    "OPTForCausalLM": (
        "OPTConfig",
        {**CAUSAL, "ffn_dim": 96, "word_embed_proj_dim": 64, "max_position_embeddings": 64},
        3,
    ),
    "BloomForCausalLM": ("BloomConfig", {**CAUSAL, "n_layer": 3, "n_head": 4}, 3),
    "RobertaForMaskedLM": ("RobertaConfig", {**SMALL, "pad_token_id": 1}, 3),
    "DistilBertForSequenceClassification": (
        "DistilBertConfig",
        {"dim": 48, "n_layers": 3, "n_heads": 4, "hidden_dim": 96, "vocab_size": 100},
        3,
    ),
    "ElectraForMaskedLM": ("ElectraConfig", {**SMALL, "embedding_size": 32}, 3),
    "AlbertForMaskedLM": ("AlbertConfig", {**SMALL, "embedding_size": 32}, 3),
    "DeiTForImageClassification": ("DeiTConfig", PICTURE, 3),
    "CLIPVisionModel": ("CLIPVisionConfig", PICTURE, 3),
    "T5ForConditionalGeneration": (
        "T5Config",
        {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 3, "num_heads": 4, "vocab_size": 99,
         "use_cache": False},
        3,
    ),
    "BartForConditionalGeneration": ("BartConfig", BART, 3),
    "MarianMTModel": ("MarianConfig", BART, 3),
}  # fmt: skip
TWO_COLUMNS = (
    "T5ForConditionalGeneration", "BartForConditionalGeneration", "MarianMTModel",
)  # fmt: skip


def tokens(length: int = 12) -> Any:
    return torch.arange(length).reshape(1, length)


def loaded(name: str) -> Model:
    config, settings, _ = CONFIGS[name]
    with torch.device("meta"):
        network = getattr(transformers, name)(getattr(transformers, config)(**settings))
    given = torch.zeros(1, 3, 32, 32) if "image_size" in settings else tokens()
    more = {"decoder_input_ids": tokens(10)} if name in TWO_COLUMNS else {}
    return archviz.load(network, (given,), more)


def drawn(model: Model, **options: Any) -> tuple[Model, Scene]:
    ready, _ = prepared(model, "auto", "", (), False, (), None, False)
    return ready, VIEWS.get("layered").draw(ready, **options)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_transformer_is_one_figure_in_which_every_operation_is_accounted_for(name: str) -> None:
    model = loaded(name)
    layers = CONFIGS[name][2]
    for width in ("", "cvpr"):
        ready, scene = drawn(model, width=width)
        assert not problems(scene)
        assert unfolded(scene, ready.graph) == []
        # Unfolding what repeats gives the operations of the model, each once.
        names = [o.replace(" ", "_") for node in ready.graph.nodes for o in node.origins]
        assert sorted(listed(scene)) == sorted(names)
        words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
        assert f"×{layers}" in words
        repeats = {group.data.get("repeat") for group in groups(scene.marks)}
        assert str(layers) in repeats
        assert ("Cross attention" in " ".join(words).replace("attn", "attention")) == (
            name in TWO_COLUMNS
        )
        assert scene.description.startswith("Block figure of ")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ViTForImageClassification", "Prepend class token"),
        ("DeiTForImageClassification", "Prepend class tokens"),
        ("CLIPVisionModel", "Prepend class token"),
    ],
)
def test_learned_tokens_and_positions_are_told_as_learned(name: str, title: str) -> None:
    _, scene = drawn(loaded(name))
    words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert words.count(title) == 1
    assert words.count("positional") == words.count("embedding") == 1


def test_convolutions_that_queries_and_keys_are_made_with_belong_to_the_attention() -> None:
    config = transformers.CvtConfig(embed_dim=[16, 24, 32], num_heads=[1, 2, 2], depth=[1, 2, 4])
    with torch.device("meta"):
        network = transformers.CvtForImageClassification(config).eval()
    ready, scene = drawn(archviz.load(network, (torch.zeros(1, 3, 64, 64),)))
    assert not problems(scene)
    assert unfolded(scene, ready.graph) == []
    words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert "×4" in words
    assert words.count("Convolutional attention") == 4
    assert "Cross attention" not in words
    assert scene.description.startswith("Block figure of ")
    assert "Not drawn" not in scene.description


def test_each_copy_of_a_block_is_as_many_operations() -> None:
    _, scene = drawn(loaded("LlamaForCausalLM"))
    for group in groups(scene.marks):
        if "repeat" in group.data and group.title.startswith("Gated feed forward"):
            assert len(group.data["ops"].split()) % 3 == 0
            break
    else:
        pytest.fail("no feed forward is repeated")


HIERARCHIES: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    # Every other attention is of shifted windows, so that pairs repeat; in the last stage a window
    # is the whole map, and none is shifted.
    "SwinForImageClassification": (
        "SwinConfig",
        {"image_size": 64, "embed_dim": 16, "depths": (2, 6, 2), "num_heads": (2, 4, 8),
         "window_size": 4},
        ["×3", "×2"],
    ),
    # Its head takes what every stage gives.
    "SegformerForSemanticSegmentation": (
        "SegformerConfig",
        {"depths": [2, 2, 2, 2], "hidden_sizes": [8, 16, 24, 32], "decoder_hidden_size": 32},
        ["×2", "×2", "×2", "×2"],
    ),
    # Its neck takes what every third layer gives, so that no run goes on beyond one.
    "DPTForSemanticSegmentation": (
        "DPTConfig",
        {**PICTURE, "num_hidden_layers": 12, "fusion_hidden_size": 16, "is_hybrid": False,
         "backbone_out_indices": [2, 5, 8, 11], "neck_hidden_sizes": [8, 16, 24, 32]},
        ["×3", "×3", "×3", "×3"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HIERARCHIES)
def test_a_tall_model_fits_a_page_and_repeats_what_is_built_alike(name: str) -> None:
    config, settings, times = HIERARCHIES[name]
    side = settings.get("image_size", 64)
    with torch.device("meta"):
        network = getattr(transformers, name)(getattr(transformers, config)(**settings)).eval()
    ready, scene = drawn(archviz.load(network, (torch.zeros(1, 3, side, side),)))
    assert scene.description.startswith("Block figure of ")
    assert not problems(scene)
    assert unfolded(scene, ready.graph) == []
    assert sorted(listed(scene)) == sorted(
        o.replace(" ", "_") for node in ready.graph.nodes for o in node.origins
    )
    assert scene.height <= 9 * 72
    words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert [word for word in words if word.startswith("×")] == times
    # Each letter of what leaves a piece of the column is also where that arrives.
    letters = [word for word in words if word in "ABCDEFGH"]
    assert all(letters.count(letter) > 1 for letter in letters)


def arrows(figure: Scene) -> list[tuple[float, float]]:
    """Where each line with a head begins, for lines that do not bend."""
    return [
        (float(mark.segments[0][1]), float(mark.segments[0][2]))  # type: ignore[arg-type]
        for mark in flatten(figure.marks)
        if isinstance(mark, Path) and mark.role == "flow" and len(mark.segments) == 2
    ]


def test_no_arrow_leads_from_a_box_to_one_that_does_not_take_its_result() -> None:
    class Forked(torch.nn.Module):
        """Two heads in turn, each of what the trunk gives."""

        def __init__(self) -> None:
            super().__init__()
            self.trunk = torch.nn.LSTM(4, 4, batch_first=True)
            self.heads = torch.nn.ModuleList(torch.nn.Linear(4, n) for n in (3, 5, 6, 7, 8))
            self.last = torch.nn.Linear(29, 2)

        def forward(self, x: Any) -> Any:
            trunk = self.trunk(x)[0]
            return self.last(torch.cat([head(trunk) for head in self.heads], -1))

    _, scene = drawn(archviz.load(Forked(), (torch.zeros(1, 3, 4),)), figure="blocks")
    assert not problems(scene)
    boxes = {
        group.title: next(mark for mark in flatten(group.marks) if isinstance(mark, Rect))
        for group in groups(scene.marks)
        if group.title.startswith("Linear 4 → ")
    }
    assert len(boxes) == 5
    tops = {round(box.y, 2) for box in boxes.values()}
    others = [box.y + box.height for box in boxes.values()]
    for x, y in arrows(scene):
        if round(y, 2) in tops:
            assert not any(0 < y - other < 40 for other in others), f"an arrow at {x}, {y}"


def test_pytorch_s_own_transformer_has_an_encoder_beside_a_decoder() -> None:
    with torch.device("meta"):
        network = torch.nn.Transformer(64, 4, 2, 3, 96, batch_first=True)
    model = archviz.load(network, (torch.zeros(1, 9, 64), torch.zeros(1, 7, 64)))
    ready, scene = drawn(model)
    assert not faults(scene)
    assert sorted(listed(scene)) == sorted(o for n in ready.graph.nodes for o in n.origins)
    words = [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]
    assert {"×2", "×3", "K", "V", "Q", "Cross attention", "src", "tgt"} <= set(words)
    assert words.count("Add & Norm") == 5
    encoder, decoder = (
        next(mark.x for mark in flatten(scene.marks) if isinstance(mark, Text) and mark.text == end)
        for end in ("src", "tgt")
    )
    assert encoder < decoder


def test_experts_and_shared_heads_are_told_in_numbers() -> None:
    _, scene = drawn(loaded("MixtralForCausalLM"))
    words = {mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)}
    assert {"Mixture of experts", "4 experts, top 2", "4 heads, 2 KV, d=64"} <= words
    assert "Masked attention" in words


def test_attention_and_feed_forward_stand_beside_each_other_where_both_take_one_value() -> None:
    _, scene = drawn(loaded("GPTNeoXForCausalLM"))
    places = {
        mark.text: mark
        for mark in flatten(scene.marks)
        if isinstance(mark, Text) and mark.text in ("Masked attention", "Feed forward")
    }
    assert places["Masked attention"].y == places["Feed forward"].y
    assert places["Masked attention"].x < places["Feed forward"].x


def test_other_models_are_drawn_in_blocks_when_asked_and_refused_without_weights() -> None:
    layers = torch.nn.Sequential(torch.nn.Linear(4, 9), torch.nn.ReLU(), torch.nn.Linear(9, 2))
    _, scene = drawn(archviz.load(layers, (torch.zeros(1, 4),)), figure="blocks")
    assert not faults(scene)
    with pytest.raises(OptionError, match="layers with weights"):
        drawn(archviz.load(torch.nn.ReLU(), (torch.zeros(1, 4),)), figure="blocks")
