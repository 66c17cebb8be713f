"""What the frameworks say of the gradients of their operators, as data.

One TOML file a framework, written from the frameworks' own tables by
benchmarks/operator_gradients.py. Live models are judged by autograd itself; these tables give
words to what it does, and stand in for it where there is only a file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def gradient_table(framework: str) -> dict[str, Any]:
    """The table of "torch", "onnx" or "tensorflow"."""
    text = (files(__package__) / f"{framework}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
