"""What PyTorch models are called with, what happens when that fails, and objects of other kinds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch
import torch_modules as modules
from torch import nn

import archviz
from archviz.errors import ImporterError, OptionError
from archviz.ir import Model
from archviz.ir.verify import verify

FOLDER = Path(modules.__file__).parent


def operators(model: Model) -> list[str]:
    assert verify(model.body) == []
    return [node.op for node in model.body.nodes]


def notes(model: Model) -> list[str]:
    return [item.name for item in model.diagnostics]


@pytest.mark.parametrize(
    ("text", "dtype", "shape"),
    [
        ("2x4", "float32", (2, 4)),
        ("x=2x4", "float32", (2, 4)),
        ("float16:2x4", "float16", (2, 4)),
        ("x=int:3", "int64", (3,)),
        ("bool:1x4", "bool", (1, 4)),
        ("x=[[1, 2, 3, 4]]", "int64", (1, 4)),
        ("scalar", "float32", ()),
    ],
)
def test_an_input_is_a_shape_with_a_type_and_a_name(
    text: str, dtype: str, shape: tuple[int, ...]
) -> None:
    class Doubled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    graph = archviz.load(Doubled(), input=(text,)).body
    type_ = graph.values[graph.inputs[0]].type
    assert graph.inputs == ("x",)
    assert (type_.dtype, type_.shape) == (dtype, shape)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1x", "cannot be read"),
        ("x=y=3", "cannot be read"),
        ("float99:2", "no type 'float99'"),
        ("x=[1,", "no JSON"),
        ("99999999x99999999", "elements"),
    ],
)
def test_an_input_that_is_none_is_refused_with_an_example(text: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem) as caught:
        archviz.load(modules.Passing(), input=(text,))
    assert "\n" not in str(caught.value)


def test_named_arguments_may_be_json() -> None:
    class Switched(nn.Module):
        def forward(self, x: torch.Tensor, up: bool = True) -> torch.Tensor:
            return x + 1 if up else x - 1

    assert operators(archviz.load(Switched(), input=("2",), kwargs='{"up": false}')) == ["sub"]
    with pytest.raises(OptionError, match="no JSON at character"):
        archviz.load(Switched(), input=("2",), kwargs="{up}")


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Sequential(nn.Conv2d(5, 3, 3), nn.ReLU()), (1, 5, 224, 224)),
        (modules.Tagger(), (1, 16)),
        (nn.Sequential(nn.Linear(7, 3)), (2, 7)),
        (nn.LSTM(6, 4), (2, 6)),
    ],
)
def test_without_an_input_the_first_layer_tells_one(
    module: nn.Module, shape: tuple[int, ...]
) -> None:
    model = archviz.load(module)
    assert model.body.values[model.body.inputs[0]].type.shape == shape
    assert "assumed-input" in notes(model)


class Configured(nn.Module):
    """Takes what its configuration describes, with one axis more than that says."""

    def __init__(self, **settings: int) -> None:
        super().__init__()
        self.config = SimpleNamespace(**settings, to_dict=dict)


class OnVideos(Configured):
    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        _batch, _frames, _channels, _height, _width = pixel_values.shape
        return pixel_values.mean(1)


class OnChannels(Configured):
    def forward(self, input_features: torch.Tensor) -> torch.Tensor:
        return input_features.transpose(1, 3).relu()


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (OnVideos(image_size=8, num_frames=4), (1, 4, 3, 8, 8)),
        (OnChannels(num_mel_bins=5), (1, 1, 1000, 5)),
    ],
)
def test_a_configuration_may_mean_one_axis_more(module: nn.Module, shape: tuple[int, ...]) -> None:
    model = archviz.load(module)
    assert model.body.values[model.body.inputs[0]].type.shape == shape


def test_a_model_that_tells_its_example_is_called_with_it() -> None:
    module = modules.Passing()
    module.example_input_array = torch.ones(9, 4)
    model = archviz.load(module)
    assert model.body.values["x"].type.shape == (9, 4)


def test_a_failure_names_the_module_its_input_and_what_to_try() -> None:
    with pytest.raises(ImporterError) as caught:
        archviz.load(modules.Failing(), (torch.ones(2, 4),))
    assert str(caught.value) == (
        "Failing: body.2 (Linear) raised RuntimeError on 2×4 float32: mat1 and mat2 shapes cannot "
        "be multiplied (2x4 and 5x5); check --input and --kwargs, or draw the tree of modules with "
        "--static"
    )


def test_static_draws_modules_without_running_them() -> None:
    class Bomb(modules.Failing):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise AssertionError("it ran")

    model = archviz.load(Bomb(), static=True)
    assert operators(model) == ["Linear", "BatchNorm1d", "Linear"]
    assert ("body", "1") in model.body.scopes
    assert notes(model) == ["not-run"]


def test_branches_on_data_are_taken_and_told() -> None:
    model = archviz.load(modules.Branching(), (torch.ones(2, 8),))
    assert operators(model).count("linear") == 3
    told = [item for item in model.diagnostics if item.name == "assumed-data"]
    assert "a branch on data was taken as false at" in told[0].message
    assert told[0].location is not None
    assert told[0].location.file.endswith("torch_modules.py")


def test_a_branch_whose_likely_side_raises_is_taken_the_other_way() -> None:
    class Picky(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not (x > 0).any():
                raise ValueError("nothing is positive")
            return x.exp()

    assert operators(archviz.load(Picky(), (torch.ones(3),))) == ["gt", "any", "exp"]


def test_what_ghosts_cannot_do_is_done_for_real_and_told() -> None:
    class Peeking(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.data_ptr(), "no memory"
            return x + 1

    model = archviz.load(Peeking(), (torch.ones(3),))
    assert operators(model) == ["add"]
    assert notes(model) == ["run-for-real"]


def classifier() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_compiled_traced_scripted_and_wrapped_modules_are_seen_through() -> None:
    x = torch.ones(2, 4)
    plain = archviz.load(classifier(), (x,)).body
    for wrap in (torch.compile, nn.DataParallel, torch.fx.symbolic_trace):
        graph = archviz.load(wrap(classifier()), (x,)).body
        assert [node.id for node in graph.nodes] == [node.id for node in plain.nodes], wrap


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_scripted_and_traced_modules_use_their_parameters() -> None:
    x = torch.ones(2, 4)
    for module in (torch.jit.script(classifier()), torch.jit.trace(classifier(), x)):
        graph = archviz.load(module, (x,)).body
        assert verify(graph) == []
        used = {use.parameter for node in graph.nodes for use in node.parameters}
        assert used == set(graph.parameters)


@pytest.mark.filterwarnings("ignore")
def test_a_quantized_module_is_recorded() -> None:
    module = torch.ao.quantization.quantize_dynamic(classifier(), {nn.Linear})
    assert operators(archviz.load(module, (torch.ones(2, 4),))).count("linear_dynamic") == 2


def test_an_exported_program_has_the_graph_of_the_live_module() -> None:
    module, x = modules.Shared(), torch.ones(2, 8)
    exported = archviz.load(torch.export.export(module, (x,))).body
    live = archviz.load(module, (x,)).body
    assert verify(exported) == []
    assert [node.op for node in exported.nodes] == [node.op for node in live.nodes]
    assert exported.scopes.keys() == live.scopes.keys()
    assert exported.inputs == live.inputs
    assert [node.location for node in exported.nodes] == [node.location for node in live.nodes]
    uses = [[use.parameter for use in node.parameters] for node in exported.nodes]
    assert [len(names) for names in uses] == [2, 0, 2, 0, 2, 0, 2]


def test_checkpoints_and_autocast_leave_the_operations_as_they_are() -> None:
    from torch.utils.checkpoint import checkpoint

    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = classifier()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return checkpoint(self.body, x, use_reentrant=False)

    graph = archviz.load(Careful(), (torch.ones(2, 4),)).body
    assert [node.id for node in graph.nodes] == ["body/0/linear", "body/1/relu", "body/2/linear"]
    assert graph.values[graph.outputs[0]].type.dtype == "bfloat16"


def test_ids_and_json_do_not_depend_on_the_hash_seed() -> None:
    script = (
        "import sys, torch, archviz, torch_modules as m\n"
        "for made in (m.Shared(), m.Aliased(), m.Branching(), m.Tagger()):\n"
        "    print(archviz.render(made, format='json'))"
    )
    path = {"PYTHONPATH": ":".join([str(FOLDER), *filter(None, sys.path)])}
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PATH": "", **path},
            capture_output=True,
            check=True,
            cwd=FOLDER,
        ).stdout
        for seed in ("0", "7")
    }
    assert len(printed) == 1


@pytest.fixture
def llama(tmp_path: Path) -> Path:
    """A folder with a configuration of two layers and no weights."""
    pytest.importorskip("transformers", reason="pip install transformers")
    settings: dict[str, Any] = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64,
        "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 100, "dtype": "bfloat16",
        "auto_map": {"AutoModel": "evil.Evil"},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "evil.py").write_text("raise SystemExit('it ran')")
    return tmp_path


def test_a_folder_of_hugging_face_is_a_graph_by_its_configuration_alone(llama: Path) -> None:
    model = archviz.load(llama)
    assert verify(model.body) == []
    assert model.body.outputs == ("logits",)
    assert model.body.parameters["lm_head.weight"].type.dtype == "bfloat16"
    assert ("model", "layers", "1", "self_attn", "q_proj") in model.body.scopes
    assert operators(model).count("scaled_dot_product_attention") == 2


def test_a_configuration_of_an_unknown_type_is_told_in_a_sentence(llama: Path) -> None:
    path = llama / "config.json"
    path.write_text(path.read_text().replace('"llama"', '"nosuch"'))
    with pytest.raises(ImporterError, match="cannot make a model of the type 'nosuch'") as caught:
        archviz.load(llama)
    assert "\n" not in str(caught.value)
