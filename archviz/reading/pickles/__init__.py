"""Pickles, read symbolically: nothing is imported, nothing is called.

A pickle is a program for a small stack machine (:pep:`307`, :pep:`3154`, :pep:`574`). Here its
instructions build inert descriptions: a class or function is a :class:`Global`, what it would have
been called with an :class:`Instance`. Only functions that the caller vouches for, by giving a
:data:`Reducer` of their name, are computed, by that reducer.
"""

from __future__ import annotations

from archviz.reading.pickles.instructions import KEPT_BYTES
from archviz.reading.pickles.reader import BUDGET, PickleReader, Reducer
from archviz.reading.pickles.values import (
    Blob,
    Global,
    Instance,
    OrderedDictionary,
    Persistent,
)

__all__ = [
    "BUDGET",
    "KEPT_BYTES",
    "Blob",
    "Global",
    "Instance",
    "OrderedDictionary",
    "Persistent",
    "PickleReader",
    "Reducer",
]
