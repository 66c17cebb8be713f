"""Finds parameters that are computed with, to no effect on the loss.

A variable was overwritten before it was used, or a result is returned that the loss does not look
at.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x)
        h = x
        return self.decoder(h)

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
        h = self.encoder(x)
        h = h + x
        return self.decoder(h)

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

NAME = "discarded-result"
CODE = "AVG018"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every part of the model."""
    return by_verdict(
        report,
        Verdict.NO_EFFECT,
        name=NAME,
        code=CODE,
        severity=Severity.WARNING,
        text="computed with, but without any effect on the loss",
        hint="use the result, or drop the computation",
    )


RULE = Rule(NAME, CODE, "what a parameter computes is thrown away", check, "gradients")
