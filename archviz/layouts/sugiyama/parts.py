"""A connected part of a cell, as the steps of its layout fill it in, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING

from archviz.layouts.sugiyama.grid import Extent
from archviz.layouts.sugiyama.measures import LABEL_CLEARANCE, PIN_INSET
from archviz.records import field, mutable, record

if TYPE_CHECKING:
    from archviz.layouts.sugiyama.blocks import Block
    from archviz.layouts.sugiyama.lanes import Lane
    from archviz.layouts.sugiyama.routes import Placed

Spot = tuple[float, float]
Rectangle = tuple[float, float, float, float]
Size = tuple[float, float]


@record
class Child:
    """What a cell knows of a box in it.

    Attributes:
        width: Across.
        height: Along.
        inlets: Of a container, where nets come in, from its left border; None for a leaf.
        outlets: Where nets go out.
        shape: Equal for children that look the same inside.
    """

    width: float
    height: float
    inlets: tuple[float, ...] | None = None
    outlets: tuple[float, ...] = ()
    shape: int = -1


def loop_labels_height(loops: Sequence[Size | None]) -> int:
    """What labels of self-loops need along; None for a loop without a label."""
    return ceil(sum([size[1] + LABEL_CLEARANCE for size in loops if size]))


def reach_of(width: float) -> float:
    """How far from the middle of a leaf links may end."""
    return max(width / 2 - PIN_INSET, min(width / 4, PIN_INSET))


@mutable
class Sheet:
    """What a cell's parts are put on.

    Attributes:
        corners: Top left corner of each child.
        routes: Each arc's way.
        labels: Area of each arc's label.
        backs: Whether each arc goes back up.
    """

    corners: list[Spot]
    routes: list[Placed]
    labels: list[Rectangle | None]
    backs: list[bool]


@mutable
class Drawn:
    """A part laid out.

    Attributes:
        put: Puts it on a sheet, moved right and down.
        inlets: Position of each port on the upper border, by number.
        outlets: Position of each port on the lower border.
        boxes: Least and greatest x of boxes.
        rails: Least and greatest x of links.
        texts: Least and greatest x of labels.
        height: Down to the last box or crosswise line, or to the lower border.
    """

    put: Callable[[Sheet, float, float], None]
    inlets: dict[int, float]
    outlets: dict[int, float]
    boxes: tuple[float, float]
    rails: tuple[float, float]
    texts: tuple[float, float]
    height: float


@record
class Vertex:
    """What a child, a port on the border, or a label that takes a place of its own looks like.

    Attributes:
        width: Across.
        height: Along.
        extent: What it takes to either side.
        ins: Where a container's nets come in, from its left border; None for others.
        outs: Where they go out.
        room: What it needs along.
        entering: How many links end there.
        is_box: Whether it is a child.
        loops: Sizes of the labels of its self-loops; None for those without.
    """

    width: float
    height: float
    extent: Extent
    ins: tuple[float, ...] | None = None
    outs: tuple[float, ...] | None = None
    room: int = 0
    entering: int = 0
    is_box: bool = False
    loops: tuple[Size | None, ...] = ()

    @property
    def reach(self) -> float:
        """How far from the middle of a leaf links may end."""
        return reach_of(self.width)

    @property
    def is_plain(self) -> bool:
        """Whether it is a leaf that ends where its rank does, if that is its own."""
        return self.is_box and self.ins is None and self.room == self.height


@record
class RunPlan:
    """What of the ranks between two bottlenecks depends on no size.

    Attributes:
        members: Vertices of the part, as the threads number them.
        nets: Nets of the part, as the threads number them.
        block: It laid out, with the order in ranks and who stands in line.
    """

    members: list[int]
    nets: list[int]
    block: Block


@record
class PartPlan:
    """What of a part's layout depends on no size.

    Attributes:
        rank: Of each vertex.
        beside: The links that run beside the ranks.
        runs: From one bottleneck to the next, where there is anything to decide.
        sides: Whether each lane is on the left, in the order in which links ask for them.
    """

    rank: list[int]
    beside: list[int]
    runs: tuple[RunPlan, ...]
    sides: tuple[bool, ...]


@mutable
class Part:
    """Everything known of a part; each step of the layout sets some of it.

    A vertex has a number and a place, which counts them from the top rank to the last one.

    Attributes:
        members: The part's children, which are its first vertices.
        arcs: The part's arcs by their index in the cell.
        header: Room to keep below the upper border when nets come in there.
        vertices: What each vertex looks like.
        kinds: A number for that, equal for those that look the same.
        inlets: Vertices of the ports on the upper border, by number.
        outlets: Vertices of the ports on the lower border.
        spine: The port where the spine comes in; -1 for none.
        loops: Self-loops by vertex.
        tags: The arc whose label a vertex is.
        chains: The link that each arc is, or begins with; -1 for a self-loop.
        ends_with: The link that an arc ends with when its label has a vertex between.
        sources: Of each link.
        targets: Of each link.
        nets: Of each link; one net has one source.
        leave: How far from its source's middle a link leaves, where that is given; empty when no
            child has ports.
        arrive: How far from its target's middle it arrives.
        labels: Size of the label beside each link.
        rank: Of each vertex.
        order: Vertices by place.
        place: Of each vertex.
        first: The first place in each rank, and one more.
        back: The links that go up.
        outgoing: Links by the place of their source.
        leads: Where in ``outgoing`` the links of each place begin, and one more.
        beside: The links that run beside the ranks: whether they go up.
        joined: Vertices with lanes down to or from them.
        cuts: Ranks with a bottleneck.
        lanes: By net and whether they go up.
        plan: What a layout in other sizes decided; None when this one decides.
    """

    members: Sequence[int]
    arcs: Sequence[int]
    header: float
    vertices: list[Vertex] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    inlets: dict[int, int] = field(default_factory=dict)
    outlets: dict[int, int] = field(default_factory=dict)
    spine: int = -1
    loops: dict[int, list[int]] = field(default_factory=dict)
    tags: dict[int, int] = field(default_factory=dict)
    chains: Sequence[int] = ()
    ends_with: dict[int, int] = field(default_factory=dict)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    nets: list[int] = field(default_factory=list)
    leave: list[float] = field(default_factory=list)
    arrive: list[float] = field(default_factory=list)
    labels: dict[int, Size] = field(default_factory=dict)
    rank: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    back: dict[int, bool] = field(default_factory=dict)
    outgoing: list[int] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)
    beside: dict[int, bool] = field(default_factory=dict)
    joined: dict[int, bool] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    lanes: dict[tuple[int, bool], Lane] = field(default_factory=dict)
    plan: PartPlan | None = None
