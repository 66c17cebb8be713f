"""One graph while it is read: which names mean what, and what its ids begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from archviz.importers.onnx.operators import Operators
from archviz.ir import Attribute, ScopePath, Type
from archviz.ir.build import GraphBuilder
from archviz.reading.names import clean
from archviz.records import field, mutable

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto

MAX_ID_PART = 200
"""Characters that a name adds to an id that has other parts."""


@mutable
class Level:
    """One graph, or the expanded body of one function call, while it is read.

    Attributes:
        builder: Where nodes and values go; that of the caller for a function's body.
        operators: The schemas of the imported operator sets.
        outer: The graph around a subgraph.
        scope: Where a function's body lives.
        owner: Id prefix of a subgraph's nodes, "If/then_branch", or "".
        depth: Graphs and calls around this one.
        known: Value ids by name; None for an argument that a call leaves out.
        stored: Parameters by name.
        references: Values of the attributes of the call; None outside of one.
        types: What the file and inference say of values, by name.
        is_main: Whether this is the model's own graph.
        is_branch: Whether it is a branch of an If, which is given no inputs.
    """

    builder: GraphBuilder
    operators: Operators
    outer: Level | None = None
    scope: ScopePath = ()
    owner: str = ""
    depth: int = 0
    known: dict[str, str | None] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    references: Mapping[str, Attribute] | None = None
    types: Mapping[str, Type | None] = field(default_factory=dict)
    is_main: bool = False
    is_branch: bool = False

    def find(self, name: str) -> tuple[str | None, str | None] | None:
        """The value's id or the parameter called ``name`` here or around; None when unknown."""
        level: Level | None = self
        while level is not None:
            if name in level.known:
                return level.known[name], None
            if name in level.stored:
                return None, level.stored[name]
            level = level.outer
        return None

    def value_id(self, name: str) -> str:
        """What the id of the value called ``name`` begins with."""
        shown = clean(name)
        if self.scope:
            return "/".join((*self.scope, shown[:MAX_ID_PART]))
        return shown[:MAX_ID_PART] if self.owner else shown

    def reserve(self, label: str, path: ScopePath = ()) -> str:
        """An id for a node called ``label``, in the scope ``path`` unless this is a subgraph."""
        if self.owner:
            return self.builder.reserve(f"{self.owner}/{label}")
        return self.builder.reserve(label, path)

    def type_of(self, value: str) -> Type | None:
        """The type of a value of this graph or one around it."""
        level: Level | None = self
        while level is not None:
            if value in level.builder.values:
                return level.builder.values[value].type
            level = level.outer
        return None


class NodeList:
    """Nodes as the parser has them, and their outputs.

    Held, the parser's objects are made once instead of in every walk over them.

    Args:
        proto: Their graph, or the function they are in.

    Attributes:
        protos: The nodes.
        outputs: What each produces.
        are_plain: Whether all their names can be shown as they are.
    """

    __slots__ = ("are_plain", "outputs", "protos")

    def __init__(self, proto: GraphProto | FunctionProto) -> None:
        self.protos = list(proto.node)
        self.outputs = [node.output[:] for node in self.protos]
        self.are_plain = _are_plain([*chain.from_iterable(self.outputs)]) and _are_plain(
            [node.name for node in self.protos]
        )


def _are_plain(names: Sequence[str]) -> bool:
    try:
        together = "".join(names)
    except TypeError:  # names that are no UTF-8 come as bytes
        return False
    return together.isprintable() and max(map(len, names), default=0) <= MAX_ID_PART
