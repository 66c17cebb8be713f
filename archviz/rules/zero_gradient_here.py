"""Finds parameters whose gradient is zero for the values at hand.

Dead ReLUs, clamps out of their range, a softmax over one element, a product with zero, a tensor
hook. It is a warning, as other values may do better. Parameters that are zero only because others
start at zero (LoRA, ReZero, zero-initialised norms) are not told: the others are moved a little and
backward runs again.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x).clamp(100, 101)
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
        h = self.encoder(x).clamp(-100, 100)
        return self.decoder(h)

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

NAME = "zero-gradient-here"
CODE = "AVG015"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.ZERO_HERE,),
        name=NAME,
        code=CODE,
        severity=Severity.WARNING,
        verb="gives zero gradient to",
    )


RULE = Rule(NAME, CODE, "the gradient is zero for these values", check, "gradients")
