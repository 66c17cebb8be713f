"""A part read: its vertices, its links, and what each takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from operator import eq, itemgetter

from archviz.layouts.sugiyama.blocks import Memo
from archviz.layouts.sugiyama.grid import Extent
from archviz.layouts.sugiyama.measures import (
    LABEL_CLEARANCE,
    LABEL_OFFSET,
    LOOP_REACH,
    NEAR,
    PIN_STEP,
    PITCH,
)
from archviz.layouts.sugiyama.nesting import INLET, OUTLET, PortedArc
from archviz.layouts.sugiyama.parts import Child, Part, Size, Vertex, loop_labels_height, reach_of

_PORT = Vertex(0.0, 0.0, Extent(PITCH / 2, PITCH / 2, 0.0, 0.0, True))


def read_part(
    children: Sequence[Child],
    members: Sequence[int],
    arcs: Sequence[PortedArc],
    indices: Sequence[int],
    head: int,
    header: float,
    memo: Memo,
) -> Part:
    """A part with its vertices, links and their measures.

    Args:
        children: Those of the cell.
        members: Indices of the part's children.
        arcs: Those of the cell.
        indices: Indices of the part's arcs.
        head: The inlet of the cell where the spine comes in.
        header: Room to keep below the upper border when nets come in there.
        memo: What vertices looked like before.
    """
    part = Part(members, indices, header)
    boxes = [children[i] for i in members] if len(members) < len(children) else children
    own = [arcs[i] for i in indices] if len(indices) < len(arcs) else arcs
    # Children that look the same are mostly one object.
    looks = list(map(id, boxes))
    distinct = dict(zip(looks, boxes, strict=True))
    with_ports = any(box.inlets is not None for box in distinct.values())
    sources = [arc[0] for arc in own]
    targets = [arc[2] for arc in own]
    if len(members) < len(children):
        local = dict(zip(members, range(len(members)), strict=True))
        local[INLET], local[OUTLET] = INLET, OUTLET
        sources = [local[i] for i in sources]
        targets = [local[i] for i in targets]
    entering = [0] * len(boxes)
    if (
        min(sources, default=0) >= 0
        and min(targets, default=0) >= 0
        and not any(map(eq, sources, targets))
        and not any(map(itemgetter(5), own))
        and not with_ports
    ):
        for target in targets:
            entering[target] += 1
        part.sources, part.targets = sources, targets
        part.nets = [arc[4] for arc in own]
        part.chains = range(len(own))
    else:
        for source, target in zip(sources, targets, strict=True):
            if target >= 0 and source != target:
                entering[target] += 1
        _read_arcs(part, boxes, own, sources, targets, entering)
        if not with_ports:
            part.leave, part.arrive = [], []
    known = {look: _Kinds(box, memo) for look, box in distinct.items()}
    part.kinds = [known[look][ends] for look, ends in zip(looks, entering, strict=True)]
    if part.loops or part.tags or part.labels or part.inlets or part.outlets:
        _read_others(part, boxes, entering, own, memo)
    part.vertices = [memo.kinds[kind] for kind in part.kinds]
    part.spine = part.inlets.get(head, -1)
    return part


class _Kinds(dict[int, int]):
    """What a child looks like, by how many links end there."""

    def __init__(self, child: Child, memo: Memo) -> None:
        self._child = child
        self._memo = memo

    def __missing__(self, entering: int) -> int:
        kind = self[entering] = self._memo.kind(_vertex(self._child, entering, 0.0, ()))
        return kind


def _read_arcs(
    part: Part,
    boxes: Sequence[Child],
    arcs: Sequence[PortedArc],
    sources: Sequence[int],
    targets: Sequence[int],
    entering: Sequence[int],
) -> None:
    """Sets the links where some cross the border, have labels, or end at ports or at one box."""
    count = max([arc[4] for arc in arcs], default=-1) + 1
    last = len(boxes)
    chains: list[int] = []
    for index, u, v, (_, port, _, target_port, net, label) in zip(
        part.arcs, sources, targets, arcs, strict=True
    ):
        if u == v:
            part.loops.setdefault(u, []).append(index)
            chains.append(-1)
            continue
        leave = arrive = 0.0
        is_leaf = v >= 0 and boxes[v].inlets is None
        if u == INLET:
            u = part.inlets.setdefault(port, last)
            last += u == last
        elif boxes[u].inlets is not None:
            leave = boxes[u].outlets[port] - boxes[u].width / 2
        if v == OUTLET:
            v = part.outlets.setdefault(target_port, last)
            last += v == last
        elif not is_leaf:
            arrive = (boxes[v].inlets or ())[target_port] - boxes[v].width / 2
        chains.append(len(part.sources))
        if label and is_leaf and entering[v] > 2:
            # A label among many ends has no room beside its own: it takes a place in a rank.
            part.tags[last] = index
            _add(part, u, last, net, leave, 0.0)
            part.ends_with[index] = len(part.sources)
            _add(part, last, v, count, 0.0, arrive)
            last += 1
            count += 1
            continue
        if label:
            part.labels[len(part.sources)] = label
        _add(part, u, v, net, leave, arrive)
    part.chains = chains


def _add(part: Part, u: int, v: int, net: int, leave: float, arrive: float) -> None:
    part.sources.append(u)
    part.targets.append(v)
    part.nets.append(net)
    part.leave.append(leave)
    part.arrive.append(arrive)


def _read_others(
    part: Part,
    boxes: Sequence[Child],
    entering: Sequence[int],
    arcs: Sequence[PortedArc],
    memo: Memo,
) -> None:
    """Sets what vertices look like that are no children, or have labels or loops beside them."""
    kinds = part.kinds
    rooms: dict[int, float] = {}
    for link, (width, _) in part.labels.items():
        v = part.targets[link]
        rooms[v] = max(rooms.get(v, 0.0), LABEL_OFFSET + ceil(width))
    label_of: dict[int, Size | None] = {}
    if part.loops or part.tags:
        label_of = {index: arc[5] for index, arc in zip(part.arcs, arcs, strict=True)}
    for v in {**rooms, **part.loops}:
        if v < len(boxes):
            loops = tuple([label_of[index] for index in part.loops.get(v, ())])
            kinds[v] = memo.kind(_vertex(boxes[v], entering[v], rooms.get(v, 0.0), loops))
    others = dict.fromkeys((*part.inlets.values(), *part.outlets.values()), _PORT)
    others.update((v, _tag(label_of[index])) for v, index in part.tags.items())
    kinds += [memo.kind(others[v]) for v in sorted(others)]


def _tag(label: Size | None) -> Vertex:
    assert label is not None
    extent = Extent(2.0, LABEL_OFFSET + ceil(label[0]), NEAR, NEAR, is_tag=True)
    height = label[1] + 2 * LABEL_CLEARANCE
    return Vertex(label[0], height, extent, room=ceil(height), entering=1)


def _vertex(child: Child, entering: int, room: float, loops: tuple[Size | None, ...]) -> Vertex:
    """What a child looks like.

    Args:
        child: The child.
        entering: How many links end there.
        room: What labels of those need beside a link.
        loops: Sizes of the labels of its self-loops; None for those without.
    """
    half = ceil(child.width) / 2
    beside = 0.0
    if loops:
        widths = [ceil(size[0]) for size in loops if size]
        beside = LOOP_REACH + PITCH * (len(loops) - 1)
        beside += LABEL_OFFSET + max(widths) if widths else 0.0
    outs = None if child.inlets is None else child.outlets
    before = after = 0.0
    if child.inlets is not None:
        before = max([half - pin for pin in child.inlets], default=0.0)
        after = max([pin - half for pin in child.inlets], default=0.0)
    elif entering == 1:
        before, after = NEAR, NEAR + room
    elif entering:
        reach = reach_of(child.width)
        before = after = (min(PIN_STEP * (entering - 1), reach) if room else reach) + room
    extent = Extent(half, half + beside, before, after)
    room = max(ceil(child.height), loop_labels_height(loops))
    return Vertex(
        child.width, child.height, extent, child.inlets, outs, room, entering, True, loops
    )
