"""Finds writes to parameters through ``.data``, by which generated weights get no gradient.

The forward pass uses the new contents, the backward pass knows the old leaf alone.
``torch.func.functional_call`` runs a module with computed weights in sight of autograd.

Told:

```python
class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Linear(4, 16)
        self.main = nn.Linear(4, 4)

    def forward(self, x):
        self.main.weight.data = self.generator(x).mean(0).view(4, 4)
        return self.main(x)

model, args = Hyper(), (torch.randn(3, 4),)
```

Mended:

```python
class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Linear(4, 16)
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        weight = self.generator(x).mean(0).view(4, 4)
        return nn.functional.linear(x, weight, self.bias)

model, args = Hyper(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic
from archviz.rules import Rule

NAME = "hidden-write"
CODE = "AVG010"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.DATA_WRITE,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(
    NAME, CODE, "a computed value is written into a parameter behind autograd", check, "gradients"
)
