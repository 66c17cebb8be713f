"""What the lists of gradient cases share: how a case is registered, and a small network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Made = tuple[Any, ...]
"""A module, the arguments of its call, and sometimes a loss."""
Maker = Callable[[], Made]


def registrar(cases: list[dict[str, Any]]) -> Callable[..., Callable[[Maker], Maker]]:
    """A decorator that adds the function under it to ``cases`` with the verdicts that are right.

    Of its keywords "all" stands for every parameter, "a__b" for a.b and those below it. A verdict
    goes alone or with the kinds of its culprit; then "# CUT" marks the culprit's line.
    """

    def case(**expect: str | tuple[str, str]) -> Callable[[Maker], Maker]:
        def register(make: Maker) -> Maker:
            wanted = {}
            for key, value in expect.items():
                verdict, kinds = (value, None) if isinstance(value, str) else value
                path = key.replace("__", ".")
                for pattern in ("*",) if key == "all" else (path, f"{path}.*"):
                    wanted[pattern] = (verdict, kinds, "CUT" if kinds else None)
            cases.append({"name": make.__name__, "make": make, "expect": wanted})
            return make

        return register

    return case


class Net(nn.Module):
    """An encoder, a function between, a decoder."""

    def __init__(self, between: Callable[[Any], Any] = lambda h: h) -> None:
        super().__init__()
        self.enc = nn.Linear(4, 4)
        self.dec = nn.Linear(4, 4)
        self.between = between

    def forward(self, x: Any) -> Any:
        return self.dec(self.between(self.enc(x)))


def net(between: Callable[[Any], Any], loss: Callable[..., Any] | None = None) -> Made:
    return (Net(between), (torch.randn(3, 4),), *((loss,) if loss else ()))
