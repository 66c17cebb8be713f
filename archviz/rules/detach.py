"""Finds parameters whose every way to the loss goes through ``detach()``.

A stop that covers one term is fine, and so are straight-through estimators and momentum copies:
those have another way, or look deliberate and are told as information. Freeze what is not to be
trained with ``requires_grad_(False)``, which says so.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x).detach()
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

NAME = "detach"
CODE = "AVG004"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.DETACH,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "detach() is the only way from a parameter to the loss", check, "gradients")
