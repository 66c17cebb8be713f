"""Figures of recurrent networks: cells in a row, a loop at each that runs once a step."""

from __future__ import annotations

from typing import Any

import pytest
from volume_geometry import accounted, imported, problems

import archviz
from archviz.errors import OptionError
from archviz.ir import Model
from archviz.preparing import prepared
from archviz.scene import Path, Scene, Text, flatten
from archviz.views import VIEWS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn


class Tagger(nn.Module):  # type: ignore[misc]
    """Tags of words by what stands on both sides of them."""

    def __init__(self, kind: Any, both: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(500, 24)
        self.cells = kind(24, 32, num_layers=2, bidirectional=both, batch_first=True)
        self.tags = nn.Linear(64 if both else 32, 17)

    def forward(self, sentence: Any) -> Any:
        return self.tags(self.cells(self.words(sentence))[0])


def drawn(network: Any, **options: Any) -> tuple[Model, Scene]:
    model = archviz.load(network, (torch.arange(12).reshape(1, 12),))
    ready, _ = prepared(model, "auto", "", (), False, (), None, False)
    return ready, VIEWS.get("layered").draw(ready, **options)


def words(scene: Scene) -> list[str]:
    return [mark.text for mark in flatten(scene.marks) if isinstance(mark, Text)]


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("width", ["", "cvpr"])
def test_a_tagger_is_a_row_of_layers_with_a_loop(kind: str, both: bool, width: str) -> None:
    ready, scene = drawn(Tagger(getattr(nn, kind), both), width=width)
    assert not problems(scene)
    assert dict(accounted(scene)) == dict.fromkeys(imported(ready), 1)
    said = words(scene)
    assert said.count("×T") == 1
    assert {kind, "Embedding", "Linear", "500 × 24"} <= set(said)
    if not width:
        assert "12k" in said  # weights of the embedding
    ways = [m for m in flatten(scene.marks) if isinstance(m, Path) and m.role == "flow"]
    loops = [way for way in ways if len(way.segments) > 4]
    assert len(loops) == (2 if both and not width else 1)
    assert any("both ways" in word for word in said) == both


def test_other_models_are_no_row_of_cells() -> None:
    with pytest.raises(OptionError, match="layers in a row"):
        drawn(
            nn.Sequential(nn.Embedding(50, 16), nn.TransformerEncoderLayer(16, 2, 32)),
            figure="recurrent",
        )
