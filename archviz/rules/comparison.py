"""Finds parameters that act through a comparison alone.

A mask says on which side of a threshold a value lies, not how far, so neither the value nor a
learned threshold gets gradient through it.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x)
        mask = (h > 0).float()
        return self.decoder(mask)

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
        mask = torch.sigmoid(h / 0.1)
        return self.decoder(mask)

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

NAME = "comparison"
CODE = "AVG002"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.COMPARISON,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "a comparison turns a value into a mask", check, "gradients")
