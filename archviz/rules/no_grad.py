"""Finds parameters that are used only where gradient is switched off.

The line is that of the ``with`` statement or of the decorated function, not of the operation
inside. Momentum copies and teachers look deliberate and are told as information; freezing them says
so.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        with torch.no_grad():
            h = self.encoder(x)
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
        return self.decoder(h)

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

NAME = "no-grad"
CODE = "AVG006"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.NO_GRAD,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "a parameter is used under no_grad alone", check, "gradients")
