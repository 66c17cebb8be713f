"""Finds parameters that reach only tensors which modules keep as attributes.

Auxiliary losses are often stored on the module and added by the training loop, so it is
information.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Linear(4, 4)
        self.auxiliary = nn.Linear(4, 1)

    def forward(self, x):
        self.auxiliary_loss = self.auxiliary(x).pow(2).mean()
        return self.main(x)

model, args = Model(), (torch.randn(3, 4),)
```

Mended:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Linear(4, 4)
        self.auxiliary = nn.Linear(4, 1)

    def forward(self, x):
        return self.main(x), self.auxiliary(x).pow(2).mean()

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

NAME = "outside-loss"
CODE = "AVG019"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every part of the model."""
    return by_verdict(
        report,
        Verdict.SIDE,
        name=NAME,
        code=CODE,
        severity=Severity.INFO,
        text="outside the loss: only tensors kept as attributes depend on it",
        hint="add the auxiliary term to the loss when it is meant to be trained",
    )


RULE = Rule(NAME, CODE, "a parameter feeds only what is kept beside the loss", check, "gradients")
