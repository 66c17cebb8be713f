"""Finds computed tensors that are copied into new ones or wrapped as parameters during the call.

``torch.tensor(t)``, ``new_tensor(t)`` and ``nn.Parameter(t)`` make a leaf of the bare values. With
``requires_grad=True`` the error message goes away, and nothing trains.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        losses = [row.mean() for row in self.decoder(self.encoder(x))]
        return torch.tensor(losses, requires_grad=True).sum()

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
        losses = [row.mean() for row in self.decoder(self.encoder(x))]
        return torch.stack(losses).sum()

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

NAME = "new-tensor"
CODE = "AVG009"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (
            Kind.REWRAP,
            Kind.NEW_PARAMETER,
        ),
        name=NAME,
        code=CODE,
    )


RULE = Rule(
    NAME,
    CODE,
    "torch.tensor() or nn.Parameter() around a computed value starts anew",
    check,
    "gradients",
)
