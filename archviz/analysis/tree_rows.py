"""Rows of data as a forest sees them: its features in its order, categories and classes as numbers.

Nothing of them goes into a picture but how many there are: in a node, in a bin.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archviz.errors import OptionError
from archviz.ir import Forest
from archviz.options import nearest
from archviz.reading.names import clean
from archviz.reading.tables import Table, table_of
from archviz.records import record

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_PLAIN = re.compile(r"[^a-z0-9]+")
_TRUTHS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@record
class Rows:
    """Data for a forest.

    Attributes:
        name: The file's; "" of a live object.
        table: float64 (rows, features), NaN where a value is missing.
        target: What each row's answer is: a class's index as int64 (rows,) when ``classes`` are
            known, else float64 (rows,); None when no target was named.
        classes: Names of the classes that the target counts by; empty for numbers.
        target_name: What the target is called, or "".
        names: Of the features, where the forest has none and the data has.
    """

    name: str
    table: Array
    target: Array | None
    classes: tuple[str, ...]
    target_name: str
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.table)


def rows_for(forest: Forest, data: Any, target: Any = "", output: int = 0) -> Rows:
    """The data as ``forest`` sees it.

    Args:
        forest: Whose features are looked for, by name where both have names, else in order.
        data: What :func:`archviz.reading.tables.table_of` takes.
        target: The name of a column of it, or a table of one column of its own; "" for none.
        output: Which target of several the classes are of.

    Raises:
        OptionError: A feature or the target is not there, or a value cannot be what it should.
    """
    table = table_of(data, "--data")
    if not table.rows:
        raise OptionError(f"--data: {table.name} has no rows")
    found, target_name, left = _target(table, target)
    columns, names = _features(forest, left)
    import numpy as np

    matrix = np.empty((table.rows, len(columns)))
    for index, column in enumerate(columns):
        matrix[:, index] = _numbers(forest, index, column, table.name)
    values, classes = (None, ()) if found is None else _answers(forest, found, target_name, output)
    return Rows(
        clean(table.name) if isinstance(data, str | Path) else "",
        matrix,
        values,
        classes,
        clean(target_name),
        names,
    )


def _target(table: Table, target: Any) -> tuple[Array | None, str, Table]:
    """The target's column, what it is called, and the table without it."""
    if target is None or (isinstance(target, str) and not target):
        return None, "", table
    if isinstance(target, str) and target in table.names:
        at = table.names.index(target)
    elif isinstance(target, str) and target.lstrip("-").isdecimal() and not table.names:
        at = int(target)
        if not -len(table.columns) <= at < len(table.columns):
            raise OptionError(
                f"--target {target}: {table.name} has {len(table.columns)} columns",
                f"it takes 0 to {len(table.columns) - 1}",
            )
        at %= len(table.columns)
    else:
        return _own_target(table, target)
    names = tuple(name for index, name in enumerate(table.names) if index != at)
    others = tuple(column for index, column in enumerate(table.columns) if index != at)
    name = table.names[at] if table.names else ""
    return table.columns[at], name, Table(table.name, others, names)


def _own_target(table: Table, target: Any) -> tuple[Array, str, Table]:
    """A target in a file or an array of its own."""
    if isinstance(target, str) and not re.search(r"\.(csv|tsv|txt|data|npy|parquet|pq)$", target):
        known = list(table.names)
        raise OptionError(
            f"--target {target!r}: {table.name} has no such column",
            nearest(target, known[:50]).replace("its options are", "it has")
            if known
            else "its columns have no names: give a number, or a file",
        )
    own = table_of(target, "--target")
    if len(own.columns) != 1 or own.rows != table.rows:
        raise OptionError(
            f"--target: {own.name} has {own.rows:,} rows and {len(own.columns)} columns",
            f"it takes one column of the {table.rows:,} rows of {table.name}",
        )
    return own.columns[0], own.names[0] if own.names else "", table


def _features(forest: Forest, table: Table) -> tuple[list[Array], tuple[str, ...]]:
    """A column for each feature, and names of features that only the data knows."""
    count = forest.feature_count
    known = forest.feature_names
    if known and table.names:
        places = {name: index for index, name in reversed([*enumerate(table.names)])}
        plain = {_plain(name): index for index, name in reversed([*enumerate(table.names)])}
        found, missing = [], []
        for name in known:
            at = places.get(name, plain.get(_plain(name)))
            if at is None:
                missing.append(name)
            else:
                found.append(table.columns[at])
        if not missing:
            return found, ()
        if not _is_generic(known):
            raise OptionError(
                f"--data: {table.name} has no column {clean(missing[0])!r}"
                + (f" and {len(missing) - 1} others of the model's" if len(missing) > 1 else ""),
                nearest(missing[0], list(table.names)[:50]).replace("its options are", "it has"),
            )
    if len(table.columns) < count or (known and len(table.columns) != len(known)):
        wanted = len(known) or count
        raise OptionError(
            f"--data: {table.name} has {len(table.columns)} columns for {wanted} features",
            "give one column a feature, in the model's order; --target NAME takes one away",
        )
    return list(table.columns), table.names if not known or _is_generic(known) else ()


def _plain(name: str) -> str:
    return _PLAIN.sub("_", name.lower()).strip("_")


def _is_generic(names: tuple[str, ...]) -> bool:
    """Whether a library made the names up, as in "Column_0" or "f0"."""
    return all(re.fullmatch(r"(?:Column_|f|x|feature_?)\d+", name) for name in names)


def _numbers(forest: Forest, feature: int, column: Array, source: str) -> Array:
    import numpy as np

    names = forest.category_names.get(feature, ())
    if column.dtype != object:
        if names and not all(_is_index(name) for name in names):
            return column  # numbers stand for the categories already
        if names:
            places = {name: float(index) for index, name in enumerate(names)}
            texts = [_label(value) for value in column.tolist()]
            return np.array([places.get(text, np.nan) for text in texts])
        return column
    places = {name: float(index) for index, name in enumerate(names)} or _TRUTHS
    found = np.full(len(column), np.nan)
    for row, text in enumerate(column.tolist()):
        if text == "":
            continue
        value = places.get(text, places.get(text.lower()) if not names else None)
        if value is None and not names:
            raise OptionError(
                f"--data: {source} says {clean(text)!r:.60} for {forest.feature_name(feature)!r}",
                "the model takes a number there; encode the column as for its training",
            )
        # What the model never saw goes where a missing value goes.
        found[row] = np.nan if value is None else value
    return found


def _is_index(name: str) -> bool:
    return name.lstrip("-").isdecimal()


def _answers(
    forest: Forest, column: Array, name: str, output: int
) -> tuple[Array, tuple[str, ...]]:
    """The target as indices of classes, or as numbers."""
    import numpy as np

    classes = forest.class_names[output] if output < len(forest.class_names) else ()
    if not classes:
        if column.dtype == object:
            listed = tuple(dict.fromkeys(text for text in column.tolist() if text))[:1000]
            places = {text: index for index, text in enumerate(listed)}
            return np.array([places.get(text, -1) for text in column.tolist()]), listed
        return np.asarray(column, np.float64), ()
    texts = [_label(value) for value in column.tolist()]
    places = {text: index for index, text in enumerate(classes)}
    numbers = {str(index): index for index in range(len(classes))}
    unknown = next((t for t in texts if t not in places), None)
    if unknown is not None and all(t in numbers for t in texts):
        places, unknown = numbers, None  # the classes' numbers instead of their names
    if unknown is not None:
        shown = ", ".join(clean(item) for item in classes[:6])
        raise OptionError(
            f"--target {name or 'column'}: {clean(unknown)!r:.60} is no class of the model",
            f"it has: {shown}{', …' if len(classes) > 6 else ''}",
        )
    return np.array([places[text] for text in texts]), classes


def _label(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
