"""Finds parameters whose value only decides a branch, a slice or a loop in Python.

The choice is made anew in every call, and nothing tells the parameter how it should have been made.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        if self.encoder(x).mean() > 0:
            return self.decoder(x)
        return self.decoder(-x)

model, args = Model(), (torch.randn(3, 4),)
```

Mended:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        gate = torch.sigmoid(self.encoder(x).mean())
        return gate * self.decoder(x) + (1 - gate) * self.decoder(-x)

model, args = Model(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "branch-on-value"
CODE = "AVG023"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that reads the value."""
    return by_culprit(
        report,
        (Kind.BRANCH,),
        name=NAME,
        code=CODE,
        severity=Severity.WARNING,
        verb="takes nothing but a decision from",
    )


RULE = Rule(NAME, CODE, "a parameter only steers Python", check, "gradients")
