"""Finds casts to integer or boolean types between a parameter and the loss.

Only floating-point and complex tensors carry gradient. A cast to int, long or bool ends it, also
when the next line casts back, as home-made quantizers do.

Told:

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = nn.Linear(4, 4)

    def forward(self, x):
        h = self.encoder(x)
        h = (h * 127).to(torch.int8).float() / 127
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
        q = (h * 127).to(torch.int8).float() / 127
        return self.decoder(h + (q - h).detach())

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

NAME = "integer-cast"
CODE = "AVG003"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every line that is to blame."""
    return by_culprit(
        report,
        (Kind.CAST,),
        name=NAME,
        code=CODE,
    )


RULE = Rule(NAME, CODE, "a cast to integers or booleans drops the gradient", check, "gradients")
