"""Finds values that leave torch by ``item()``, ``numpy()``, ``tolist()`` or ``float()``.

What is computed outside has no gradient. Reading a value for a log is fine, as long as the loss has
another way back.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        scale = self.encoder(x).norm().item()
        return self.decoder(x) * scale

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
        scale = self.encoder(x).norm()
        return self.decoder(x) * scale

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

NAME = "leaving-torch"
CODE = "AVG008"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.LEAVE,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "a value goes through NumPy or Python numbers", check, "gradients")
