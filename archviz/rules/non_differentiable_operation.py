"""Finds operations that give positions, counts or choices, whose result has no derivative.

argmax, sort's indices, one_hot, unique, bincount, histc and their like map a neighbourhood of
inputs to one result. What feeds them gets no gradient, although the model runs and the loss goes
down by what the other layers learn.

Told:

```python
class Selector(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 4)
        self.values = nn.Embedding(4, 4)

    def forward(self, x):
        return self.values(self.score(x).argmax(-1))

model, args = Selector(), (torch.randn(3, 4),)
```

Mended:

```python
class Selector(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 4)
        self.values = nn.Embedding(4, 4)

    def forward(self, x):
        return self.score(x).softmax(-1) @ self.values.weight

model, args = Selector(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic
from archviz.rules import Rule

NAME = "non-differentiable-operation"
CODE = "AVG001"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.NONDIFFERENTIABLE,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(
    NAME, CODE, "a value that was chosen, counted or sorted carries no gradient", check, "gradients"
)
