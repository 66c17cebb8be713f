"""Channels between ranks: their nets, their tracks, and where each rank begins."""

from __future__ import annotations

from functools import partial
from math import ceil

from archviz.layouts.sugiyama.channels import Net, assign_tracks
from archviz.layouts.sugiyama.measures import (
    ARRIVE,
    BORDER_GAP,
    BORDER_LEAVE,
    LABEL_CLEARANCE,
    LEAVE,
    PITCH,
    ROW_GAP,
)
from archviz.layouts.sugiyama.sketches import Sketch


def stack_rows(sketch: Sketch) -> None:
    """Assigns tracks and sets where each rank begins."""
    crosswise = _find_crosswise(sketch)
    _fill_channels(sketch, crosswise)
    straight = _Straight(sketch, crosswise)
    tracks = [
        assign_tracks(list(nets.values()), partial(straight.at, channel)) if nets else 0
        for channel, nets in enumerate(sketch.nets_in)
    ]
    _set_tops(sketch, tracks)


def _find_crosswise(sketch: Sketch) -> list[dict[int, bool]]:
    """For each channel the nets that go crosswise there; most channels have none."""
    rank, nets_of, is_lane = sketch.rank, sketch.nets, sketch.is_lane
    net_x, link_x, rails = sketch.net_x, sketch.link_x, sketch.rails
    found: list[dict[int, bool]] = [{} for _ in range(len(sketch.rows) + 1)]
    for link, (u, v) in enumerate(sketch.ends):
        if is_lane[link]:
            continue
        net = nets_of[link]
        at = net_x[net]
        last = rank[v]
        for channel in range(rank[u] + 1, last):
            following = rails[net, channel]
            if following != at:
                found[channel][net] = True
            at = following
        if link_x[link] != at:
            found[last][net] = True
    for lane in sketch.lanes.values():
        for channel in lane.channels:
            if channel in sketch.channels:
                found[channel][lane.net] = True
    return found


def _fill_channels(sketch: Sketch, crosswise: list[dict[int, bool]]) -> None:
    """Sets what the nets that go crosswise join in each channel."""
    rank, ends, nets_of, is_lane = sketch.rank, sketch.ends, sketch.nets, sketch.is_lane
    sketch.nets_in = [{} if nets else None for nets in crosswise]
    started: dict[int, bool] = {}
    railed: dict[tuple[int, int], bool] = {}
    for link, (u, v) in enumerate(ends):
        if u < 0:
            continue
        net, first = nets_of[link], rank[u] + 1
        if net not in started:
            started[net] = True
            if net in crosswise[first]:
                _net(sketch, first, net).tops.append(sketch.net_x[net])
        if is_lane[link]:
            continue
        last = rank[v]
        for r in range(first, last):
            if (net, r) not in railed:
                railed[net, r] = True
                at = sketch.rails[net, r]
                if net in crosswise[r]:
                    _net(sketch, r, net).bottoms.append(at)
                if net in crosswise[r + 1]:
                    _net(sketch, r + 1, net).tops.append(at)
        if net in crosswise[last]:
            _net(sketch, last, net).bottoms.append(sketch.link_x[link])
    for lane in sketch.lanes.values():
        for channel in (lane.source + 1, *lane.targets):
            if channel not in sketch.channels:
                continue
            net_here = _net(sketch, channel, lane.net)
            if lane.first <= channel - 1 <= lane.last and lane.x not in net_here.tops:
                net_here.tops.append(lane.x)
            if lane.first <= channel <= lane.last and lane.x not in net_here.bottoms:
                net_here.bottoms.append(lane.x)
    for link, (_, v) in enumerate(ends):
        if is_lane[link] and v >= 0:
            _net(sketch, rank[v], nets_of[link]).bottoms.append(sketch.link_x[link])


def _net(sketch: Sketch, channel: int, number: int) -> Net:
    nets = sketch.nets_in[channel]
    assert nets is not None
    net = nets.get(number)
    if net is None:
        net = nets[number] = Net()
    return net


class _Straight:
    """Where links pass channels without going crosswise, found when somebody asks."""

    def __init__(self, sketch: Sketch, crosswise: list[dict[int, bool]]) -> None:
        self._sketch = sketch
        self._crosswise = crosswise
        self._found: dict[int, list[float]] = {}

    def at(self, channel: int) -> list[float]:
        """The positions in a channel."""
        if not self._found:
            self._find()
        return self._found.get(channel, [])

    def _find(self) -> None:
        sketch = self._sketch
        for link, (u, v) in enumerate(sketch.ends):
            if sketch.is_lane[link]:
                continue
            net, last = sketch.nets[link], sketch.rank[v]
            for channel in range(sketch.rank[u] + 1, last + 1):
                if self._crosswise[channel] and net not in self._crosswise[channel]:
                    x = sketch.link_x[link] if channel == last else sketch.rails[net, channel]
                    self._found.setdefault(channel, []).append(x)
        for lane in sketch.passing():
            for channel in sketch.channels:
                if lane.first < channel <= lane.last and self._crosswise[channel]:
                    self._found.setdefault(channel, []).append(lane.x)


def _set_tops(sketch: Sketch, tracks: list[int]) -> None:
    labels = [0.0] * len(sketch.rows)
    for link, (_, height) in sketch.labels.items():
        rank = sketch.rank[sketch.ends[link][1]]
        labels[rank] = max(labels[rank], height + 2 * LABEL_CLEARANCE)
    vertices, channels = sketch.vertices, sketch.channels
    rooms = [vertex.room for vertex in vertices]
    inlets, outlets = sketch.inlets, sketch.outlets
    tops, heights = sketch.row_top, sketch.row_height
    first_track, label_top = sketch.first_track, sketch.label_top
    y = 0.0
    for rank, row in enumerate(sketch.rows):
        text = float(ceil(labels[rank]))
        lines = tracks[rank]
        header = sketch.header if rank == inlets else 0.0
        lead = LEAVE + header if rank else 2.0
        arrive = max(ARRIVE, text)
        straight = max(ROW_GAP, text) if rank else text
        if rank == outlets:
            arrive = straight = BORDER_LEAVE
        elif rank == inlets:
            straight = header + max(BORDER_GAP, text)
        turned = lead + PITCH * (lines - 1)
        height = float(max([rooms[v] for v in row]) if len(row) > 1 else rooms[row[0]])
        if rank not in channels:
            y = -height  # the bottleneck above is over everything
        first_track.append(y + lead)
        label_top.append(y + (turned if lines else header))
        if rank in channels:
            y += turned + arrive if lines else straight
        tops.append(y)
        heights.append(height)
        y += height
    sketch.y = [
        tops[rank] + (heights[rank] - vertex.height) // 1 / 2
        for rank, vertex in zip(sketch.rank, vertices, strict=True)
    ]
    first_track.append(y + LEAVE)
    if tracks[-1]:
        y += LEAVE + PITCH * (tracks[-1] - 1) + 2.0
    sketch.height = y
