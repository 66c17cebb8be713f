"""SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format), for code scanning services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archviz.baseline import fingerprints, relative
from archviz.diagnostics import Diagnostic, Severity, SourceLocation
from archviz.ir import Model
from archviz.reporters import Reporter
from archviz.rules import RULES
from archviz.table import one_line

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def report(models: Sequence[Model]) -> str:
    """One run with a result for every diagnostic; fingerprints last while lines move."""
    found = [(model, item) for model in models for item in model.diagnostics]
    names = sorted({(item.code, item.name) for _, item in found})
    ids = {name: index for index, name in enumerate(names)}
    prints = fingerprints([item for _, item in found])
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "archviz",
                        "informationUri": "https://pypi.org/project/archviz/",
                        "rules": [_rule(code, name) for code, name in names],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(model, item, ids[item.code, item.name], print_)
                    for (model, item), print_ in zip(found, prints, strict=True)
                ],
            }
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _rule(code: str, name: str) -> dict[str, Any]:
    titles = {rule.code: rule.title for rule in RULES.builtin()}
    return {
        "id": code or name,
        "name": name,
        "shortDescription": {"text": titles.get(code, name)},
        "help": {"text": f"archviz show rule {code or name}"},
    }


def _result(model: Model, item: Diagnostic, rule: int, print_: str) -> dict[str, Any]:
    text = f"{item.message}; {item.hint}" if item.hint else item.message
    result: dict[str, Any] = {
        "ruleId": item.code or item.name,
        "ruleIndex": rule,
        "level": LEVEL[item.severity],
        "message": {"text": one_line(text)},
        "locations": [_location(model, item)],
        "partialFingerprints": {"archviz/v1": print_},
        "properties": {"source": one_line(model.source)},
    }
    if item.trace:
        places = [
            {"location": {**_physical(step.location), "message": {"text": one_line(step.message)}}}
            for step in item.trace
        ]
        result["codeFlows"] = [{"threadFlows": [{"locations": places}]}]
    if item.is_suppressed:
        result["suppressions"] = [{"kind": "external"}]
    return result


def _location(model: Model, item: Diagnostic) -> dict[str, Any]:
    place = item.location or SourceLocation(model.source or "model")
    found = _physical(place)
    logical = item.module or (item.nodes[0] if item.nodes else "")
    if logical:
        found["logicalLocations"] = [{"fullyQualifiedName": one_line(logical), "kind": "module"}]
    return found


def _physical(place: SourceLocation) -> dict[str, Any]:
    file = relative(place.file)
    uri = quote(file) if not Path(file).is_absolute() else Path(file).as_uri()
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if place.line:
        region: dict[str, Any] = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
        if place.end_line >= place.line:
            region["endLine"] = place.end_line
            if place.end_column:
                region["endColumn"] = place.end_column
        if place.text:
            region["snippet"] = {"text": one_line(place.text)}
        physical["region"] = region
    return {"physicalLocation": physical}


REPORTER = Reporter(name="sarif", title="SARIF 2.1.0, for code scanning", report=report)
