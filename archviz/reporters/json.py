"""JSON: a list with the source and the diagnostics of every model."""

from __future__ import annotations

import json
from collections.abc import Sequence

from archviz.ir import Model
from archviz.ir.serde import diagnostic_to_json
from archviz.reporters import Reporter


def report(models: Sequence[Model]) -> str:
    """The diagnostics of all models as one JSON document."""
    found = [
        {"source": model.source, "diagnostics": [diagnostic_to_json(d) for d in model.diagnostics]}
        for model in models
    ]
    return json.dumps(found, indent=1) + "\n"


REPORTER = Reporter(name="json", title="sources with their diagnostics", report=report)
