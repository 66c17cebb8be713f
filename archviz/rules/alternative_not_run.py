"""Finds modules in a list that did not run while a sibling of the same class did.

Experts that no token was routed to, and layers dropped at random, get no gradient in this step; it
is information.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x):
        return self.experts[0](x)

model, args = Model(), (torch.randn(3, 4),)
```

Mended:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x):
        return sum(expert(x) for expert in self.experts)

model, args = Model(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_verdict
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Verdict
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "alternative-not-run"
CODE = "AVG021"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every part of the model."""
    return by_verdict(
        report,
        Verdict.NOT_RUN,
        name=NAME,
        code=CODE,
        severity=Severity.INFO,
        text="not run in this call, unlike a sibling",
        hint="check with inputs that take every way, when that matters",
    )


RULE = Rule(NAME, CODE, "an alternative that this call left out", check, "gradients")
