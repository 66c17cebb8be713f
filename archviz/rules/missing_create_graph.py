"""Finds gradients taken inside the call without ``create_graph=True`` that the loss depends on.

Gradient penalties, inner loops of meta-learning and forces from an energy differentiate twice.

Told:

```python
class Penalty(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1, bias=False))

    def forward(self, x):
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(x).sum(), x)
        return (slope.norm(dim=1) - 1).pow(2).mean()

model, args = Penalty(), (torch.randn(3, 4),)
```

Mended:

```python
class Penalty(nn.Module):
    def __init__(self):
        super().__init__()
        self.critic = nn.Sequential(
            nn.Linear(4, 8, bias=False), nn.Tanh(), nn.Linear(8, 1, bias=False)
        )

    def forward(self, x):
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(x).sum(), x, create_graph=True)
        return (slope.norm(dim=1) - 1).pow(2).mean()

model, args = Penalty(), (torch.randn(3, 4),)
```
"""

from __future__ import annotations

from collections.abc import Iterable

from archviz.analysis.gradient.findings import by_culprit
from archviz.analysis.gradient.report import GradientReport
from archviz.analysis.gradient.words import Kind
from archviz.diagnostics import Diagnostic
from archviz.rules import Rule

NAME = "missing-create-graph"
CODE = "AVG011"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.CREATE_GRAPH,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(
    NAME, CODE, "torch.autograd.grad without create_graph is a constant", check, "gradients"
)
