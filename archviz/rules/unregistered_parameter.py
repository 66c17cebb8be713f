"""Finds tensors that get gradient and are no parameter of the model.

Layers in a plain Python list, and ``nn.Parameter(...).to(...)``, whose result is no parameter any
more, are missing from ``parameters()``: no optimizer moves them and no checkpoint holds them.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.head = nn.Linear(4, 4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)

model, args = Model(), (torch.randn(3, 4),)
```

Mended:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.head = nn.Linear(4, 4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)

model, args = Model(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity
from archviz.rules import Rule

NAME = "unregistered-parameter"
CODE = "AVG020"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every such tensor."""
    for item in report.observations:
        if item.kind == "unregistered":
            yield Diagnostic(
                name=NAME,
                code=CODE,
                severity=Severity.ERROR,
                message=item.text,
                location=item.location,
                hint="keep layers in a ModuleList, and register tensors as nn.Parameter",
            )


RULE = Rule(NAME, CODE, "a tensor gets gradient but belongs to no module", check, "gradients")
