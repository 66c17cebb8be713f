"""What the frameworks say of the gradients of their operators, as data.

One TOML file a framework, written from the frameworks' own tables by
benchmarks/operator_gradients.py. Live models are judged by autograd itself; these tables give
words to what it does, and stand in for it where there is only a file.
"""

from __future__ import annotations

from typing import Any

from archviz.compiled import compiled


def gradient_table(framework: str) -> dict[str, Any]:
    """The table of "torch", "onnx" or "tensorflow"."""
    table: dict[str, Any] = compiled(__name__)[framework]
    return table
