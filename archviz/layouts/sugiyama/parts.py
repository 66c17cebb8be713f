"""A connected part of a cell: ranks, positions, and routes through the channels between ranks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

from archviz.layouts.sugiyama.blocks import RAIL, Block, Extent, Run, Stretch, lay_run
from archviz.layouts.sugiyama.channels import Net, assign_tracks
from archviz.layouts.sugiyama.lanes import Lane, place_lanes
from archviz.layouts.sugiyama.measures import (
    ARRIVE,
    BORDER_GAP,
    BORDER_LEAVE,
    LABEL_CLEARANCE,
    LABEL_GAP,
    LABEL_OFFSET,
    LANE_SPAN,
    LEAVE,
    LOOP_REACH,
    NEAR,
    PIN_INSET,
    PIN_STEP,
    PITCH,
    RAIL_GAP,
    ROW_GAP,
)
from archviz.layouts.sugiyama.nesting import INLET, OUTLET, PortedArc
from archviz.layouts.sugiyama.ranking import assign_ranks, back_arcs

Spot = tuple[float, float]
Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class Drawn:
    """A part laid out, or several put together.

    Attributes:
        corners: Top left corner of each child.
        inlets: Position of each port on the upper border, by number.
        outlets: Position of each port on the lower border.
        routes: Corners of each arc's way.
        labels: Area of each arc's label.
        backs: Whether each arc goes back up.
        boxes: Least and greatest x of boxes.
        rails: Least and greatest x of links.
        texts: Least and greatest x of labels.
        height: Down to the last box or crosswise line, or to the lower border.
    """

    corners: dict[int, Spot] = field(default_factory=dict)
    inlets: dict[int, float] = field(default_factory=dict)
    outlets: dict[int, float] = field(default_factory=dict)
    routes: dict[int, list[Spot]] = field(default_factory=dict)
    labels: dict[int, Rectangle] = field(default_factory=dict)
    backs: dict[int, bool] = field(default_factory=dict)
    boxes: tuple[float, float] = (0.0, 0.0)
    rails: tuple[float, float] = (0.0, 0.0)
    texts: tuple[float, float] = (0.0, 0.0)
    height: float = 0.0


@dataclass(slots=True)
class _Vertex:
    child: int
    width: float
    height: float
    ins: tuple[float, ...] | None
    outs: tuple[float, ...] | None
    extent: Extent = RAIL
    entering: int = 0


class Part:
    """Lays one part out.

    Args:
        children: Those of the cell.
        members: Indices of the part's children.
        arcs: The part's arcs by their index in the cell.
        head: The inlet of the cell where the spine comes in.
        header: Room to keep below the upper border when nets come in there.
        memo: Blocks laid out before.
    """

    def __init__(
        self,
        children: Sequence[Child],
        members: Sequence[int],
        arcs: dict[int, PortedArc],
        head: int,
        header: float,
        memo: dict[Run, Block],
    ) -> None:
        self.head = head
        self.header = header
        self.memo = memo
        self.arcs = arcs
        self.vertices = [
            _Vertex(i, c.width, c.height, c.inlets, None if c.inlets is None else c.outlets)
            for i, c in ((i, children[i]) for i in members)
        ]
        self.local = {child: v for v, child in enumerate(members)}
        self.inlets: dict[int, int] = {}
        self.outlets: dict[int, int] = {}
        self.loops: dict[int, list[int]] = {}
        self.ends: list[tuple[int, int]] = []
        self.net: list[int] = []
        self.leave: list[float] = []
        self.arrive: list[float] = []
        self.label: list[tuple[float, float] | None] = []
        self.chains: dict[int, tuple[int, ...]] = {}
        self.tag: dict[int, int] = {}
        self._read()
        self._measure()

    # -- what there is -------------------------------------------------------------------------

    def _read(self) -> None:
        entering = [0] * len(self.vertices)
        for source, _, target, _, _, _ in self.arcs.values():
            if target >= 0 and source != target:
                entering[self.local[target]] += 1
        for v, count in enumerate(entering):
            self.vertices[v].entering = count
        nets = max((arc[4] for arc in self.arcs.values()), default=-1) + 1
        for index, (source, port, target, target_port, net, label) in self.arcs.items():
            if source == target:
                self.loops.setdefault(self.local[source], []).append(index)
                continue
            u = self._port(self.inlets, port) if source == INLET else self.local[source]
            v = self._port(self.outlets, target_port) if target == OUTLET else self.local[target]
            leave = self._pin(self.vertices[u].outs, u, port) if source >= 0 else 0.0
            arrive = self._pin(self.vertices[v].ins, v, target_port) if target >= 0 else 0.0
            if label and self.vertices[v].ins is None and self.vertices[v].entering > 2:
                # A label among many ends has no room beside its own: it takes a place in a rank.
                tag = len(self.vertices)
                width, height = label
                self.vertices.append(
                    _Vertex(-1, width, height + 2 * LABEL_CLEARANCE, None, None, entering=1)
                )
                self.tag[tag] = index
                self.chains[index] = (
                    self._add(u, tag, net, leave, 0.0, None),
                    self._add(tag, v, nets, 0.0, arrive, None),
                )
                nets += 1
            else:
                self.chains[index] = (self._add(u, v, net, leave, arrive, label),)

    def _port(self, ports: dict[int, int], number: int) -> int:
        if number not in ports:
            ports[number] = len(self.vertices)
            self.vertices.append(_Vertex(-1, 0.0, 0.0, None, None))
        return ports[number]

    def _pin(self, pins: tuple[float, ...] | None, v: int, port: int) -> float:
        return pins[port] - self.vertices[v].width / 2 if pins is not None else 0.0

    def _add(
        self,
        u: int,
        v: int,
        net: int,
        leave: float,
        arrive: float,
        label: tuple[float, float] | None,
    ) -> int:
        self.ends.append((u, v))
        self.net.append(net)
        self.leave.append(leave)
        self.arrive.append(arrive)
        self.label.append(label)
        return len(self.ends) - 1

    def _measure(self) -> None:
        """Sets what each vertex takes to either side."""
        wide = [0.0] * len(self.vertices)
        for arc, label in enumerate(self.label):
            if label:
                v = self.ends[arc][1]
                wide[v] = max(wide[v], LABEL_OFFSET + ceil(label[0]))
        for v, vertex in enumerate(self.vertices):
            if v in self.tag:
                vertex.extent = Extent(
                    2.0, LABEL_OFFSET + ceil(vertex.width), NEAR, NEAR, is_tag=True
                )
                continue
            if vertex.child < 0:
                continue
            half = ceil(vertex.width) / 2
            before = after = 0.0
            if vertex.ins is not None:
                before = max([half - pin for pin in vertex.ins], default=0.0)
                after = max([pin - half for pin in vertex.ins], default=0.0)
            elif vertex.entering == 1:
                before, after = NEAR, NEAR + wide[v]
            elif vertex.entering:
                reach = self._reach(vertex)
                before = after = min(PIN_STEP * (vertex.entering - 1), reach) + wide[v]
            beside = 0.0
            if v in self.loops:
                labels = [label for i in self.loops[v] if (label := self.arcs[i][5])]
                beside = LOOP_REACH + PITCH * (len(self.loops[v]) - 1)
                if labels:
                    beside += LABEL_OFFSET + ceil(max(width for width, _ in labels))
            vertex.extent = Extent(half, half + beside, before, after)

    @staticmethod
    def _reach(vertex: _Vertex) -> float:
        """How far from the middle a leaf's ends of links may be."""
        return max(vertex.width / 2 - PIN_INSET, min(vertex.width / 4, PIN_INSET))

    # -- ranks and positions across ------------------------------------------------------------

    def draw(self) -> Drawn:
        """Does it all."""
        self._rank()
        self._place()
        self._lay_lanes()
        self._pin_outgoing()
        self._pin_incoming()
        self._route_channels()
        return self._drawn()

    def _rank(self) -> None:
        inlets = list(self.inlets.values())
        count = len(self.vertices)
        self.back = back_arcs(count, self.ends, inlets)
        forward = [
            (v, u) if back else (u, v) for (u, v), back in zip(self.ends, self.back, strict=True)
        ]
        self.rank = assign_ranks(count, forward, inlets, list(self.outlets.values()), self.tag)
        self.rows: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for v, rank in enumerate(self.rank):
            self.rows[rank].append(v)
        self.spine = self.inlets.get(self.head, -1)
        if self.spine >= 0:
            # Side inputs come in on the left, where rails run when nothing speaks against it.
            self.rows[0].remove(self.spine)
            self.rows[0].append(self.spine)
        singles = [0]
        for row in self.rows:
            singles.append(singles[-1] + (len(row) == 1))
        self.is_lane = [
            self._runs_beside(self.rank[u], self.rank[v], singles) or back
            for (u, v), back in zip(self.ends, self.back, strict=True)
        ]

    def _runs_beside(self, start: int, end: int, singles: list[int]) -> bool:
        """Whether a link goes in a lane, which leaves the ranks it passes to themselves.

        It crosses nothing when both its ends are alone in their ranks; if one is not, the order
        in the ranks has to know of the link, unless it is long.
        """
        if end - start > LANE_SPAN:
            return True
        if end - start < 2 or singles[end] == singles[start + 1]:
            return False
        return end - start > LANE_SPAN / 4 or (
            len(self.rows[start]) == 1 and len(self.rows[end]) == 1
        )

    def _cuts(self) -> list[int]:
        """Ranks with a bottleneck."""
        passing = [0] * (len(self.rows) + 1)
        for (u, v), is_lane in zip(self.ends, self.is_lane, strict=True):
            if not is_lane:
                passing[self.rank[u] + 1] += 1
                passing[self.rank[v]] -= 1
        cuts = []
        through = 0
        for rank, row in enumerate(self.rows):
            through += passing[rank]
            if len(row) == 1 and not through:
                cuts.append(rank)
        return cuts

    def _place(self) -> None:
        """Sets the position across of all vertices and rails, block by block."""
        count = len(self.vertices)
        self.x = [0.0] * count
        self.rails: dict[tuple[int, int], float] = {}
        self.row_positions: list[list[float]] = [[0.0] for _ in self.rows]
        outgoing: list[list[int]] = [[] for _ in range(count)]
        for arc, (u, _) in enumerate(self.ends):
            if not self.is_lane[arc]:
                outgoing[u].append(arc)
        last = len(self.rows)
        bounds = [-1, *self._cuts(), last]
        for start, stop in pairwise(bounds):
            first = max(start, 0)
            final = min(stop, last - 1)
            if start >= 0 and stop == last and first == final:
                self.row_positions[first] = [self.x[self.rows[first][0]]]
                continue
            members = [v for rank in range(first, final + 1) for v in self.rows[rank]]
            place = {v: i for i, v in enumerate(members)}
            nets: dict[int, int] = {}
            stretches: list[Stretch] = []
            end = members[-1] if stop < last else -1
            for v in members:
                if v == end:
                    continue
                stretches.extend(
                    (
                        place[v],
                        place[self.ends[arc][1]],
                        nets.setdefault(self.net[arc], len(nets)),
                        self.leave[arc],
                        self.arrive[arc],
                    )
                    for arc in outgoing[v]
                )
            run = Run(
                tuple([self.rank[v] - first for v in members]),
                tuple([self.vertices[v].extent for v in members]),
                tuple(stretches),
                start >= 0,
                stop < last,
                place.get(self.spine, -1),
            )
            block = self.memo.get(run)
            if block is None:
                block = self.memo[run] = lay_run(run)
            origin = self.x[members[0]] if start >= 0 else 0.0
            for v, position in zip(members, block.positions, strict=True):
                self.x[v] = origin + position
            numbers = list(nets)
            for (net, rank), position in block.rails.items():
                self.rails[numbers[net], first + rank] = origin + position
            for rank, row in enumerate(block.rows):
                self.row_positions[first + rank] = [origin + x for x in row]

    # -- lanes -----------------------------------------------------------------------------------

    def _lay_lanes(self) -> None:
        self.lanes: dict[tuple[int, bool], Lane] = {}
        if not any(self.is_lane):
            return
        starts: list[float] = []
        pins: list[list[float]] = [[] for _ in self.vertices]
        for arc, (_, v) in enumerate(self.ends):
            pins[v].append(self.arrive[arc])
        for arc, (u, v) in enumerate(self.ends):
            if self.is_lane[arc]:
                key = (self.net[arc], self.back[arc])
                if key not in self.lanes:
                    self.lanes[key] = Lane(self.net[arc], self.rank[u], [], self.back[arc])
                    starts.append(self.x[u] + self.leave[arc])
                lane = self.lanes[key]
                lane.targets.append(self.rank[v])
                if self.vertices[v].ins:
                    lane.before += sum([pin < self.arrive[arc] for pin in pins[v]])
                    lane.after += sum([pin > self.arrive[arc] for pin in pins[v]])
        left: list[float] = []
        right: list[float] = []
        for rank, row in enumerate(self.rows):
            low = min(self.row_positions[rank], default=0.0) - PITCH
            high = max(self.row_positions[rank], default=0.0) + PITCH
            for v in row:
                extent = self.vertices[v].extent
                low = min(low, self.x[v] - max(extent.left + RAIL_GAP, extent.before + LABEL_GAP))
                high = max(high, self.x[v] + max(extent.right + RAIL_GAP, extent.after + LABEL_GAP))
            left.append(low)
            right.append(high)
        lanes = list(self.lanes.values())
        for lane in lanes:
            lane.close()
        place_lanes(lanes, left, right, self.row_positions, starts)

    # -- where links leave and arrive -----------------------------------------------------------

    def _pin_outgoing(self) -> None:
        """Sets where each net leaves its source."""
        self.net_x: dict[int, float] = {}
        leaving: list[dict[int, list[float]]] = [{} for _ in self.vertices]
        for arc, (u, v) in enumerate(self.ends):
            net = self.net[arc]
            if self.is_lane[arc]:
                towards = self.lanes[net, self.back[arc]].x
            elif self.rank[v] == self.rank[u] + 1:
                towards = self.x[v] + self.arrive[arc]
            else:
                towards = self.rails[net, self.rank[u] + 1]
            leaving[u].setdefault(net, []).append(towards)
            self.net_x[net] = self.x[u] + self.leave[arc]
        for u, nets in enumerate(leaving):
            if len(nets) > 1 and self.vertices[u].outs is None and self.vertices[u].width:
                order = sorted(nets, key=lambda net: (sum(nets[net]) / len(nets[net]), net))
                ends = [sum(nets[net]) / len(nets[net]) for net in order]
                places = self._spread(u, ends)
                self.net_x.update(zip(order, places, strict=True))

    def _pin_incoming(self) -> None:
        """Sets where each arc ends on its target, and which labels are on the left."""
        self.arc_x = [self.x[v] + self.arrive[arc] for arc, (_, v) in enumerate(self.ends)]
        self.entry = [0.0] * len(self.ends)
        self.label_left = [False] * len(self.ends)
        entering: list[list[int]] = [[] for _ in self.vertices]
        for arc, (u, v) in enumerate(self.ends):
            net = self.net[arc]
            if self.is_lane[arc]:
                self.entry[arc] = self.lanes[net, self.back[arc]].x
            elif self.rank[v] == self.rank[u] + 1:
                self.entry[arc] = self.net_x[net]
            else:
                self.entry[arc] = self.rails[net, self.rank[v] - 1]
            entering[v].append(arc)
        for v, arcs in enumerate(entering):
            vertex = self.vertices[v]
            if vertex.ins is not None or vertex.child < 0:
                continue
            if len(arcs) == 1:
                step = self.entry[arcs[0]] - self.x[v]
                if abs(step) < min(NEAR, self._reach(vertex)):
                    self.arc_x[arcs[0]] = self.entry[arcs[0]]
            elif arcs:
                arcs.sort(key=lambda arc: (self.entry[arc], arc))
                places = self._spread(v, [self.entry[arc] for arc in arcs])
                for arc, place in zip(arcs, places, strict=True):
                    self.arc_x[arc] = place
                self.label_left[arcs[0]] = True

    def _spread(self, v: int, others: list[float]) -> list[float]:
        """Places of links' ends on the border of a leaf, the straight one in its middle."""
        x = self.x[v]
        reach = self._reach(self.vertices[v])
        count = len(others)
        straight = [i for i, other in enumerate(others) if other == x]
        if straight:
            middle = straight[len(straight) // 2]
            step = min(PIN_STEP, reach / max(middle, count - 1 - middle))
            return [x + (i - middle) * step for i in range(count)]
        step = min(PIN_STEP, 2 * reach / (count - 1))
        return [x + (i - (count - 1) / 2) * step for i in range(count)]

    # -- channels and distances along -------------------------------------------------------------

    def _route_channels(self) -> None:
        """Assigns tracks and sets where each rank begins."""
        count = len(self.rows)
        channels: list[dict[int, Net]] = [{} for _ in range(count + 1)]

        def net_in(channel: int, net: int) -> Net:
            # Channel r is the one above rank r.
            found = channels[channel].get(net)
            if found is None:
                found = channels[channel][net] = Net()
            return found

        started: dict[int, bool] = {}
        railed: dict[tuple[int, int], bool] = {}
        for arc, (u, v) in enumerate(self.ends):
            net, rank = self.net[arc], self.rank[u]
            if net not in started:
                started[net] = True
                net_in(rank + 1, net).tops.append(self.net_x[net])
            if self.is_lane[arc]:
                continue
            while True:
                rank += 1
                if rank == self.rank[v]:
                    net_in(rank, net).bottoms.append(self.arc_x[arc])
                    break
                if (net, rank) not in railed:
                    railed[net, rank] = True
                    at = self.rails[net, rank]
                    net_in(rank, net).bottoms.append(at)
                    net_in(rank + 1, net).tops.append(at)
        passing: list[list[float]] = [[] for _ in range(count + 1)]
        for lane in self.lanes.values():
            for channel in (lane.source + 1, *lane.targets):
                joined = net_in(channel, lane.net)
                if lane.first <= channel - 1 <= lane.last and lane.x not in joined.tops:
                    joined.tops.append(lane.x)
                if lane.first <= channel <= lane.last and lane.x not in joined.bottoms:
                    joined.bottoms.append(lane.x)
            for channel in range(lane.first + 1, lane.last + 1):
                passing[channel].append(lane.x)
        for arc, (_, v) in enumerate(self.ends):
            if self.is_lane[arc]:
                net_in(self.rank[v], self.net[arc]).bottoms.append(self.arc_x[arc])
        self.channels = channels
        tracks = [
            assign_tracks(list(nets.values()), passing[channel]) if nets else 0
            for channel, nets in enumerate(channels)
        ]
        self._stack_rows(tracks)

    def _stack_rows(self, tracks: list[int]) -> None:
        label_height = [0.0] * len(self.rows)
        for arc, label in enumerate(self.label):
            if label:
                rank = self.rank[self.ends[arc][1]]
                label_height[rank] = max(label_height[rank], label[1] + 2 * LABEL_CLEARANCE)
        self.row_top: list[float] = []
        self.row_height: list[float] = []
        self.first_track: list[float] = []
        self.label_top: list[float] = []
        y = 0.0
        for rank, row in enumerate(self.rows):
            lines = tracks[rank]
            text = float(ceil(label_height[rank]))
            from_border = bool(self.inlets) and rank == 1
            lead = LEAVE
            if rank == 0:
                lead = 2.0
                gap = lead + PITCH * (lines - 1) + max(ARRIVE, text) if lines else text
            elif self.outlets and rank == len(self.rows) - 1:
                lead += self.header if from_border else 0.0
                gap = lead + PITCH * (lines - 1) + BORDER_LEAVE if lines else BORDER_LEAVE
            elif from_border:
                lead = self.header + LEAVE
                gap = (
                    lead + PITCH * (lines - 1) + max(ARRIVE, text)
                    if lines
                    else self.header + max(BORDER_GAP, text)
                )
            else:
                gap = (
                    lead + PITCH * (lines - 1) + max(ARRIVE, text) if lines else max(ROW_GAP, text)
                )
            self.first_track.append(y + lead)
            self.label_top.append(
                y + lead + PITCH * (lines - 1) if lines else y + self.header * from_border
            )
            y += gap
            height = float(ceil(max(self.vertices[v].height for v in row)))
            for v in row:
                if v in self.loops:
                    height = max(height, self._loop_labels_height(v))
            self.row_top.append(y)
            self.row_height.append(height)
            y += height
        self.first_track.append(y + LEAVE)
        if tracks[-1]:
            y += LEAVE + PITCH * (tracks[-1] - 1) + 2.0
        self.height = y

    def _loop_labels_height(self, v: int) -> float:
        labels = [label for i in self.loops[v] if (label := self.arcs[i][5])]
        return ceil(sum(height + LABEL_CLEARANCE for _, height in labels))

    # -- the result -------------------------------------------------------------------------------

    def _top(self, v: int) -> float:
        rank = self.rank[v]
        return self.row_top[rank] + (self.row_height[rank] - self.vertices[v].height) / 2

    def _drawn(self) -> Drawn:
        drawn = Drawn(height=self.height)
        for v, vertex in enumerate(self.vertices):
            if vertex.child >= 0:
                drawn.corners[vertex.child] = (self.x[v] - vertex.width / 2, self._top(v))
        drawn.inlets = {port: self.x[v] for port, v in self.inlets.items()}
        drawn.outlets = {port: self.x[v] for port, v in self.outlets.items()}
        for index, chain in self.chains.items():
            points: list[Spot] = []
            for arc in chain:
                points += self._way(arc)
            drawn.routes[index] = points
            drawn.backs[index] = any(self.back[arc] for arc in chain)
            label = self.label[chain[0]]
            if label:
                drawn.labels[index] = self._label_area(chain[0], label)
        for tag, index in self.tag.items():
            vertex = self.vertices[tag]
            drawn.labels[index] = (
                self.x[tag] + LABEL_OFFSET,
                self._top(tag) + LABEL_CLEARANCE,
                vertex.width,
                vertex.height - 2 * LABEL_CLEARANCE,
            )
        for v in self.loops:
            self._draw_loops(v, drawn)
        self._set_extents(drawn)
        return drawn

    def _way(self, arc: int) -> list[Spot]:
        u, v = self.ends[arc]
        net = self.net[arc]
        at = self.net_x[net]
        points = [(at, self._top(u) + self.vertices[u].height)]
        if self.is_lane[arc]:
            back = self.back[arc]
            lane = self.lanes[net, back].x
            legs = [(self.rank[u] + 1, lane), (self.rank[v], self.arc_x[arc])]
        else:
            back = False
            legs = [(rank, self.rails[net, rank]) for rank in range(self.rank[u] + 1, self.rank[v])]
            legs.append((self.rank[v], self.arc_x[arc]))
        for channel, following in legs:
            if following != at:
                first = self.first_track[channel]
                points += [
                    (x, first + PITCH * track)
                    for x, track in self.channels[channel][net].turns(at, following, down=not back)
                ]
                at = following
        points.append((at, self._top(v)))
        return points

    def _label_area(self, arc: int, label: tuple[float, float]) -> Rectangle:
        width, height = label
        v = self.ends[arc][1]
        rank = self.rank[v]
        x = self.arc_x[arc]
        x = x - LABEL_OFFSET - width if self.label_left[arc] else x + LABEL_OFFSET
        top = self.label_top[rank]
        return (x, round((top + self.row_top[rank] - height) / 2 * 2) / 2, width, height)

    def _draw_loops(self, v: int, drawn: Drawn) -> None:
        vertex = self.vertices[v]
        loops = self.loops[v]
        right = self.x[v] + vertex.width / 2
        middle = self._top(v) + vertex.height / 2
        step = vertex.height / 2 / (len(loops) + 1)
        text = self.x[v] + ceil(vertex.width) / 2 + LOOP_REACH + PITCH * (len(loops) - 1)
        text_y = middle - self._loop_labels_height(v) / 2
        for k, index in enumerate(loops):
            reach = self.x[v] + ceil(vertex.width) / 2 + LOOP_REACH + PITCH * k
            away = (k + 1) * step
            drawn.routes[index] = [
                (right, middle + away),
                (reach, middle + away),
                (reach, middle - away),
                (right, middle - away),
            ]
            drawn.backs[index] = True
            label = self.arcs[index][5]
            if label:
                drawn.labels[index] = (text + LABEL_OFFSET, text_y, *label)
                text_y += label[1] + LABEL_CLEARANCE

    def _set_extents(self, drawn: Drawn) -> None:
        middle = self.x[0] if self.x else 0.0
        lows = [middle]
        highs = [middle]
        for v, vertex in enumerate(self.vertices):
            if vertex.child >= 0:
                lows.append(self.x[v] - vertex.extent.left)
                highs.append(self.x[v] + vertex.extent.right)
        drawn.boxes = (min(lows), max(highs))
        across = [x for points in drawn.routes.values() for x, _ in points] or [middle]
        drawn.rails = (min(across), max(across))
        drawn.texts = (
            min([x for x, _, _, _ in drawn.labels.values()], default=middle),
            max([x + width for x, _, width, _ in drawn.labels.values()], default=middle),
        )
