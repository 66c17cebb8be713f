"""Finds parameters whose gradient is infinite or not a number although the loss is fine.

The square root and the norm have an infinite slope at zero, and ``torch.where`` does not hide the
branch that was not taken: zero times infinity is not a number.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x)
        h = h * (h > 0)
        return self.decoder(torch.sqrt(h))

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
        h = h * (h > 0)
        return self.decoder(torch.sqrt(h + 1e-6))

model, args = Model(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic
from archviz.rules import Rule

NAME = "nonfinite-gradient"
CODE = "AVG016"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.NONFINITE,),
        name=NAME,
        code=CODE,
        verb="gives infinite gradient to",
    )


RULE = Rule(NAME, CODE, "the gradient is infinite or not a number", check, "gradients")
