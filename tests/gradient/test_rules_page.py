"""docs/rules.md is made of the rules' own documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from archviz.catalogue import rule_text, rules_page
from archviz.errors import OptionError
from archviz.rules import RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"


def test_the_page_of_rules_says_what_the_rules_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept"):
        PAGE.write_text(rules_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == rules_page(), "run: pytest --accept tests/gradient"


def test_every_rule_is_shown_by_code_and_by_name() -> None:
    for rule in RULES.builtin():
        assert rule_text(rule.code) == rule_text(rule.name)
        assert rule.title in rule_text(rule.code)


def test_a_rule_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="did you mean 'detach'"):
        rule_text("detached")
