"""What every rule and every reporter must do."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import HOSTILE, small_model
from samples import each_sample, loaded

from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.ir import Graph, Model
from archviz.ir.walk import all_nodes
from archviz.reporters import REPORTERS, Reporter
from archviz.rules import RULES, Rule

each_rule = pytest.mark.parametrize("rule", list(RULES.builtin()), ids=lambda rule: rule.name)
each_reporter = pytest.mark.parametrize(
    "reporter", list(REPORTERS.builtin()), ids=lambda reporter: reporter.name
)


@each_rule
def test_a_rule_has_a_code_of_its_series_and_documents_itself(rule: Rule) -> None:
    assert re.fullmatch(r"AV[GSTE]\d{3}", rule.code)
    documentation = inspect.getdoc(sys.modules[rule.check.__module__]) or ""
    assert len(documentation) > 80, "the module's docstring is the rule's documentation"


def test_no_code_is_used_twice() -> None:
    codes = Counter(rule.code for rule in RULES.all())
    assert set(codes.values()) == {1}


@each_rule
def test_an_empty_model_has_no_findings(rule: Rule) -> None:
    empty = Model(Graph()) if rule.about == "model" else GradientReport({})
    assert list(rule.check(empty)) == []


@each_sample
@each_rule
def test_findings_carry_the_rules_name_and_point_at_nodes(rule: Rule, sample: Path) -> None:
    if rule.about != "model":
        return
    model = loaded(sample)
    known = {node.id for node in all_nodes(model.graph)}
    for finding in rule.check(model):
        assert (finding.name, finding.code) == (rule.name, rule.code)
        assert set(finding.nodes) <= known
        assert finding.message


FOUND = Diagnostic(
    "dead-operation",
    Severity.WARNING,
    f"something is odd with {HOSTILE}",
    nodes=("one", "two", HOSTILE),
    location=SourceLocation("model.py", 7, "forward"),
    hint="look at it",
    code="AVS001",
)


@each_reporter
def test_a_report_names_source_place_and_rule(reporter: Reporter) -> None:
    model = replace(small_model(), diagnostics=(FOUND,))
    report = reporter.report([model, small_model("other")])
    for part in ("conv1.test", "dead-operation", "AVS001", "model.py", "7", "look at it"):
        assert part in report
    assert report == reporter.report([model, small_model("other")])


@each_reporter
def test_a_report_carries_no_control_characters(reporter: Reporter) -> None:
    report = reporter.report([replace(small_model(HOSTILE), diagnostics=(FOUND,))])
    assert all(char.isprintable() or char == "\n" for char in report)
    if reporter.name == "json":
        assert json.loads(report)[0]["diagnostics"][0]["message"].endswith("\ud800")


@each_reporter
def test_nothing_to_report_is_little(reporter: Reporter) -> None:
    # SARIF says which tool ran even then.
    assert len(reporter.report([])) < (500 if reporter.name == "sarif" else 20)
