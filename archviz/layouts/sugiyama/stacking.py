"""Channels between ranks: their nets, their tracks, and where each rank begins."""

from __future__ import annotations

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
    passing = _fill_channels(part)
    tracks = [
        assign_tracks(list(nets.values()), passing.get(channel, ())) if nets else 0
        for channel, nets in enumerate(part.channels)
    ]
    _set_tops(part, tracks)


def _fill_channels(part: Part) -> dict[int, list[float]]:
    """Finds the nets of each channel; returns where lanes pass without end."""
    rank, ends, nets_of, is_lane = part.rank, part.ends, part.nets, part.is_lane
    load = [0] * (len(part.rows) + 1)
    for link, (u, v) in enumerate(ends):
        if is_lane[link]:
            continue
        first, last = rank[u] + 1, rank[v]
        if first == last:
            # A straight link that is alone in its channel needs no net there.
            load[last] += 1 if part.link_x[link] == part.net_x[nets_of[link]] else 2
        else:
            for channel in range(first, last + 1):
                load[channel] += 2
    for lane in part.lanes.values():
        for channel in (lane.source + 1, *lane.targets):
            load[channel] += 2
    channels = part.channels = [{} if links > 1 else None for links in load]
    started: dict[int, bool] = {}
    railed: dict[tuple[int, int], bool] = {}
    for link, (u, v) in enumerate(ends):
        net, first = nets_of[link], rank[u] + 1
        if net not in started:
            started[net] = True
            if channels[first] is not None:
                _top(part, first, net, part.net_x[net])
        if is_lane[link]:
            continue
        last = rank[v]
        for r in range(first, last):
            if (net, r) not in railed:
                railed[net, r] = True
                at = part.rails[net, r]
                _bottom(part, r, net, at)
                _top(part, r + 1, net, at)
        if channels[last] is not None:
            _bottom(part, last, net, part.link_x[link])
    passing: dict[int, list[float]] = {}
    for lane in part.lanes.values():
        for channel in (lane.source + 1, *lane.targets):
            nets = channels[channel]
            net_here = nets.get(lane.net) if nets else None
            if lane.first <= channel - 1 <= lane.last and (
                net_here is None or lane.x not in net_here.tops
            ):
                _top(part, channel, lane.net, lane.x)
            if lane.first <= channel <= lane.last and (
                net_here is None or lane.x not in net_here.bottoms
            ):
                _bottom(part, channel, lane.net, lane.x)
        for channel in range(lane.first + 1, lane.last + 1):
            if channels[channel]:
                passing.setdefault(channel, []).append(lane.x)
    for link, (_, v) in enumerate(ends):
        if part.is_lane[link]:
            _bottom(part, rank[v], part.nets[link], part.link_x[link])
    return passing


def _top(part: Part, channel: int, net: int, x: float) -> None:
    nets = part.channels[channel]
    if nets is not None:
        if net not in nets:
            nets[net] = Net()
        nets[net].tops.append(x)


def _bottom(part: Part, channel: int, net: int, x: float) -> None:
    nets = part.channels[channel]
    if nets is not None:
        if net not in nets:
            nets[net] = Net()
        nets[net].bottoms.append(x)


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
