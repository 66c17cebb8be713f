"""Reading scikit-learn's estimators, from files and alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.sklearn import skops
from archviz.importers.sklearn.compositions import Composer
from archviz.importers.sklearn.compression import opened
from archviz.importers.sklearn.embedded import model_of, with_classes
from archviz.importers.sklearn.ensembles import forest_of, forest_of_trees
from archviz.importers.sklearn.parts import Part, find_estimators
from archviz.importers.sklearn.sniff import SUFFIXES, is_pickle
from archviz.ir import Forest, Model
from archviz.ir.forest.check import sound
from archviz.ir.model import WeightReader
from archviz.reading import naming
from archviz.reading.names import clean
from archviz.reading.pickles import BUDGET, PickleReader
from archviz.reading.pickles.arrays import ARRAYS
from archviz.source import Source

_HINT = "give a fitted estimator or pipeline of scikit-learn"


def read(source: Source) -> Model:
    """The estimator in ``source``: a forest of trees, or a graph for a pipeline.

    Args:
        source: A pickle, a joblib or skops file, standard input or a live estimator.

    Raises:
        ImporterError: There is no estimator in it, or it is not fitted.
    """
    root, data = _opened(source)
    estimators = find_estimators(root)
    if not estimators:
        raise ImporterError(f"{source.name}: there is no estimator in it", _HINT)
    try:
        return _model(source, estimators, data)
    except ImporterError as error:
        if error.message.startswith(source.name):
            raise
        raise ImporterError(f"{source.name}: {error.message}", error.hint) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise ImporterError(f"{source.name}: {reason}", _HINT) from None


def weights(source: Source) -> WeightReader:
    """What reads the weights of networks in ``source`` by name; it reads the file again."""

    def read_weights(names: Sequence[str]) -> Mapping[str, Any]:
        root, _ = _opened(source)
        composer = Composer(lambda part: None, "")
        composer.compose(find_estimators(root))
        return {name: composer.arrays[name] for name in names if name in composer.arrays}

    return read_weights


def _opened(source: Source) -> tuple[Any, Any]:
    """What ``source`` holds, and its bytes when it is a pickle."""
    data: Any = b""
    if source.object is not None:
        root: Any = source.object
    elif not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no file of an estimator")
    elif source.head[:2] == b"PK":
        root = skops.load(source)
    else:
        data = opened(source)
        if not is_pickle(data[:2]):
            problem = source.recognised_problem() or ("this is no pickle", _HINT)
            raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
        with naming(source.name):
            reader = PickleReader(data, reducers=ARRAYS, budget=BUDGET + 4 * len(data))
            root = reader.load()
    return root, data


def _model(source: Source, estimators: list[tuple[str, Part]], data: Any) -> Model:
    first = estimators[0][1]
    metadata = {"class": clean(f"{first.module}.{first.name}")}
    if version := first.text("_sklearn_version"):
        metadata["scikit-learn"] = clean(version)
    if len(estimators) == 1:
        forest = _forest_of(first, data)
        if forest is not None:
            return Model(forest, "sklearn", source.name, metadata)
    composer = Composer(lambda part: _forest_of(part, data), clean(first.name))
    graph = composer.compose(estimators)
    return Model(graph, "sklearn", source.name, metadata, tuple(composer.diagnostics))


def _forest_of(part: Part, data: Any) -> Forest | None:
    """The forest of an estimator of any library that is made of trees alone."""
    forest = forest_of(part) or forest_of_trees(part)
    if forest is not None:
        return sound(forest)
    model = model_of(part, data)
    if model is None or not isinstance(model.body, Forest):
        return None
    return with_classes(model.body, part)


__all__ = ["SUFFIXES", "read", "weights"]
