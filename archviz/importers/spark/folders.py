"""The files of Spark's folders, within bounds."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from archviz.errors import ImporterError
from archviz.reading import json
from archviz.reading.isolation import IsolationError, run_apart

MAX_LINE = 16 << 20
MAX_PARQUET = 2 << 30
MAX_STAGES = 1000
MAX_PARTS = 1000
"""Files that a folder's rows may be spread over."""

FREE_ROWS, BYTES_A_ROW = 50_000, 8
"""Rows that a file of any size may have, and bytes that each beyond takes; real ones take 50."""

FREE_MEMORY, MEMORY_A_BYTE = 96 << 20, 50
SECONDS = 120.0


def metadata(folder: Path) -> dict[str, Any]:
    """The first line of JSON in ``metadata``.

    Raises:
        ValueError: There is none.
        MalformedError: It claims too much.
    """
    for part in _parts(folder / "metadata", "part-*"):
        with part.open("rb") as stream:
            line = stream.readline(MAX_LINE)
        if line.strip():
            found = json.parse(line)
            if isinstance(found, dict):
                return found
    raise ValueError("its metadata are missing")


def _parts(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder in the order of their names; pipes and the like are none."""
    found = [*islice((path for path in folder.glob(pattern) if path.is_file()), MAX_PARTS + 1)]
    if len(found) > MAX_PARTS:
        raise ValueError(f"{folder.name} has more than {MAX_PARTS:,} files")
    return sorted(found)


def settings(about: dict[str, Any]) -> dict[str, Any]:
    """The settings of a stage, those left at their default too."""
    found: dict[str, Any] = {}
    for key in ("defaultParamMap", "paramMap"):
        given = about.get(key)
        if isinstance(given, dict):
            found.update(given)
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder of Parquet files.

    Raises:
        ImporterError: pyarrow is missing.
        ValueError: The files cannot be read.
    """
    found: list[dict[str, Any]] = []
    left = MAX_PARQUET
    for part in _parts(folder, "part-*.parquet"):
        left -= part.stat().st_size
        if left < 0:
            raise ValueError("its nodes are too large")
        found += _table(part.read_bytes()).to_pylist()
    return found


def _table(data: bytes) -> Any:
    """The table in a Parquet file.

    Equal values take no room in Parquet, and the sizes that it states need not be true: it is read
    where memory is bounded, and what is handed over is as large as it says.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise ImporterError("reading Parquet takes pyarrow", "run: pip install pyarrow") from None
    most = FREE_ROWS + len(data) // BYTES_A_ROW

    def work() -> bytes:
        pyarrow.set_memory_pool(
            pyarrow.system_memory_pool()
        )  # the others reserve more than they use
        try:
            file = parquet.ParquetFile(pyarrow.BufferReader(data))
            if file.metadata.num_rows > most:
                return b"-it has more rows than a file of its size holds"
            table = file.read(use_threads=False)
            if table.nbytes > FREE_MEMORY // 4 + MEMORY_A_BYTE * len(data):
                return b"-its rows are larger than a file of its size holds"
            stream = pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(stream, table.schema) as writer:
                writer.write_table(table)
            return b"+" + bytes(stream.getvalue())
        except Exception as error:  # pyarrow has errors of its own kinds
            return b"-" + str(error).encode(errors="replace")

    try:
        answer = run_apart(work, SECONDS, FREE_MEMORY + MEMORY_A_BYTE * len(data))
    except IsolationError as error:
        raise ValueError(f"its Parquet cannot be read: {error}") from None
    if answer[:1] != b"+":
        raise ValueError(answer[1:].decode(errors="replace"))
    return pyarrow.ipc.open_stream(answer[1:]).read_all()


def stages(folder: Path) -> list[Path]:
    """The stages of a pipeline in order; the folder itself when it is none."""
    inner = folder / "stages"
    if not inner.is_dir():
        return [folder]
    listed = [path for path in inner.iterdir() if path.is_dir()]
    numbered = sorted(listed, key=lambda path: (len(path.name.partition("_")[0]), path.name))
    return numbered[:MAX_STAGES]
