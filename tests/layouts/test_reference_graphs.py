"""The graphs that layouts are measured on are laid out as well as dot lays them out.

Numbers of dot are those of Graphviz 2.42, taken by benchmarks/layout.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archviz.layouts.sugiyama import place

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
DOT = {"resnet50": 0, "densenet121": 0, "inception_v2": 0, "bert12": 3, "gpt2_12": 11}
"""Visible crossings of dot's drawings."""


@pytest.mark.parametrize("name", DOT)
def test_edges_cross_no_more_often_than_in_dots_drawing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import layout_graphs
    import layout_quality

    sample = layout_graphs.model(name)
    quality = layout_quality.measure(sample, place(sample.boxes, sample.links))
    assert quality.crossings <= DOT[name]
    assert (quality.overlaps, quality.over_boxes) == (0, 0)
    for module in ("layout_graphs", "layout_quality"):
        sys.modules.pop(module)
