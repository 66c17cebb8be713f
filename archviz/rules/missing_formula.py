"""Finds operations without a backward formula between a parameter and the loss.

Some raise in backward (floor_divide, igamma), some give a result without gradient in silence
(Bessel functions, quantize_per_tensor, custom operators without register_autograd).

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = torch.special.bessel_j0(self.encoder(x))
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
        h = torch.sinc(self.encoder(x))
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

NAME = "missing-formula"
CODE = "AVG013"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.NO_FORMULA,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "an operation has no backward formula", check, "gradients")
