"""Pipelines and other estimators of estimators, as a graph whose tree nodes hold their forests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.sklearn.networks import add_network, is_network
from archviz.importers.sklearn.parts import Part, is_estimator, names_of, part_of
from archviz.ir import Attribute, Diagnostic, Forest, Graph, ScopePath, Severity
from archviz.ir.build import GraphBuilder
from archviz.reading.names import clean

MAX_PARTS = 20_000
"""Estimators that one graph shows."""

MAX_LEVELS = 32
MAX_SETTINGS = 12
MAX_COLUMNS = 50

_SEARCHES = (
    "GridSearchCV",
    "RandomizedSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "FixedThresholdClassifier",
    "TunedThresholdClassifierCV",
    "CalibratedClassifierCV",
    "TransformedTargetRegressor",
    "SelectFromModel",
    "RFE",
    "RFECV",
)
_INNER = ("best_estimator_", "estimator_", "regressor_", "base_estimator_", "estimator")
_FANS = (
    "VotingClassifier",
    "VotingRegressor",
    "StackingClassifier",
    "StackingRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "OneVsRestClassifier",
    "OneVsOneClassifier",
    "OutputCodeClassifier",
    "MultiOutputClassifier",
    "MultiOutputRegressor",
)
COMPOSITES = ("Pipeline", "ColumnTransformer", "FeatureUnion", *_SEARCHES, *_FANS)


class Composer:
    """Draws estimators that are made of others.

    Args:
        forest_of: Gives the forest of an estimator that is made of trees alone, else None.
        name: What the graph is called.
    """

    def __init__(self, forest_of: Callable[[Part], Forest | None], name: str) -> None:
        self.builder = GraphBuilder(name)
        self.diagnostics: list[Diagnostic] = []
        self.arrays: dict[str, Any] = {}
        self._forest_of = forest_of
        self._forests: dict[int, Forest | None] = {}
        self._count = 0

    def compose(self, estimators: list[tuple[str, Part]]) -> Graph:
        """The graph of estimators side by side, each with the label it was found under."""
        data = self.builder.value("data")
        self.builder.inputs.append(data)
        for label, part in estimators:
            output = self.add(part, clean(label), data, (), 0)
            self.builder.outputs.append(output)
        return self.builder.build()

    def add(self, part: Part, label: str, data: str, scope: ScopePath, level: int) -> str:
        """Adds an estimator that reads the value ``data``; returns the value it gives."""
        self._count += 1
        if self._count > MAX_PARTS or level > MAX_LEVELS:
            raise ImporterError("it holds too many estimators to draw")
        if part.name == "Pipeline":
            return self._pipeline(part, label, data, scope, level)
        if part.name in ("ColumnTransformer", "FeatureUnion"):
            return self._union(part, label, data, scope, level)
        if part.name in _SEARCHES:
            return self._wrapped(part, label, data, scope, level)
        if is_network(part):
            path = self._inside(part, label, scope)
            return add_network(self.builder, part, data, path, self.arrays)
        if part.name in _FANS:
            members = _members(part)
            if members and not self._is_forest(part):
                return self._fan(part, members, label, data, scope, level)
        return self._node(part, label, (data,), scope)

    def _is_forest(self, part: Part) -> bool:
        return self._safe_forest(part) is not None

    def _safe_forest(self, part: Part) -> Forest | None:
        key = id(part.origin)
        if key not in self._forests:
            self._forests[key] = self._read_forest(part)
        return self._forests[key]

    def _read_forest(self, part: Part) -> Forest | None:
        try:
            return self._forest_of(part)
        except (ImporterError, ValueError, KeyError, TypeError, IndexError) as error:
            reason = str(error).partition("\n")[0][:120]
            self.diagnostics.append(
                Diagnostic(
                    "unread-trees",
                    Severity.WARNING,
                    f"the trees of a {clean(part.name)} are left out: {reason}",
                )
            )
            return None

    def _inside(self, part: Part, label: str, scope: ScopePath) -> ScopePath:
        base = (*scope, label or part.name)
        path, number = base, 2
        while path in self.builder.scopes:
            path = (*scope, f"{base[-1]}#{number}")
            number += 1
        self.builder.scope(path, part.name)
        return path

    def _node(
        self, part: Part, label: str, data: tuple[str, ...], scope: ScopePath, **more: Attribute
    ) -> str:
        forest = self._safe_forest(part)
        output = self.builder.value("/".join((*scope, label or part.name)))
        self.builder.node(
            clean(part.name),
            data,
            (output,),
            label=label if label != part.name else "",
            attributes={**_settings(part), **more},
            scope=scope,
            domain=clean(part.library) if part.library != "sklearn" else "",
            forest=forest,
        )
        return output

    def _pipeline(self, part: Part, label: str, data: str, scope: ScopePath, level: int) -> str:
        path = self._inside(part, label, scope)
        for name, step in _named(part.get("steps")):
            if step is not None:
                data = self.add(step, name, data, path, level + 1)
        return data

    def _union(self, part: Part, label: str, data: str, scope: ScopePath, level: int) -> str:
        """Transformers side by side on some columns each, joined again."""
        path = self._inside(part, label, scope)
        listed = part.get("transformers_") or part.get("transformers")
        if part.name == "FeatureUnion":
            listed = part.get("transformer_list")
        outputs: list[str] = []
        for entry in listed if isinstance(listed, list | tuple) else ():
            if not isinstance(entry, list | tuple) or len(entry) < 2:
                continue
            name, step, columns = str(entry[0]), entry[1], entry[2] if len(entry) > 2 else None
            if isinstance(step, str) and step == "drop":
                continue
            chosen = data
            if columns is not None and part.name == "ColumnTransformer":
                chosen = self._columns(part, clean(name), columns, data, path)
            inner = part_of(step)
            outputs.append(
                chosen if inner is None else self.add(inner, clean(name), chosen, path, level + 1)
            )
        joined = self.builder.value("/".join((*path, "joined")))
        self.builder.node("hstack", tuple(outputs), (joined,), scope=path, label="join")
        return joined

    def _columns(self, part: Part, name: str, columns: Any, data: str, path: ScopePath) -> str:
        """A node that takes the columns of one transformer."""
        attributes: dict[str, Attribute] = {}
        if listed := _column_names(part, columns):
            attributes["columns"] = listed[:MAX_COLUMNS]
            attributes["count"] = len(listed)
        output = self.builder.value("/".join((*path, f"{name} columns")))
        self.builder.node(
            "columns", (data,), (output,), scope=path, label=name, attributes=attributes
        )
        return output

    def _wrapped(self, part: Part, label: str, data: str, scope: ScopePath, level: int) -> str:
        """An estimator around one other, such as a search for its settings."""
        if part.name == "CalibratedClassifierCV":
            members = part.parts("calibrated_classifiers_")
            inner = [m.part("estimator") or m.part("base_estimator") for m in members]
            found = [item for item in inner if item is not None]
            if len(found) > 1:
                numbered = [(str(index), item) for index, item in enumerate(found)]
                return self._fan(part, numbered, label, data, scope, level)
            candidates = found
        else:
            parts = [part.part(name) for name in _INNER]
            candidates = [item for item in parts if item is not None]
        if not candidates:
            return self._node(part, label, (data,), scope)
        path = self._inside(part, label, scope)
        return self.add(candidates[0], "", data, path, level + 1)

    def _fan(
        self,
        part: Part,
        members: list[tuple[str, Part]],
        label: str,
        data: str,
        scope: ScopePath,
        level: int,
    ) -> str:
        """Estimators side by side whose answers are combined."""
        path = self._inside(part, label, scope)
        outputs = [self.add(member, name, data, path, level + 1) for name, member in members]
        final = part.part("final_estimator_")
        if final is None:
            return self._combination(part, tuple(outputs), path)
        if part.get("passthrough") is True:
            outputs.append(data)
        joined = self.builder.value("/".join((*path, "stacked")))
        self.builder.node("hstack", tuple(outputs), (joined,), scope=path, label="stack")
        return self.add(final, "final_estimator", joined, path, level + 1)

    def _combination(self, part: Part, data: tuple[str, ...], scope: ScopePath) -> str:
        how = part.text("voting")
        name = {"soft": "mean", "hard": "vote"}.get(how, "combine")
        if part.name.endswith("Regressor"):
            name = "mean"
        output = self.builder.value("/".join((*scope, name)))
        weights = names_of(part.get("weights"))
        attributes: dict[str, Attribute] = {"weights": weights} if weights else {}
        self.builder.node(name, data, (output,), scope=scope, attributes=attributes)
        return output


def _named(steps: Any) -> list[tuple[str, Part | None]]:
    return [
        (clean(str(entry[0])[:200]), part_of(entry[1]))
        for entry in (steps if isinstance(steps, list | tuple) else ())
        if isinstance(entry, list | tuple) and len(entry) >= 2
    ]


def _members(part: Part) -> list[tuple[str, Part]]:
    """The fitted members of an ensemble, by the names they were given."""
    fitted = part.parts("estimators_")
    named = [(name, member) for name, member in _named(part.get("estimators")) if member]
    if not fitted:
        return named
    names = [name for name, _ in named]
    if len(names) != len(fitted):
        names = [str(index) for index in range(len(fitted))]
    return list(zip(names, fitted, strict=True))


def _column_names(part: Part, columns: Any) -> tuple[str, ...]:
    import numpy as np

    known = part.names("feature_names_in_")
    if isinstance(columns, str):
        return (clean(columns),)
    if hasattr(columns, "tolist"):
        columns = columns.tolist()
    if not isinstance(columns, list | tuple):
        return ()
    if columns and all(isinstance(item, bool) for item in columns):
        columns = np.flatnonzero(columns).tolist()
    return tuple(
        clean(known[item] if isinstance(item, int) and 0 <= item < len(known) else str(item))
        for item in columns
        if isinstance(item, int | str)
    )


def _settings(part: Part) -> dict[str, Attribute]:
    """Settings that are plain values, in order; what fitting added ends or begins with "_"."""
    found: dict[str, Attribute] = {}
    for key, value in part.attributes.items():
        if key.endswith("_") or key.startswith("_") or len(found) >= MAX_SETTINGS:
            continue
        if isinstance(value, bool | int | float | str):
            if key in ("verbose", "copy", "copy_X", "n_jobs", "random_state"):
                continue
            is_nan = value != value  # which would make equal models unequal
            found[clean(key)] = clean(str(value)) if isinstance(value, str) or is_nan else value
    return found


__all__ = ["COMPOSITES", "Composer", "is_estimator"]
