"""How large gradients are from layer to layer: a row a parameter, and what is odd about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import hypot, inf, isfinite, log10
from statistics import median
from typing import Any

from archviz.records import field, record
from archviz.table import aligned

SCHEMA_VERSION = 1

VANISHING = 1e-3
"""Share of the gradient at the end of the network below which that at its start has vanished."""

EXPLODING = 1e3
"""How many times the gradient at the end of the network that at its start has exploded."""

PART = 4
"""The start and the end of a network are a quarter of its weights each."""

FEWEST = 4
"""Weights below which a network has no start and end to compare."""


@record
class FlowRow:
    """The gradient of one parameter.

    Attributes:
        name: Of the parameter.
        shape: Its sizes.
        state: "ok", "zero", "none", "nonfinite" or "frozen".
        norm: Euclidean norm of the gradient; 0 where there is none.
        mean: Mean of its absolute values.
        max: The largest of its absolute values.
        weight_norm: Euclidean norm of the parameter.
    """

    name: str
    shape: tuple[int, ...]
    state: str
    norm: float = 0.0
    mean: float = 0.0
    max: float = 0.0
    weight_norm: float = 0.0

    @property
    def is_weight(self) -> bool:
        """Whether it is a matrix or more, whose gradient tells of depth rather than of scale."""
        return len(self.shape) > 1


@record
class GradientFlow:
    """One backward pass in numbers.

    Attributes:
        rows: The parameters in the order of their first use in the call, unused ones last.
        source: What the model is called.
        loss: The loss's value; None when its tensors are a random projection.
        of: What the gradient is of, in words.
        seed: What inputs and random operations were seeded with.
        facts: Versions and sizes.
    """

    rows: tuple[FlowRow, ...]
    source: str = ""
    loss: float | None = None
    of: str = ""
    seed: int = 0
    facts: dict[str, str | int] = field(default_factory=dict)

    @property
    def norm(self) -> float:
        """Euclidean norm of the gradient of all parameters together."""
        return hypot(*(row.norm for row in self.rows))

    @property
    def ratio(self) -> float | None:
        """Mean gradient of weights at the start of the network to that at its end.

        The medians over a quarter of the weights each; None for small networks and where either
        is zero.
        """
        sizes = [row.mean for row in self.rows if row.is_weight and row.state == "ok"]
        if len(sizes) < FEWEST:
            return None
        count = max(1, len(sizes) // PART)
        first, last = median(sizes[:count]), median(sizes[-count:])
        return first / last if last and isfinite(first / last) else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd, in sentences."""
        found = []
        for state, text in (
            ("nonfinite", "have a gradient that is infinite or not a number"),
            ("none", "get no gradient; archviz check says why"),
            ("zero", "have a gradient of zero; archviz check says why"),
        ):
            names = [row.name for row in self.rows if row.state == state]
            if names:
                more = f" and {len(names) - 3} more" if len(names) > 3 else ""
                found.append(f"{', '.join(names[:3])}{more} {text}")
        ratio = self.ratio
        if ratio is not None and ratio < VANISHING:
            found.append(
                f"gradients vanish: those of the first weights are {ratio:.1e} of the last ones'"
            )
        if ratio is not None and ratio > EXPLODING:
            found.append(
                f"gradients explode: those of the first weights are {ratio:.1e} of the last ones'"
            )
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """The flow as a tree of JSON values, with its schema version; not finite is null."""
        rows = []
        for row in self.rows:
            values = asdict(row)
            for key, value in values.items():
                if isinstance(value, float) and not isfinite(value):
                    values[key] = None
            rows.append({**values, "shape": list(row.shape)})
        return {
            "archviz-gradient-flow": SCHEMA_VERSION,
            "source": self.source,
            "of": self.of,
            "loss": self.loss if self.loss is None or isfinite(self.loss) else None,
            "seed": self.seed,
            "norm": self.norm if isfinite(self.norm) else None,
            "ratio": self.ratio,
            "warnings": list(self.warnings),
            "parameters": rows,
            "facts": dict(self.facts),
        }

    def __str__(self) -> str:
        lines = [f"gradient of {self.of}, norm {_number(self.norm)}", ""]
        cells = [("parameter", "shape", "norm", "mean", "max", "")]
        bars = _bars(self.rows)
        for row, bar in zip(self.rows, bars, strict=True):
            shape = "×".join(map(str, row.shape)) or "scalar"
            numbers = ("", "", "")
            if row.state in ("ok", "nonfinite"):
                numbers = (_number(row.norm), _number(row.mean), _number(row.max))
            cells.append((row.name, shape, *numbers, bar if row.state == "ok" else row.state))
        lines += aligned(cells, right=(2, 3, 4), least=(24, 8), width=100)
        lines += ["", *(f"warning: {text}" for text in self.warnings)] if self.warnings else []
        return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.2e}" if isfinite(value) else str(value)


def _bars(rows: Sequence[FlowRow], width: int = 16) -> list[str]:
    """Bars of text for the means, on the decades that :func:`decades` gives."""
    low, high = decades(rows)
    return [
        "█" * max(1, round(width * (log10(row.mean) - low) / (high - low)))
        if 0 < row.mean < inf
        else ""
        for row in rows
    ]


def decades(rows: Sequence[FlowRow]) -> tuple[int, int]:
    """Powers of ten below and above all means and largest values."""
    sizes = [value for row in rows for value in (row.mean, row.max) if 0 < value < inf]
    if not sizes:
        return -1, 0
    low, high = int(log10(min(sizes)) // 1), int(-(-log10(max(sizes)) // 1))
    return low, max(high, low + 1)
