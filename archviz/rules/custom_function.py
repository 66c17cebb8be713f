"""Finds custom autograd Functions whose backward returns ``None`` for an input that needs gradient.

The graph looks connected, so that only a backward pass shows it. Marking an output as non-
differentiable, and tensors that ``apply`` is not given, are told here too.

Told:

```python
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return None

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)

    def forward(self, x):
        return Scale.apply(self.encoder(x)) + x.sum()

model, args = Model(), (torch.randn(3, 4, requires_grad=True),)
```

Mended:

```python
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)

    def forward(self, x):
        return Scale.apply(self.encoder(x)) + x.sum()

model, args = Model(), (torch.randn(3, 4, requires_grad=True),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic
from archviz.rules import Rule

NAME = "custom-function"
CODE = "AVG012"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.CUSTOM,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(
    NAME, CODE, "a custom autograd Function gives no gradient for an input", check, "gradients"
)
