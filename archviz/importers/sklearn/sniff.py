"""Recognising scikit-learn's estimators in files and among live objects."""

from __future__ import annotations

from archviz.importers import Confidence
from archviz.importers.sklearn.compression import peek
from archviz.source import HEAD_BYTES, Source

SUFFIXES = (".joblib", ".skops")
LIBRARIES = (b"sklearn", b"xgboost", b"lightgbm", b"catboost", b"imblearn", b"imbalanced")
"""Packages whose estimators pickles name; one of them tells such a pickle from any other."""

_SCANNED = 1 << 20


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` holds an estimator."""
    if source.object is not None:
        return _of_object(source)
    if not source.is_file:
        return Confidence.NONE
    if "schema.json" in source.members and source.head[:2] == b"PK":
        return Confidence.CONTENT
    if is_pickle(peek(source, 2)) and _names_library(source):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE


def _names_library(source: Source) -> bool:
    if any(name in peek(source, HEAD_BYTES) for name in LIBRARIES):
        return True
    # A checkpoint of PyTorch may hold a scaler or an encoder somewhere behind its weights.
    return b"torch" not in source.head and any(name in peek(source, _SCANNED) for name in LIBRARIES)


def _of_object(source: Source) -> Confidence:
    if any(name.startswith("sklearn.base.BaseEstimator") for name in source.class_names):
        # Estimators of these libraries inherit from it, and have importers of their own.
        others = ("xgboost.", "lightgbm.", "catboost.")
        if not any(name.startswith(others) for name in source.class_names):
            return Confidence.CONTENT
    return Confidence.NONE


def is_pickle(head: bytes) -> bool:
    """Whether bytes begin as pickles of estimators do, of protocol 2 and later or before that."""
    return (head[:1] == b"\x80" and head[1:2] <= b"\x05") or head[:1] in (b"c", b"(", b"]", b"}")
