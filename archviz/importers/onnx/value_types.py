"""Types of values: TypeProto to the IR's types and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from archviz.ir import ContainerType, Dim, TensorType, Type
from archviz.reading.names import clean
from archviz.reading.strip import MAX_RANK

if TYPE_CHECKING:
    from onnx import TensorShapeProto, TypeProto, ValueInfoProto

DTYPES = (
    "", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool",
    "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "uint4", "int4",
    "float4_e2m1fn", "float8_e8m0fnu", "uint2", "int2",
)  # fmt: skip
"""By TensorProto.DataType, in NumPy's spelling and that of ml_dtypes."""

INVENTED = "unk__"
"""How inference names the dimensions it does not know."""

_MAX_NESTING = 64


def dtype_name(data_type: int) -> str:
    """The name of a TensorProto.DataType; "" for none or one that is not known."""
    return DTYPES[data_type] if 0 <= data_type < len(DTYPES) else ""


class TypeReader:
    """Reads TypeProtos; a model repeats few types many times, so each is read once.

    Attributes:
        rank_excess: Whether a shape had more dimensions than are kept.
        invented: Prefix of the symbols that shape inference makes up, which say nothing; "" while
            reading what the file itself says.
    """

    def __init__(self) -> None:
        self.rank_excess = False
        self.invented = ""
        self._read: dict[bytes, Type | None] = {}

    def read(self, proto: TypeProto) -> Type | None:
        """The type that ``proto`` describes, or None when it says nothing."""
        key = proto.SerializeToString()
        if key not in self._read:
            self._read[key] = self._type(proto, 0)
        return self._read[key]

    def forget(self) -> None:
        """Reads every type anew, as after ``invented`` has changed."""
        self._read.clear()

    def by_name(self, infos: Iterable[ValueInfoProto]) -> dict[str, Type | None]:
        """The types of values by name; the first counts where one is described twice."""
        found: dict[str, Type | None] = {}
        known = self._read
        for info in infos:
            proto = info.type
            key = proto.SerializeToString()
            found.setdefault(info.name, known[key] if key in known else self.read(proto))
        return found

    def _type(self, proto: TypeProto, depth: int) -> Type | None:
        which = proto.WhichOneof("value")
        if which is None or depth > _MAX_NESTING:
            return None
        if which == "tensor_type":
            tensor = proto.tensor_type
            shape = self.shape(tensor.shape) if tensor.HasField("shape") else None
            return TensorType(dtype_name(tensor.elem_type), shape)
        if which == "sparse_tensor_type":
            sparse = proto.sparse_tensor_type
            shape = self.shape(sparse.shape) if sparse.HasField("shape") else None
            return ContainerType("sparse", TensorType(dtype_name(sparse.elem_type), shape))
        if which == "sequence_type":
            return ContainerType("sequence", self._type(proto.sequence_type.elem_type, depth + 1))
        if which == "optional_type":
            return ContainerType("optional", self._type(proto.optional_type.elem_type, depth + 1))
        if which == "map_type":
            value = self._type(proto.map_type.value_type, depth + 1)
            return ContainerType("map", value, dtype_name(proto.map_type.key_type))
        return ContainerType("opaque")

    def shape(self, proto: TensorShapeProto) -> tuple[Dim, ...] | None:
        """The shape, or None when it has more dimensions than any tensor."""
        if len(proto.dim) > MAX_RANK:
            self.rank_excess = True
            return None
        return tuple([self._dim(dim) for dim in proto.dim])

    def _dim(self, proto: TensorShapeProto.Dimension) -> Dim:
        which = proto.WhichOneof("value")
        if which == "dim_value":
            return proto.dim_value if proto.dim_value >= 0 else None
        if which == "dim_param":
            symbol = clean(proto.dim_param)
            if self.invented and symbol.startswith(self.invented):
                return None
            return symbol or None
        return None


def is_complete(type_: Type | None) -> bool:
    """Whether nothing is left to be inferred of ``type_``."""
    if isinstance(type_, TensorType):
        return bool(type_.dtype) and type_.shape is not None and None not in type_.shape
    return type_ is not None and type_.element is not None and is_complete(type_.element)


def write_type(type_: Type, proto: TypeProto) -> bool:
    """Fills ``proto`` with ``type_``; False when that cannot be said in ONNX."""
    if isinstance(type_, TensorType):
        if type_.dtype not in DTYPES[1:]:
            return False
        proto.tensor_type.elem_type = DTYPES.index(type_.dtype)
        if type_.shape is not None:
            shape = proto.tensor_type.shape
            shape.SetInParent()
            for size in type_.shape:
                dim = shape.dim.add()
                if isinstance(size, str):
                    dim.dim_param = size
                elif size is not None and size < 1 << 63:
                    dim.dim_value = size
        return True
    if type_.element is None:
        return False
    if type_.kind == "sequence":
        return write_type(type_.element, proto.sequence_type.elem_type)
    if type_.kind == "optional":
        return write_type(type_.element, proto.optional_type.elem_type)
    return False
