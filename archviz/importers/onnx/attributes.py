"""Attributes of nodes: settings, and the graphs that control flow keeps in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archviz.importers.onnx.operators import Operators
from archviz.importers.onnx.tensors import shortest, sparse_type, tensor_type
from archviz.importers.onnx.value_types import TypeReader
from archviz.ir import Attribute, ContainerType
from archviz.ir.types import format_type
from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto

MAX_LIST = 64
"""Entries of a list that are kept; the last one then tells how many there are."""

FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS, TENSORS, GRAPHS = range(1, 11)
SPARSE_TENSOR, SPARSE_TENSORS, TYPE_PROTO, TYPE_PROTOS = range(11, 15)

_FIELDS = (
    (INTS, "ints"), (FLOATS, "floats"), (STRINGS, "strings"), (TENSORS, "tensors"),
    (GRAPHS, "graphs"), (SPARSE_TENSORS, "sparse_tensors"), (TYPE_PROTOS, "type_protos"),
)  # fmt: skip
_OPTIONAL_FIELDS = (
    (TENSOR, "t"), (GRAPH, "g"), (SPARSE_TENSOR, "sparse_tensor"), (TYPE_PROTO, "tp"),
    (INT, "i"), (FLOAT, "f"), (STRING, "s"),
)  # fmt: skip


class AttributeReader:
    """Reads attributes and leaves out those at their default."""

    def __init__(self, types: TypeReader) -> None:
        self._types = types
        self._defaults: dict[tuple[Operators, str, str], dict[str, Attribute]] = {}
        self._floats: dict[float, float] = {}
        self._names: dict[str, str] = {}

    def read(
        self,
        protos: Iterable[AttributeProto],
        op: str,
        domain: str,
        operators: Operators,
        references: Mapping[str, Attribute] | None,
    ) -> tuple[dict[str, Attribute], list[tuple[str, GraphProto]]]:
        """The node's attributes by name, and its graphs.

        Args:
            protos: The attributes of a node.
            op: Its operator, as shown.
            domain: The operator's domain.
            operators: The schemas that know the defaults.
            references: Values of the attributes of the function call around the node; None when
                there is no call, and a reference is then shown as "@name".
        """
        found: dict[str, Attribute] = {}
        graphs: list[tuple[str, GraphProto]] = []
        names = self._names
        defaults = self._defaults.get((operators, domain, op))
        if defaults is None:
            defaults = self._read_defaults(op, domain, operators)
        for proto in protos:
            name = proto.name
            if name not in names:
                names[name] = clean(name)
            name = names[name]
            kind = proto.type or attribute_kind(proto)
            if kind == INTS:
                ints = proto.ints  # slices of the parser's lists are twice as fast as iterating
                value: Attribute = tuple(ints[:]) if len(ints) <= MAX_LIST else _listed(ints)
            elif kind == INT:
                value = proto.i
            elif kind == GRAPH and not proto.ref_attr_name:
                graphs.append((name, proto.g))
                continue
            elif kind == GRAPHS and not proto.ref_attr_name:
                graphs.extend((f"{name}[{i}]", graph) for i, graph in enumerate(proto.graphs))
                continue
            else:
                value = self.value(proto, kind)
            if proto.ref_attr_name:
                reference = clean(proto.ref_attr_name)
                if references is None:
                    value = f"@{reference}"
                elif reference in references:
                    value = references[reference]
                else:
                    continue
            if name in defaults and defaults[name] == value:
                continue
            found[name] = value
        return found, graphs

    def value(self, proto: AttributeProto, kind: int = 0) -> Attribute:
        """What one attribute that holds no graph is set to."""
        kind = kind or proto.type or attribute_kind(proto)
        if kind == FLOAT:
            return self._float(proto.f)
        if kind == INT:
            return proto.i
        if kind == STRING:
            return clean(proto.s)
        if kind == INTS:
            return _listed(proto.ints)
        if kind == FLOATS:
            return _listed(proto.floats, self._float)
        if kind == STRINGS:
            return _listed(proto.strings, clean)
        if kind == TENSOR:
            return tensor_type(proto.t)
        if kind == TENSORS:
            return _listed(proto.tensors, tensor_type)
        if kind == SPARSE_TENSOR:
            return sparse_type(proto.sparse_tensor)
        if kind == SPARSE_TENSORS:
            return _listed(proto.sparse_tensors, sparse_type)
        if kind == TYPE_PROTO:
            return self._type(proto.tp)
        if kind == TYPE_PROTOS:
            return _listed(proto.type_protos, self._type)
        return None

    def _float(self, number: float) -> float:
        if number not in self._floats:
            self._floats[number] = shortest(number)
        return self._floats[number]

    def _type(self, proto: Any) -> Attribute:
        read = self._types.read(proto)
        return format_type(read) if isinstance(read, ContainerType) else read

    def _read_defaults(self, op: str, domain: str, operators: Operators) -> dict[str, Attribute]:
        found = {name: self.value(proto) for name, proto in operators.defaults(domain, op).items()}
        self._defaults[operators, domain, op] = found
        return found


def attribute_kind(proto: AttributeProto) -> int:
    """The kind of an attribute that does not state it, as files of IR version 1 do not."""
    for kind, name in _FIELDS:
        if len(getattr(proto, name)):
            return kind
    for kind, name in _OPTIONAL_FIELDS:
        if proto.HasField(name):
            return kind
    return 0


def _listed(items: Sequence[Any], read: Callable[[Any], Attribute] | None = None) -> Attribute:
    shown: list[Attribute] = list(items[:MAX_LIST])
    if read is not None:
        shown = [read(item) for item in shown]
    if len(items) > MAX_LIST:
        shown.append(f"… {len(items):,} in all")
    return tuple(shown)
