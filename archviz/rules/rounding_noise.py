"""Finds parameters whose gradient is so small beside the others that it is rounding error.

They are redundant: a bias before batch normalisation, the bias of attention's keys, a router whose
one weight is normalised by itself. It is information, as nothing is lost by it.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(144, 2)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().flatten(1))

model, args = Model(), (torch.randn(8, 1, 8, 8),)
```

Mended:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(144, 2)

    def forward(self, x):
        return self.head(self.norm(self.conv(x)).relu().flatten(1))

model, args = Model(), (torch.randn(8, 1, 8, 8),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "rounding-noise"
CODE = "AVG022"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every such parameter."""
    for item in report.observations:
        if item.kind == "rounding-noise":
            yield Diagnostic(
                name=NAME,
                code=CODE,
                severity=Severity.INFO,
                message=f"{item.subject}: {item.text}",
                hint="drop the parameter, it cannot change the result",
                module=item.subject.rpartition(".")[0],
                parameters=(item.subject,),
            )


RULE = Rule(NAME, CODE, "a gradient is nothing but rounding error", check, "gradients")
