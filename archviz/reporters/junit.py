"""JUnit: a test suite a source, a test case a module and rule, for dashboards of test results.

The elements and attributes are those that Jenkins and GitLab both read. GitLab keeps only the first
of test cases with one name, so names are told apart by a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from archviz.diagnostics import Diagnostic, Severity
from archviz.ir import Model
from archviz.reporters import Reporter
from archviz.table import one_line

OVERALL = "archviz check"
"""The test case of a source in which nothing was found."""


def report(models: Sequence[Model]) -> str:
    """The suites; information and what is suppressed pass, everything else fails."""
    taken: Counter[tuple[str, str]] = Counter()
    suites = [_suite(model, taken) for model in models]
    if not suites:
        return ""
    total = sum(tests for tests, _, _ in suites)
    failed = sum(failures for _, failures, _ in suites)
    body = "".join(text for _, _, text in suites)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="archviz" tests="{total}" failures="{failed}" errors="0">\n'
        f"{body}</testsuites>\n"
    )


def _suite(model: Model, taken: Counter[tuple[str, str]]) -> tuple[int, int, str]:
    cases = []
    failures = 0
    name = one_line(model.source or "model")
    for item in model.diagnostics:
        fails = item.severity is not Severity.INFO and not item.is_suppressed
        failures += fails
        cases.append(_case(_head(name, _title(item), taken), item, fails))
    if not cases:
        cases.append(f"{_head(name, OVERALL, taken)}/>\n")
    text = (
        f' <testsuite name={_attribute(name)} tests="{len(cases)}" failures="{failures}" '
        f'errors="0" skipped="0" time="0">\n{"".join(cases)} </testsuite>\n'
    )
    return len(cases), failures, text


def _title(item: Diagnostic) -> str:
    rule = f"{item.code} {item.name}".strip()
    subject = item.module or (item.nodes[0] if item.nodes else "")
    return one_line(f"{rule}: {subject}" if subject else rule)


def _head(source: str, title: str, taken: Counter[tuple[str, str]]) -> str:
    taken[source, title] += 1
    number = taken[source, title]
    name = f"{title} #{number}" if number > 1 else title
    return f"  <testcase classname={_attribute(source)} name={_attribute(name)}"


def _case(head: str, item: Diagnostic, fails: bool) -> str:
    place = ""
    if item.location is not None:
        place = f"{item.location.file}:{item.location.line}: "
    text = f"{place}{item.message}"
    if item.location is not None and item.location.text:
        text += f" | {item.location.text}"
    if item.hint:
        text += f" | {item.hint}"
    content = escape(_clean(text))
    if not fails:
        return f"{head}>\n   <system-out>{content}</system-out>\n  </testcase>\n"
    message = _attribute(item.message)
    kind = _attribute(item.severity)
    return (
        f"{head}>\n   <failure message={message} type={kind}>{content}</failure>\n  </testcase>\n"
    )


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return one_line(text).encode("utf-8", "replace").decode()


REPORTER = Reporter(name="junit", title="JUnit XML, for dashboards of test results", report=report)
