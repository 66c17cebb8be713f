"""Bug reports and legitimate patterns as small modules, each with the verdicts that are right.

    python tests/gradient/test_shared_cases.py

prints precision and recall over the parameters of all of them.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib.util
import inspect
import sys
import warnings
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import archviz
from archviz.analysis.gradient.words import HEALTHY

torch = pytest.importorskip("torch", reason="gradient cases need PyTorch")

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "cases" / "gradient_cases.py"
OWN = [
    Path(__file__).with_name(name)
    for name in ("more_cases.py", "varied_cases.py", "reported_cases.py")
]
FILES = [path for path in (*OWN, SHARED) if path.exists()]


@functools.cache
def module_at(path: Path) -> ModuleType:
    """The cases of a file, once: what it registers with PyTorch goes with a second copy of it."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}-{case['name']}")
        for path in FILES
        for case in module_at(path).CASES
    ]


def faults(case: dict[str, Any], tally: Counter[str] | None = None) -> list[str]:
    """What the check says that the case does not expect.

    ``tally`` counts parameters: bad ones found and missed, and false alarms.
    """
    torch.manual_seed(0)
    source, start = inspect.getsourcelines(case["make"])
    marks = {start + number for number, line in enumerate(source) if "# CUT" in line}
    made = case["make"]()
    report = archviz.check_gradients(made[0], made[1], loss=made[2] if len(made) > 2 else None)
    found = list(report.incomplete)
    for name, got in report.parameters.items():
        expected = (
            item for pattern, item in case["expect"].items() if fnmatch.fnmatch(name, pattern)
        )
        want, kinds, marker = next(expected, ("ok", None, None))
        if tally is not None:
            is_bad, is_told = HEALTHY.isdisjoint(want.split("|")), got.verdict not in HEALTHY
            tally["found"] += is_bad and is_told
            tally["missed"] += is_bad and not is_told
            tally["false"] += is_told and got.verdict not in want.split("|") and not is_bad
        if got.verdict not in want.split("|"):
            found.append(f"{name} is {got.verdict}, not {want}")
        elif kinds and got.verdict not in HEALTHY:
            first = got.culprits[0] if got.culprits else None
            if first is None or first.kind not in kinds.split("|"):
                found.append(f"{name} is blamed on {first}, not on {kinds}")
            elif marker and marks and not {first.location.line, first.location.line - 1} & marks:
                found.append(f"{name} is blamed on line {first.location.line}, not {sorted(marks)}")
    return found


@pytest.mark.skipif(not SHARED.exists(), reason="the shared list of cases is not beside the tree")
def test_the_shared_list_of_cases_is_there() -> None:
    assert len(module_at(SHARED).CASES) > 100


@pytest.mark.parametrize("case", cases())
def test_verdicts_culprits_and_lines_are_right(case: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            assert faults(case) == []
        except ModuleNotFoundError as error:
            pytest.skip(f"the case needs {error.name}")


def is_right(case: dict[str, Any], tally: Counter[str]) -> bool:
    try:
        return faults(case, tally) == []
    except ModuleNotFoundError as error:
        print(f"{case['name']} needs {error.name}")
        return False


def print_precision_and_recall() -> None:
    for path in FILES:
        tally: Counter[str] = Counter()
        every = module_at(path).CASES
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            right = sum(is_right(case, tally) for case in every)
        print(
            f"{path.name}: {right} of {len(every)} cases right, precision "
            f"{tally['found'] / (tally['found'] + tally['false']):.4f}, recall "
            f"{tally['found'] / (tally['found'] + tally['missed']):.4f}"
        )


if __name__ == "__main__":
    print_precision_and_recall()
