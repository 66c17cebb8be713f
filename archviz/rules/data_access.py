"""Finds parameters whose every way to the loss goes through ``.data``.

``.data`` is ``detach()`` without the checks: later writes through it are hidden from autograd as
well.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x).data * 2
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
        h = self.encoder(x) * 2
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

NAME = "data-access"
CODE = "AVG005"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.DATA,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, ".data takes a tensor out of the graph", check, "gradients")
