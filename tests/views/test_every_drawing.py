"""Every ONNX file at hand is drawn, and measured, without a fault."""

from __future__ import annotations

import importlib.util
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import pytest
from scene_geometry import problems

import archviz
from archviz.api import prepare
from archviz.ir import Model
from archviz.ir.verify import verify
from archviz.renderers.svg import render
from archviz.views.node_link import draw

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus" / "onnx"


def faults(model: Model, name: str) -> list[str]:
    """What is wrong with the picture that a user gets by default."""
    drawn = prepare(model)
    scene = draw(drawn)
    ET.fromstring(render(scene))
    return [f"{name}: {fault}" for fault in (*verify(drawn.graph), *problems(scene))]


def faults_of_files(paths: Iterable[Path]) -> list[str]:
    return [fault for path in paths for fault in faults(archviz.load(path), path.name)]


def test_every_file_of_the_corpus_is_drawn_without_a_fault() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of ONNX files is not beside the repository (../shared/corpus)")
    paths = sorted(CORPUS.rglob("*.onnx"))
    assert len(paths) == 275
    assert faults_of_files(paths) == []


def test_every_model_in_the_onnx_package_is_drawn_without_a_fault() -> None:
    spec = importlib.util.find_spec("onnx")
    assert spec is not None
    assert spec.origin is not None
    paths = sorted(Path(spec.origin).parent.rglob("*.onnx"))
    assert len(paths) >= 149
    assert faults_of_files(paths) == []


def test_every_generated_node_model_is_drawn_without_a_fault() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the generators overflow and divide by zero on purpose
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases()
    assert len(cases) >= 1884
    found = [fault for case in cases for fault in faults(archviz.load(case.model), case.name)]
    assert found == []
