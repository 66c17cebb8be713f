"""The plan of a figure: what every kind of figure draws from.

The model's operations are merged as readers see them, laid along a spine, cut into units where one
value alone passes, and grouped into stages. Nothing here knows how it will look.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from archviz.ir import Graph, Model, Node, Parameter
from archviz.ir.edit import used_values
from archviz.ir.types import is_float
from archviz.ir.walk import leaves
from archviz.ops import category_of
from archviz.passes import PASSES
from archviz.records import field, record
from archviz.views.layered.extents import Extent
from archviz.views.layered.spine import Spine


@record
class Unit:
    """A stretch of the spine between two places where one value alone passes.

    Attributes:
        main: Merged operations on the spine, in order.
        branches: Merged operations beside it that fork from it and join it again.
        extent: What it gives.
        chief: Its weightiest operation, which readers take it for.
        weights: Elements of its weights, by name.
        is_block: Whether it forks and joins: a residual block, a block of branches.
        signature: Equal for units that are built alike.
        is_joined: Whether what it gives has been put together with what skipped something.
    """

    main: tuple[Node, ...]
    branches: tuple[Node, ...]
    extent: Extent
    chief: Node
    weights: Mapping[str, int] = field(compare=False)
    is_block: bool
    signature: Hashable = field(compare=False)
    is_joined: bool = False

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All merged operations."""
        return (*self.main, *self.branches)

    @property
    def parameters(self) -> int:
        """Elements of its weights."""
        return sum(self.weights.values())

    @property
    def category(self) -> str:
        """The category of its weightiest operation."""
        return category_of(self.chief.op)

    @property
    def operations(self) -> tuple[str, ...]:
        """Ids of the imported operations that it stands for."""
        return operations(self.nodes)


@record
class Stage:
    """Units that are drawn as one group.

    Attributes:
        units: From the input's side to the output's.
        name: What the figure calls it.
        folded: How many stages it stands for that there is no room for; 0 for a stage.
        branches: Merged operations that fork from its units and join them again.
        own: Elements of the weights of the branches, by name.
    """

    units: tuple[Unit, ...]
    name: str
    folded: int = 0
    branches: tuple[Node, ...] = ()
    own: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def extent(self) -> Extent:
        """What it gives."""
        return self.units[-1].extent

    @property
    def category(self) -> str:
        """The category of its weightiest unit."""
        return max(self.units, key=lambda unit: unit.parameters).category

    @property
    def parameters(self) -> int:
        """Elements of its weights, shared ones once."""
        found = dict(self.own)
        for unit in self.units:
            found.update(unit.weights)
        return sum(found.values())

    @property
    def runs(self) -> tuple[tuple[Unit, int], ...]:
        """The units with how often each stands, built alike, one behind the other."""
        found: list[tuple[Unit, int]] = []
        for unit in self.units:
            if found and found[-1][0].signature == unit.signature:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((unit, 1))
        return tuple(found)


@record
class Skip:
    """A connection between units that are apart.

    Attributes:
        source: Position of the unit it leaves; -1 for the input.
        target: Position of the unit that takes it.
        nodes: Merged operations on it.
        joins: Symbol of the operation that takes it ("plus", "join"), or "".
    """

    source: int
    target: int
    nodes: tuple[Node, ...]
    joins: str


@record
class Plan:
    """What a figure shows.

    Attributes:
        model: As the view was given it: operations, without what is none.
        graph: The same, merged as readers see them.
        extents: Extent by value.
        spine: The longest way through ``graph``.
        input: The extent of what the spine starts from.
        units: The spine, cut.
        skips: Connections between units that are apart.
    """

    model: Model
    graph: Graph
    extents: Mapping[str, Extent]
    spine: Spine
    input: Extent
    units: tuple[Unit, ...]
    skips: tuple[Skip, ...]

    @property
    def begins(self) -> bool:
        """Whether the spine starts from an input of the model."""
        given = set(self.graph.inputs)
        return any(not given.isdisjoint(used_values(node)) for node in self.spine.nodes[:1])

    @property
    def parameters(self) -> int:
        """Elements of all weights, shared ones once.

        Constants in the place of weights count, as they do in units.
        """
        known = self.graph.parameters
        found: dict[str, int] = {}
        for node in self.graph.nodes:
            for part in (node, *leaves(node)):
                used = [known[use.parameter] for use in part.parameters if use.parameter in known]
                takes = _has_learned_place(part.op, used)
                for parameter in used:
                    if parameter.kind == "weight" or (takes and is_weight(parameter)):
                        found[parameter.name] = parameter.type.size or 0
        return sum(found.values())

    def folded(self) -> Graph:
        """The merged graph with runs of equal blocks reduced to their first."""
        return PASSES.get("fold-repeats").apply(self.graph)


def _has_learned_place(op: str, used: Iterable[Parameter]) -> bool:
    """Whether constants that the operation takes may be weights that an exporter has folded."""
    category = category_of(op)
    if category in ("linear", "embedding"):
        # Matrices are; a row that is multiplied with positions is a table of frequencies.
        constants = [p for p in used if p.kind == "constant" and is_weight(p)]
        return any(len(p.type.shape or ()) == 2 for p in constants)
    return category in ("conv", "norm", "recurrent")


def is_weight(parameter: Parameter) -> bool:
    """Whether it is one, or an array of constants in the place of one."""
    if parameter.kind == "constant":
        return parameter.value is None and is_float(parameter.type.dtype)
    return parameter.kind == "weight"


def operations(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Ids of the imported operations that merged ones stand for."""
    return tuple(dict.fromkeys(origin for node in nodes for origin in node.origins))
