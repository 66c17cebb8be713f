"""A connected part of a cell, as the steps of its layout fill it in, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING

from archviz.layouts.sugiyama.grid import RAIL, Extent
from archviz.layouts.sugiyama.measures import (
    LABEL_CLEARANCE,
    LABEL_OFFSET,
    LOOP_REACH,
    NEAR,
    PIN_INSET,
    PIN_STEP,
    PITCH,
)
from archviz.layouts.sugiyama.nesting import INLET, OUTLET, PortedArc
from archviz.records import field, mutable, record

if TYPE_CHECKING:
    from archviz.layouts.sugiyama.blocks import Block
    from archviz.layouts.sugiyama.channels import Net
    from archviz.layouts.sugiyama.lanes import Lane
    from archviz.layouts.sugiyama.routes import Placed

Spot = tuple[float, float]
Rectangle = tuple[float, float, float, float]
Size = tuple[float, float]

_PORT = Extent(PITCH / 2, PITCH / 2, 0.0, 0.0, True)


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


@mutable
class Drawn:
    """A part laid out.

    Attributes:
        corners: Top left corner of each child.
        inlets: Position of each port on the upper border, by number.
        outlets: Position of each port on the lower border.
        routes: Each arc's way.
        labels: Area of each arc's label.
        backs: The arcs that go back up.
        boxes: Least and greatest x of boxes.
        rails: Least and greatest x of links.
        texts: Least and greatest x of labels.
        height: Down to the last box or crosswise line, or to the lower border.
    """

    corners: dict[int, Spot] = field(default_factory=dict)
    inlets: dict[int, float] = field(default_factory=dict)
    outlets: dict[int, float] = field(default_factory=dict)
    routes: dict[int, Placed] = field(default_factory=dict)
    labels: dict[int, Rectangle] = field(default_factory=dict)
    backs: list[int] = field(default_factory=list)
    boxes: tuple[float, float] = (0.0, 0.0)
    rails: tuple[float, float] = (0.0, 0.0)
    texts: tuple[float, float] = (0.0, 0.0)
    height: float = 0.0


@mutable
class Vertex:
    """A child, a port on the border, or a label that takes a place of its own.

    Attributes:
        child: Index of the child; -1 when it is none.
        width: Across.
        height: Along.
        ins: Where a container's nets come in, from its left border; None for others.
        outs: Where they go out.
        extent: What it takes to either side.
        entering: How many links end there.
    """

    child: int
    width: float
    height: float
    ins: tuple[float, ...] | None = None
    outs: tuple[float, ...] | None = None
    extent: Extent = RAIL
    entering: int = 0

    @property
    def reach(self) -> float:
        """How far from the middle of a leaf links may end."""
        return max(self.width / 2 - PIN_INSET, min(self.width / 4, PIN_INSET))


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
        is_lane: Whether each link runs beside the ranks.
        runs: From one bottleneck to the next, where there is anything to decide.
        sides: Whether each lane is on the left, in the order in which links ask for them.
    """

    rank: list[int]
    is_lane: list[bool]
    runs: tuple[RunPlan, ...]
    sides: tuple[bool, ...]


@mutable
class Part:
    """Everything known of a part; each step of the layout sets some of it.

    Attributes:
        arcs: The part's arcs by their index in the cell.
        header: Room to keep below the upper border when nets come in there.
        head: The inlet where the spine comes in, by number.
        vertices: Children first.
        inlets: Vertices of the ports on the upper border, by number.
        outlets: Vertices of the ports on the lower border.
        loops: Self-loops by vertex.
        tags: The arc whose label a vertex is.
        chains: The link that each arc is, or begins with.
        ends_with: The link that an arc ends with when its label has a vertex between.
        ends: Source and target of each link.
        nets: Net of each link.
        leave: How far from its source's middle a link leaves, when that is given.
        arrive: How far from its target's middle it arrives.
        labels: Size of the label beside each link.
        rank: Of each vertex.
        rows: Vertices by rank.
        is_back: Whether a link goes up.
        is_lane: Whether it runs beside the ranks.
        x: Middle of each vertex.
        rails: Where nets pass ranks, by net and rank.
        spots: Positions of all in a rank, sorted, by rank.
        lanes: By net and whether they go up.
        net_x: Where each net leaves its source.
        link_x: Where each link arrives.
        is_left: Whether a link's label is on its left.
        channels: Nets between ranks; channel r is above rank r; None when all go straight.
        first_track: Of each channel, along.
        label_top: From where labels may lie in each channel.
        row_top: Where each rank begins.
        row_height: Its size along.
        y: Upper border of each vertex, which is in the middle of its rank.
        height: Of it all.
        plan: What a layout in other sizes decided; None when this one decides.
        runs: What was decided of each run, in order.
    """

    arcs: dict[int, PortedArc]
    header: float
    head: int
    vertices: list[Vertex]
    inlets: dict[int, int] = field(default_factory=dict)
    outlets: dict[int, int] = field(default_factory=dict)
    loops: dict[int, list[int]] = field(default_factory=dict)
    tags: dict[int, int] = field(default_factory=dict)
    chains: dict[int, int] = field(default_factory=dict)
    ends_with: dict[int, int] = field(default_factory=dict)
    ends: list[tuple[int, int]] = field(default_factory=list)
    nets: list[int] = field(default_factory=list)
    leave: list[float] = field(default_factory=list)
    arrive: list[float] = field(default_factory=list)
    labels: dict[int, Size] = field(default_factory=dict)
    rank: list[int] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    is_back: list[bool] = field(default_factory=list)
    is_lane: list[bool] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    rails: dict[tuple[int, int], float] = field(default_factory=dict)
    spots: list[list[float]] = field(default_factory=list)
    lanes: dict[tuple[int, bool], Lane] = field(default_factory=dict)
    net_x: dict[int, float] = field(default_factory=dict)
    link_x: list[float] = field(default_factory=list)
    is_left: list[bool] = field(default_factory=list)
    channels: list[dict[int, Net] | None] = field(default_factory=list)
    first_track: list[float] = field(default_factory=list)
    label_top: list[float] = field(default_factory=list)
    row_top: list[float] = field(default_factory=list)
    row_height: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    height: float = 0.0
    plan: PartPlan | None = None
    runs: list[RunPlan] = field(default_factory=list)

    def loop_labels_height(self, v: int) -> float:
        """What the labels of a vertex's self-loops need along."""
        sizes = [size for i in self.loops[v] if (size := self.arcs[i][5])]
        return ceil(sum(height + LABEL_CLEARANCE for _, height in sizes))


def read_part(
    children: Sequence[Child],
    members: Sequence[int],
    arcs: dict[int, PortedArc],
    head: int,
    header: float,
) -> Part:
    """A part with its vertices, links and their measures.

    Args:
        children: Those of the cell.
        members: Indices of the part's children.
        arcs: The part's arcs by their index in the cell.
        head: The inlet of the cell where the spine comes in.
        header: Room to keep below the upper border when nets come in there.
    """
    vertices = [
        Vertex(i, c.width, c.height, c.inlets, None if c.inlets is None else c.outlets)
        for i, c in ((i, children[i]) for i in members)
    ]
    part = Part(arcs, header, head, vertices)
    local = {child: v for v, child in enumerate(members)}
    for source, _, target, _, _, _ in arcs.values():
        if target >= 0 and source != target:
            vertices[local[target]].entering += 1
    count = max((arc[4] for arc in arcs.values()), default=-1) + 1
    for index, (source, port, target, target_port, net, label) in arcs.items():
        if source == target:
            part.loops.setdefault(local[source], []).append(index)
            continue
        u = _port(part, part.inlets, port) if source == INLET else local[source]
        v = _port(part, part.outlets, target_port) if target == OUTLET else local[target]
        outs, ins = vertices[u].outs, vertices[v].ins
        leave = outs[port] - vertices[u].width / 2 if outs is not None else 0.0
        arrive = ins[target_port] - vertices[v].width / 2 if ins is not None else 0.0
        if label and ins is None and vertices[v].entering > 2:
            # A label among many ends has no room beside its own: it takes a place in a rank.
            tag = len(vertices)
            vertices.append(Vertex(-1, label[0], label[1] + 2 * LABEL_CLEARANCE, entering=1))
            part.tags[tag] = index
            part.chains[index] = _add(part, u, tag, net, leave, 0.0)
            part.ends_with[index] = _add(part, tag, v, count, 0.0, arrive)
            count += 1
            continue
        link = _add(part, u, v, net, leave, arrive)
        part.chains[index] = link
        if label:
            part.labels[link] = label
    _measure(part)
    return part


def _port(part: Part, ports: dict[int, int], number: int) -> int:
    if number not in ports:
        ports[number] = len(part.vertices)
        part.vertices.append(Vertex(-1, 0.0, 0.0, extent=_PORT))
    return ports[number]


def _add(part: Part, u: int, v: int, net: int, leave: float, arrive: float) -> int:
    part.ends.append((u, v))
    part.nets.append(net)
    part.leave.append(leave)
    part.arrive.append(arrive)
    return len(part.ends) - 1


def _measure(part: Part) -> None:
    """Sets what each vertex takes to either side."""
    wide = dict.fromkeys((part.ends[link][1] for link in part.labels), 0.0)
    for link, (width, _) in part.labels.items():
        v = part.ends[link][1]
        wide[v] = max(wide[v], LABEL_OFFSET + ceil(width))
    known: dict[tuple[float, int, float], Extent] = {}
    for v, vertex in enumerate(part.vertices):
        if v in part.tags:
            width = LABEL_OFFSET + ceil(vertex.width)
            vertex.extent = Extent(2.0, width, NEAR, NEAR, is_tag=True)
        elif vertex.child >= 0:
            room = wide.get(v, 0.0)
            if vertex.ins is None and v not in part.loops:
                key = (vertex.width, vertex.entering, room)
                extent = known.get(key)
                if extent is None:
                    extent = known[key] = _extent(vertex, room, 0.0)
                vertex.extent = extent
            else:
                vertex.extent = _extent(vertex, room, _beside(part, v))


def _extent(vertex: Vertex, room: float, beside: float) -> Extent:
    half = ceil(vertex.width) / 2
    before = after = 0.0
    if vertex.ins is not None:
        before = max([half - pin for pin in vertex.ins], default=0.0)
        after = max([pin - half for pin in vertex.ins], default=0.0)
    elif vertex.entering == 1:
        before, after = NEAR, NEAR + room
    elif vertex.entering:
        reach = min(PIN_STEP * (vertex.entering - 1), vertex.reach) if room else vertex.reach
        before = after = reach + room
    return Extent(half, half + beside, before, after)


def _beside(part: Part, v: int) -> float:
    """What self-loops and their labels need beside a vertex."""
    if v not in part.loops:
        return 0.0
    sizes = [size for i in part.loops[v] if (size := part.arcs[i][5])]
    beside = LOOP_REACH + PITCH * (len(part.loops[v]) - 1)
    return beside + (LABEL_OFFSET + ceil(max(width for width, _ in sizes)) if sizes else 0.0)
