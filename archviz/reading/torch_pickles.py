"""What PyTorch puts into pickles: tensors and storages, described and never loaded.

``torch.save`` pickles the structure and keeps the elements apart, by persistent ids; what rebuilds
a tensor are functions of ``torch._utils`` (PyTorch 0.1 to 2.13).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archviz.reading.pickles import Global, Instance, Persistent, PickleReader
from archviz.records import record, replace

MAX_RANK = 64
MAX_SIZE = (1 << 63) - 1

_STORAGES = {
    "Double": "float64", "Float": "float32", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool", "ComplexDouble": "complex128", "ComplexFloat": "complex64",
    "QInt8": "qint8", "QUInt8": "quint8", "QInt32": "qint32", "QUInt4x2": "quint4x2",
    "QUInt2x4": "quint2x4", "Untyped": "",
}  # fmt: skip
_DTYPES = {
    "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip


@record
class Storage:
    """A run of elements that tensors look at.

    Attributes:
        dtype: Type of an element; "" for untyped bytes.
        key: What tells it from the others of its file.
        location: The device it was on.
        size: Number of elements, or None.
    """

    dtype: str
    key: str
    location: str = ""
    size: int | None = None


@record
class Tensor:
    """A tensor without its elements.

    Attributes:
        dtype: NumPy's spelling, and PyTorch's own for what NumPy lacks; "" when unknown.
        shape: Sizes; None when the file gives none that a tensor can have.
        storage: Where its elements are; None when it has no storage of its own.
        offset: Its first element in the storage.
        stride: Elements from one to the next along each axis.
        requires_grad: Whether autograd tracks it; None when that is not said.
        is_parameter: Whether it is an ``nn.Parameter``.
    """

    dtype: str
    shape: tuple[int, ...] | None
    storage: Storage | None = None
    offset: int = 0
    stride: tuple[int, ...] = ()
    requires_grad: bool | None = None
    is_parameter: bool = False

    __eq__ = object.__eq__  # one tensor may stand in two places
    __hash__ = object.__hash__

    @property
    def place(self) -> tuple[object, ...] | None:
        """Equal for two tensors exactly when they are the same elements; None when unknown."""
        if self.storage is None or self.shape is None:
            return None
        return (self.storage.key, self.offset, self.shape, self.stride)

    def build(self, state: Any, reader: PickleReader) -> object:
        """Attributes that were set on the tensor say nothing of its shape."""
        return self


def dtype_name(value: object) -> str:
    """The name of a dtype that a pickle gives as ``torch.float32``; "" for anything else."""
    name = value.name if isinstance(value, Global) and value.module == "torch" else ""
    return _DTYPES.get(name, name)


def persistent(id_: Any) -> object:
    """What a persistent id of ``torch.save`` stands for."""
    if isinstance(id_, tuple) and len(id_) >= 5 and id_[0] == "storage":
        kind = id_[1].name.removesuffix("Storage") if isinstance(id_[1], Global) else ""
        size = id_[4] if _is_size(id_[4]) else None
        key = str(id_[2])[:200] if isinstance(id_[2], str | int) else ""
        location = id_[3][:40] if isinstance(id_[3], str) else ""
        dtype = _STORAGES.get(kind) if kind in _STORAGES else dtype_name(id_[1])
        return Storage(dtype or "", key, location, size)
    if isinstance(id_, tuple) and len(id_) >= 2 and id_[0] == "module":
        return id_[1]  # the class; its source text, which follows, is not of interest
    return Persistent(id_)


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE


def _shape(value: Any) -> tuple[int, ...] | None:
    sizes = tuple(value)
    return sizes if len(sizes) <= MAX_RANK and all(map(_is_size, sizes)) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _strided(args: tuple[Any, ...], flag: int, dtype: str = "") -> Tensor:
    storage, offset, shape, stride = args[:4]
    kept = storage if isinstance(storage, Storage) else None
    return Tensor(
        dtype or (kept.dtype if kept else ""),
        _shape(shape),
        kept,
        offset if _is_size(offset) else 0,
        _shape(stride) or (),
        _flag(args[flag]) if len(args) > flag else None,
    )


def _tensor(args: tuple[Any, ...], reader: object) -> object:
    return _strided(args, 4)


def _tensor_v3(args: tuple[Any, ...], reader: object) -> object:
    return _strided(args, 4, dtype_name(args[6]))


def _quantized(args: tuple[Any, ...], reader: object) -> object:
    return _strided(args, 5)


def _meta(args: tuple[Any, ...], reader: object) -> object:
    dtype, shape, *rest = args
    return Tensor(dtype_name(dtype), _shape(shape), requires_grad=_flag(rest[1]))


def _subclass(args: tuple[Any, ...], reader: object) -> object:
    return Tensor(dtype_name(args[1]), _shape(args[2]), requires_grad=_flag(args[7]))


def _sparse(args: tuple[Any, ...], reader: object) -> object:
    # A layout's values come last but for the size: (indices, values, size), (rows, columns, …).
    parts = [part for part in args[1] if isinstance(part, Tensor)]
    sizes = next(part for part in args[1] if isinstance(part, tuple | list))
    return Tensor(parts[-1].dtype, _shape(sizes))


def _parameter(args: tuple[Any, ...], reader: object) -> object:
    if not isinstance(args[0], Tensor):
        return NotImplemented
    tracked = _flag(args[1]) if len(args) > 1 else None
    return replace(args[0], is_parameter=True, requires_grad=tracked)


def _of_type(args: tuple[Any, ...], reader: PickleReader) -> object:
    made = reader.call(args[0], args[2])
    return made if isinstance(made, Tensor) else NotImplemented


def _of_numpy(args: tuple[Any, ...], reader: object) -> object:
    array, dtype = args[:2]
    shape = array.shape if isinstance(array, Tensor) else None
    return Tensor(dtype_name(dtype), shape, requires_grad=_flag(args[3]))


def _first(args: tuple[Any, ...], reader: object) -> object:
    return args[0]


def _listed(args: tuple[Any, ...], reader: object) -> object:
    return list(args[0])


def _size(args: tuple[Any, ...], reader: object) -> object:
    return tuple(args[0]) if args else ()


def _device(args: tuple[Any, ...], reader: object) -> object:
    return ":".join(str(part)[:20] for part in args if isinstance(part, str | int))


REDUCERS: Mapping[str, Callable[[tuple[Any, ...], Any], object]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.nn.parameter.Parameter": _parameter,
    "torch._utils._rebuild_qtensor": _quantized,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_meta_tensor_no_storage": _meta,
    "torch._utils._rebuild_wrapper_subclass": _subclass,
    "torch._utils._rebuild_device_tensor_from_numpy": _of_numpy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _of_numpy,
    "torch._tensor._rebuild_from_type_v2": _of_type,
    "torch.Size": _size,
    "torch.device": _device,
    "torch.jit._pickle.build_boollist": _listed,
    "torch.jit._pickle.build_doublelist": _listed,
    "torch.jit._pickle.build_intlist": _listed,
    "torch.jit._pickle.build_tensorlist": _listed,
    "torch.jit._pickle.restore_type_tag": _first,
}
"""What is computed of PyTorch's own functions, by their dotted names."""


def torch_reader(data: Any, start: int = 0) -> PickleReader:
    """A reader of what ``torch.save`` pickled; see :class:`PickleReader`."""
    return PickleReader(data, start, reducers=REDUCERS, persistent=persistent)


def is_module(value: object) -> bool:
    """Whether it describes a pickled ``nn.Module``."""
    if not isinstance(value, Instance):
        return False
    attributes = value.attributes
    return all(
        isinstance(attributes.get(name), dict) for name in ("_modules", "_parameters", "_buffers")
    )
