"""Tables of numbers and words: CSV, NumPy's and Parquet files, and live arrays and frames."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archviz.errors import OptionError
from archviz.records import record

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MAX_BYTES = 2 << 30
MAX_CELLS = 200_000_000
_MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "?"))


@record
class Table:
    """Columns of equal length.

    Attributes:
        name: What messages call it.
        columns: Each float64 (rows,), or an array of texts, where "" is missing.
        names: Of the columns; empty when the source has none.
    """

    name: str
    columns: tuple[Array, ...]
    names: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0


def table_of(source: Any, option: str) -> Table:
    """The table that ``source`` is: the path of a file, an array, or a data frame.

    Args:
        source: A path of a .csv, .tsv, .npy or .parquet file, or a live array or frame.
        option: What messages call the option that names it, as in "--data".

    Raises:
        OptionError: It cannot be read as a table.
    """
    if not isinstance(source, str | Path):
        return _live(source, option)
    path = Path(source)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise OptionError(f"{option}: {path} is larger than 2 GiB", "give a sample of its rows")
        return _file(path, option)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OptionError(f"{option}: {path} cannot be read ({reason})", "check the path") from None
    except (ValueError, csv.Error, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise OptionError(
            f"{option}: {path} is no table ({reason})", "it takes a .csv, .npy or .parquet file"
        ) from None


def _file(path: Path, option: str) -> Table:
    import numpy as np

    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _of_array(np.load(path, allow_pickle=False), path.name)
    if suffix in (".parquet", ".pq"):
        return _parquet(path, option)
    if suffix in (".csv", ".tsv", ".txt", ".data"):
        return _csv(path)
    raise OptionError(
        f"{option}: {path.name} has a format that is not read",
        "it takes a .csv, .tsv, .npy or .parquet file",
    )


def _csv(path: Path) -> Table:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        head = stream.read(1 << 16)
        stream.seek(0)
        first = head.partition("\n")[0]
        mark = max(("\t", ";", ","), key=first.count)
        listed = [row for row in csv.reader(stream, delimiter=mark) if row]
    if not listed:
        raise ValueError("it is empty")
    width = len(listed[0])
    if width * len(listed) > MAX_CELLS:
        raise ValueError("it has too many cells")
    wrong = next((i for i, row in enumerate(listed) if len(row) != width), None)
    if wrong is not None:
        raise ValueError(f"line {wrong + 1} has {len(listed[wrong])} cells, the first has {width}")
    names: tuple[str, ...] = ()
    if not any(_is_number(cell) for cell in listed[0] if cell.strip()) and len(listed) > 1:
        names = tuple(cell.strip() for cell in listed.pop(0))
    columns = tuple(_column(cells) for cells in zip(*listed, strict=True))
    return Table(path.name, columns, names)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _column(cells: Sequence[str]) -> Array:
    import numpy as np

    try:
        return np.array(cells, np.float64)
    except ValueError:
        pass
    trimmed = [cell.strip() for cell in cells]
    trimmed = ["" if cell.lower() in _MISSING else cell for cell in trimmed]
    try:
        return np.array([cell or "nan" for cell in trimmed], np.float64)
    except ValueError:
        return np.array(trimmed, dtype=object)


def _parquet(path: Path, option: str) -> Table:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise OptionError(
            f"{option}: reading {path.name} takes pyarrow",
            "run: pip install pyarrow; or give a .csv or .npy file",
        ) from None
    try:
        read = parquet.read_table(path)
    except Exception as error:  # pyarrow has errors of its own kinds
        raise ValueError(str(error)) from None
    names = tuple(str(name) for name in read.column_names)
    return Table(path.name, tuple(_values(column.to_pylist()) for column in read.columns), names)


def _live(source: Any, option: str) -> Table:
    import numpy as np

    name = type(source).__name__
    columns = getattr(source, "columns", None)
    try:
        if columns is not None and hasattr(source, "__getitem__"):  # pandas, polars
            names = tuple(str(column) for column in columns)
            return Table(name, tuple(_values(list(source[c])) for c in columns), names)
        found = np.asarray(source)
        own = getattr(source, "name", None)
        table = _of_array(found, name)
    except (TypeError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise OptionError(f"{option}: a {name} is no table ({reason})") from None
    named = (own,) if isinstance(own, str) and len(table.columns) == 1 else ()
    return Table(name, table.columns, named)


def _of_array(array: Array, name: str) -> Table:
    import numpy as np

    if array.dtype.names:
        fields = array.dtype.names
        return Table(name, tuple(_values(array[field].tolist()) for field in fields), fields)
    if array.ndim not in (1, 2):
        raise ValueError(f"it has {array.ndim} axes, not rows and columns")
    table = array[:, None] if array.ndim == 1 else array
    if table.dtype.kind in "fiub":
        return Table(name, tuple(np.asarray(table.T, np.float64)), ())
    return Table(name, tuple(_values(column.tolist()) for column in table.T), ())


def _values(values: list[Any]) -> Array:
    import numpy as np

    cells = [None if value is None or value != value else value for value in values]
    if all(cell is None or isinstance(cell, bool | int | float) for cell in cells):
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    if all(cell is None or hasattr(cell, "__float__") for cell in cells):
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    return np.array(["" if cell is None else _text(cell) for cell in cells], dtype=object)


def _text(cell: Any) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
