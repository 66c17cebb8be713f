"""Columns of numbers written as text."""

from __future__ import annotations

import warnings
from typing import Any


def parse_numbers(text: bytes | str, separator: str = " ") -> Any:
    """The numbers in ``text``; float64 (count,).

    Args:
        text: Numbers in decimal, "nan" and "inf" among them.
        separator: What stands between two; with " " any white space does.

    Raises:
        ValueError: Something else stands among them.
    """
    import numpy as np

    if not text.strip():
        return np.zeros(0)
    with warnings.catch_warnings():
        # NumPy stops in front of what is no number, and only warns.
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, np.float64, sep=separator)
        except DeprecationWarning:
            raise ValueError("there is text among numbers") from None
