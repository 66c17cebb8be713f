"""The failing and the mended example in the documentation of every rule about gradients."""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import archviz
from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Severity
from archviz.rules import RULES, Rule

torch = pytest.importorskip("torch", reason="examples of gradient rules need PyTorch")

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHOUT = {"AVG024", "AVG090"}
"""Rules about options and about runs that end early; tests of their own trigger them."""

ABOUT_GRADIENTS = [rule for rule in RULES.builtin() if rule.about == "gradients"]
each_rule = pytest.mark.parametrize(
    "rule", [rule for rule in ABOUT_GRADIENTS if rule.code not in WITHOUT], ids=lambda r: r.name
)


def examples(rule: Rule) -> list[str]:
    return BLOCK.findall(inspect.getdoc(sys.modules[rule.check.__module__]) or "")


def checked(example: str, folder: Path) -> GradientReport:
    """The report on the model of an example, which is run from a file so that lines have text."""
    path = folder / "example.py"
    path.write_text(f"import torch\nfrom torch import nn\n\n{example}", encoding="utf-8")
    space: dict[str, Any] = {"__name__": "example"}
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
        return archviz.check_gradients(space["model"], space["args"], loss=space.get("loss"))


@each_rule
def test_the_first_example_is_told_and_the_second_is_not(rule: Rule, tmp_path: Path) -> None:
    failing, mended = examples(rule)
    told = checked(failing, tmp_path)
    assert {item.code for item in told.findings} == {rule.code}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    silent = checked(mended, tmp_path / "second")
    assert not [item for item in silent.findings if item.severity is not Severity.INFO]
    assert rule.code not in {item.code for item in silent.findings}


@each_rule
def test_a_finding_with_a_place_names_a_line_of_the_example(rule: Rule, tmp_path: Path) -> None:
    for item in checked(examples(rule)[0], tmp_path).findings:
        assert item.message
        assert item.hint
        if item.location is not None:
            assert item.location.file == str(tmp_path / "example.py")
            assert item.location.text
            assert item.location.text in examples(rule)[0]
