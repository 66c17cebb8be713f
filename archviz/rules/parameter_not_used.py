"""Finds parameters that the call does not read.

It is a warning where their module was called, so that a part was forgotten, and information where
the module is not part of this call at all, such as a tower for another kind of input.

Told:

```python
class Half(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, self.weight)

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.decoder = Half(4, 4)

    def forward(self, x):
        return self.decoder(self.encoder(x))

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
        return self.decoder(self.encoder(x))

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

NAME = "parameter-not-used"
CODE = "AVG017"


def check(report: GradientReport) -> Iterable[Diagnostic]:
    """A finding for every part of the model."""
    return by_verdict(
        report,
        Verdict.UNUSED,
        name=NAME,
        code=CODE,
        severity=Severity.WARNING,
        text="not used in this call",
        hint="call its module, remove it, or freeze it",
        milder="its module is not called",
    )


RULE = Rule(NAME, CODE, "a parameter that this call does not read", check, "gradients")
