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
from archviz.layouts.sugiyama.parts import Part


def stack_rows(part: Part) -> None:
    """Assigns tracks and sets where each rank begins."""
    crosswise = _find_crosswise(part)
    _fill_channels(part, crosswise)
    straight = _Straight(part, crosswise)
    tracks = [
        assign_tracks(list(nets.values()), partial(straight.at, channel)) if nets else 0
        for channel, nets in enumerate(part.channels)
    ]
    _set_tops(part, tracks)


def _find_crosswise(part: Part) -> list[dict[int, bool]]:
    """For each channel the nets that go crosswise there; most channels have none."""
    rank, nets_of, is_lane = part.rank, part.nets, part.is_lane
    net_x, link_x, rails = part.net_x, part.link_x, part.rails
    found: list[dict[int, bool]] = [_NONE] * (len(part.rows) + 1)
    for link, (u, v) in enumerate(part.ends):
        if is_lane[link]:
            continue
        net = nets_of[link]
        at = net_x[net]
        first, last = rank[u] + 1, rank[v]
        if first != last:
            for channel in range(first, last):
                following = rails[net, channel]
                if following != at:
                    if found[channel] is _NONE:
                        found[channel] = {}
                    found[channel][net] = True
                at = following
        if link_x[link] != at:
            if found[last] is _NONE:
                found[last] = {}
            found[last][net] = True
    for lane in part.lanes.values():
        for channel in lane.channels:
            if found[channel] is _NONE:
                found[channel] = {}
            found[channel][lane.net] = True
    return found


_NONE: dict[int, bool] = {}


def _fill_channels(part: Part, crosswise: list[dict[int, bool]]) -> None:
    """Sets what the nets that go crosswise join in each channel."""
    rank, ends, nets_of, is_lane = part.rank, part.ends, part.nets, part.is_lane
    part.channels = [{} if nets else None for nets in crosswise]
    started: dict[int, bool] = {}
    railed: dict[tuple[int, int], bool] = {}
    for link, (u, v) in enumerate(ends):
        net, first = nets_of[link], rank[u] + 1
        if net not in started:
            started[net] = True
            if net in crosswise[first]:
                _net(part, first, net).tops.append(part.net_x[net])
        if is_lane[link]:
            continue
        last = rank[v]
        for r in range(first, last) if first != last else ():
            if (net, r) not in railed:
                railed[net, r] = True
                at = part.rails[net, r]
                if net in crosswise[r]:
                    _net(part, r, net).bottoms.append(at)
                if net in crosswise[r + 1]:
                    _net(part, r + 1, net).tops.append(at)
        if net in crosswise[last]:
            _net(part, last, net).bottoms.append(part.link_x[link])
    for lane in part.lanes.values():
        for channel in (lane.source + 1, *lane.targets):
            net_here = _net(part, channel, lane.net)
            if lane.first <= channel - 1 <= lane.last and lane.x not in net_here.tops:
                net_here.tops.append(lane.x)
            if lane.first <= channel <= lane.last and lane.x not in net_here.bottoms:
                net_here.bottoms.append(lane.x)
    for link, (_, v) in enumerate(ends):
        if is_lane[link]:
            _net(part, rank[v], nets_of[link]).bottoms.append(part.link_x[link])


def _net(part: Part, channel: int, number: int) -> Net:
    nets = part.channels[channel]
    assert nets is not None
    net = nets.get(number)
    if net is None:
        net = nets[number] = Net()
    return net


class _Straight:
    """Where links pass channels without going crosswise, found when somebody asks."""

    def __init__(self, part: Part, crosswise: list[dict[int, bool]]) -> None:
        self._part = part
        self._crosswise = crosswise
        self._found: dict[int, list[float]] = {}

    def at(self, channel: int) -> list[float]:
        """The positions in a channel."""
        if not self._found:
            self._find()
        return self._found.get(channel, [])

    def _find(self) -> None:
        part = self._part
        for link, (u, v) in enumerate(part.ends):
            if part.is_lane[link]:
                continue
            net, last = part.nets[link], part.rank[v]
            for channel in range(part.rank[u] + 1, last + 1):
                if self._crosswise[channel] and net not in self._crosswise[channel]:
                    x = part.link_x[link] if channel == last else part.rails[net, channel]
                    self._found.setdefault(channel, []).append(x)
        for lane in part.lanes.values():
            for channel in range(lane.first + 1, lane.last + 1):
                if self._crosswise[channel]:
                    self._found.setdefault(channel, []).append(lane.x)


def _set_tops(part: Part, tracks: list[int]) -> None:
    labels = [0.0] * len(part.rows)
    for link, (_, height) in part.labels.items():
        rank = part.rank[part.ends[link][1]]
        labels[rank] = max(labels[rank], height + 2 * LABEL_CLEARANCE)
    y = 0.0
    last = len(part.rows) - 1
    for rank, row in enumerate(part.rows):
        text = float(ceil(labels[rank]))
        lines = tracks[rank]
        header = part.header if part.inlets and rank == 1 else 0.0
        lead = LEAVE + header if rank else 2.0
        arrive = max(ARRIVE, text)
        straight = max(ROW_GAP, text) if rank else text
        if part.outlets and rank == last:
            arrive = straight = BORDER_LEAVE
        elif part.inlets and rank == 1:
            straight = header + max(BORDER_GAP, text)
        turned = lead + PITCH * (lines - 1)
        part.first_track.append(y + lead)
        part.label_top.append(y + (turned if lines else header))
        y += turned + arrive if lines else straight
        height = ceil(
            part.vertices[row[0]].height
            if len(row) == 1
            else max([part.vertices[v].height for v in row])
        )
        for v in row if part.loops else ():
            if v in part.loops:
                height = max(height, ceil(part.loop_labels_height(v)))
        part.row_top.append(y)
        part.row_height.append(float(height))
        y += height
    tops, heights = part.row_top, part.row_height
    part.y = [
        tops[rank] + (heights[rank] - vertex.height) // 1 / 2
        for rank, vertex in zip(part.rank, part.vertices, strict=True)
    ]
    part.first_track.append(y + LEAVE)
    if tracks[-1]:
        y += LEAVE + PITCH * (tracks[-1] - 1) + 2.0
    part.height = y
