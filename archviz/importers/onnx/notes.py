"""The faults that reading an ONNX model may find."""

from __future__ import annotations

from archviz.ir import Severity
from archviz.reading import notes
from archviz.reading.notes import Fault

_FAULTS: dict[str, Fault] = {
    "missing-value": (
        Severity.WARNING,
        "{names} {is_are} consumed, and nothing produces {it_them}",
        "the file is cut or was edited by hand: export it again",
    ),
    "duplicate-value": (
        Severity.WARNING,
        "{names} {is_are} produced more than once; consumers get the latest before them",
        "",
    ),
    "recursive-function": (
        Severity.WARNING,
        "{names} {calls_call} itself, directly or through others, and stays one node",
        "",
    ),
    "large-function": (
        Severity.WARNING,
        "calls of {names} would expand to too many nodes and stay one node each",
        "",
    ),
    "unknown-operator": (
        Severity.WARNING,
        "the imported operator sets have no {names}",
        "",
    ),
    "branch-input": (
        Severity.WARNING,
        "a branch of an If declares {names} as input, which an If does not give; what is called "
        "so around it is taken",
        "",
    ),
    "broken-trees": (
        Severity.WARNING,
        "the decision trees of an ensemble are left out: {names}",
        "export the model again",
    ),
    "deep-subgraph": (Severity.WARNING, "subgraphs nest too deep inside {names}", ""),
    "deep-rank": (Severity.WARNING, "{names} claims more than 64 dimensions", ""),
}


class Notes(notes.Notes):
    """Collects what reading an ONNX model found odd."""

    def __init__(self) -> None:
        super().__init__(_FAULTS)
