"""The names, shapes and types in an HDF5 file of weights; no weight is read.

Links to other places or files are not followed, and what is linked twice is listed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from archviz.importers.keras.config import MAX_NESTING, MAX_RANK
from archviz.ir import TensorType
from archviz.reading import MalformedError
from archviz.reading.names import clean
from archviz.records import field, mutable

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS = 500_000
_DTYPES = {"f": "float", "i": "int", "u": "uint", "b": "bool", "c": "complex"}


@mutable
class Group:
    """One group of a file.

    Attributes:
        attributes: Those that are text, by name.
        groups: The groups inside, by name, in the order of the file's names.
        datasets: Types of the arrays inside, by name.
        places: Paths of these arrays in the file, by name.
    """

    attributes: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    datasets: dict[str, TensorType] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


@contextmanager
def opened(stream: BinaryIO) -> Iterator[h5py.File]:
    """The HDF5 file in ``stream``.

    Raises:
        MalformedError: It is none, or breaks the format.
    """
    import h5py

    try:
        with h5py.File(stream, "r") as file:
            yield file
    except MalformedError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())[:120]
        raise MalformedError(f"its HDF5 cannot be read ({clean(reason)})") from None


def text_attribute(file: h5py.Group, name: str) -> str | bytes | None:
    """A text among the attributes of a group, or None."""
    if name not in file.attrs:
        return None
    value = file.attrs[name]
    return value if isinstance(value, str | bytes) else None


def tree_of(file: h5py.Group) -> Group:
    """Everything in a file or group."""
    return _Walk().group(file, 0)


class _Walk:
    def __init__(self) -> None:
        self.seen: set[Any] = set()
        self.count = 0

    def group(self, source: h5py.Group, depth: int) -> Group:
        import h5py

        made = Group()
        for name in source.attrs:
            value = (
                text_attribute(source, name)
                if name in ("name", "backend", "keras_version")
                else None
            )
            if value is not None:
                made.attributes[name] = clean(value)
        if depth > MAX_NESTING:
            return made
        for name in source:
            self.count += 1
            if self.count > MAX_OBJECTS:
                raise MalformedError(f"its HDF5 has more than {MAX_OBJECTS:,} objects")
            if not isinstance(source.get(name, getlink=True), h5py.HardLink):
                continue
            item = source[name]
            info = h5py.h5o.get_info(item.id)
            key = (info.fileno, info.addr)
            if key in self.seen:
                continue
            self.seen.add(key)
            if isinstance(item, h5py.Group):
                made.groups[clean(name)] = self.group(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                made.datasets[clean(name)] = _type(item)
                made.places[clean(name)] = str(item.name)
        return made


def _type(dataset: h5py.Dataset) -> TensorType:
    dtype = dataset.dtype
    kind = _DTYPES.get(dtype.kind, "")
    name = "bool" if kind == "bool" else f"{kind}{8 * dtype.itemsize}" if kind else ""
    if dtype.kind == "V" and dtype.itemsize == 2:
        name = "bfloat16"  # which NumPy has no type for
    shape = dataset.shape
    if shape is None or len(shape) > MAX_RANK:
        return TensorType(name)
    return TensorType(name, tuple(int(dim) for dim in shape))


def weights_inside(group: Group, prefix: str = "") -> Mapping[str, TensorType]:
    """Types of all arrays in a group by their path, "vars" left out."""
    found: dict[str, TensorType] = {}
    for name in sorted(group.datasets, key=_number_first):
        found[prefix + name.removesuffix(":0")] = group.datasets[name]
    for name, inner in group.groups.items():
        inside = prefix if name == "vars" else f"{prefix}{name}."
        found.update(weights_inside(inner, inside))
    return found


def places_inside(group: Group) -> list[str]:
    """Paths of all arrays in a group, in the order of :func:`weights_inside`."""
    found = [group.places[name] for name in sorted(group.places, key=_number_first)]
    for inner in group.groups.values():
        found += places_inside(inner)
    return found


def _number_first(name: str) -> tuple[bool, int, str]:
    is_number = name.isdecimal() and len(name) < 10
    return not is_number, int(name) if is_number else 0, name
