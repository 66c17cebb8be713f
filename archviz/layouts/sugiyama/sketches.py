"""A section as its drawing fills it in, seen from the lower border of its first bottleneck."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archviz.layouts.sugiyama.channels import Net
from archviz.layouts.sugiyama.lanes import Lane
from archviz.layouts.sugiyama.parts import Part, Size, Vertex
from archviz.layouts.sugiyama.sections import Section
from archviz.records import field, mutable


@mutable
class Sketch:
    """Everything known of a section; each step of its drawing sets some of it.

    Ranks and channels count from its first rank. Links that leave in a lane have no target here,
    and links that arrive in one no source: -1.

    Attributes:
        vertices: What is in it, by place.
        rank: Of each vertex.
        rows: Vertices by rank.
        channels: First and last channel that is its own.
        slots: Which of the section's links each link is; -1, -2, ... for those that arrive.
        ends: Source and target of each link.
        nets: Of each link.
        leave: How far from its source's middle a link leaves, where that is given.
        arrive: How far from its target's middle it arrives.
        labels: Size of the label beside each link that has its target here.
        is_lane: Whether a link runs beside the ranks.
        is_back: Whether it goes up.
        tags: Vertices that are labels.
        inlets: The rank below the ports on the upper border; -1 when it is none of these.
        outlets: The rank of the ports on the lower border; -1 when it is none of these.
        header: Room to keep below the upper border.
        x: Middle of each vertex.
        rails: Where nets pass ranks, by net and rank.
        lanes: By net and whether they go up.
        passing: Lanes that pass, asked for where they are in the way.
        net_x: Where each net leaves its source.
        link_x: Where each link arrives.
        is_left: Whether a link's label is on its left.
        nets_in: Nets that go crosswise in each channel; None when all go straight.
        first_track: Of each channel, along.
        label_top: From where labels may lie in each channel.
        row_top: Where each rank begins.
        row_height: Its size along.
        y: Upper border of each vertex, which is in the middle of its rank.
        height: Down to the lower border of the last bottleneck, or of everything.
    """

    vertices: Sequence[Vertex]
    rank: Sequence[int]
    rows: list[list[int]]
    channels: range
    slots: list[int]
    ends: list[tuple[int, int]]
    nets: list[int]
    leave: list[float]
    arrive: list[float]
    labels: dict[int, Size]
    is_lane: list[bool]
    is_back: list[bool]
    tags: dict[int, bool]
    inlets: int
    outlets: int
    header: float
    x: list[float]
    rails: dict[tuple[int, int], float]
    lanes: dict[tuple[int, bool], Lane]
    passing: Callable[[], Sequence[Lane]]
    net_x: dict[int, float] = field(default_factory=dict)
    link_x: list[float] = field(default_factory=list)
    is_left: list[bool] = field(default_factory=list)
    nets_in: list[dict[int, Net] | None] = field(default_factory=list)
    first_track: list[float] = field(default_factory=list)
    label_top: list[float] = field(default_factory=list)
    row_top: list[float] = field(default_factory=list)
    row_height: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    height: float = 0.0


def sketch(
    part: Part, section: Section, lanes: Sequence[Lane], passing: Callable[[], Sequence[Lane]]
) -> Sketch:
    """A section to be drawn.

    Args:
        part: What it is a section of.
        section: The section.
        lanes: Those that begin or end in it.
        passing: Asked for all others beside it.
    """
    begin, end = section.places
    top, last = section.top, len(part.first) - 1
    is_last = section.stop == last
    place, beside = part.place, part.beside
    sources, targets, labels = part.sources, part.targets, part.labels
    own = part.outgoing[slice(*section.links)]
    slot = dict(zip(own, range(len(own)), strict=True))
    slot.update(zip(section.arriving, range(-1, -1 - len(section.arriving), -1), strict=True))
    links = sorted(slot)
    slots = [slot[link] for link in links]
    first = begin + (section.start >= 0)  # without the bottleneck above
    starts, stops = (
        [place[sources[link]] for link in links],
        [place[targets[link]] for link in links],
    )
    ends = [
        (u - begin if at >= 0 else -1, v - begin if at < 0 or first <= v < end else -1)
        for at, u, v in zip(slots, starts, stops, strict=True)
    ]
    nudge = section.x - section.left
    rank = section.shape.ranks
    rows: list[list[int]] = [[] for _ in section.shape.spots]
    for v, r in enumerate(rank):
        rows[r].append(v)
    return Sketch(
        vertices=section.shape.vertices,
        rank=rank,
        rows=rows,
        channels=range(int(section.start >= 0), len(rows) + is_last),
        slots=slots,
        ends=ends,
        nets=[part.nets[link] for link in links],
        leave=[part.leave[link] for link in links] if part.leave else [0.0] * len(links),
        arrive=[part.arrive[link] for link in links] if part.leave else [0.0] * len(links),
        labels={
            i: labels[link] for i, link in enumerate(links) if link in labels and ends[i][1] >= 0
        }
        if labels
        else {},
        is_lane=[link in beside for link in links],
        is_back=[beside.get(link, False) for link in links],
        tags={i: True for i, v in enumerate(part.order[begin:end]) if v in part.tags}
        if part.tags
        else {},
        inlets=1 - top if part.inlets and section.start < 1 else -1,
        outlets=len(rows) - 1 if part.outlets and section.stop >= last - 1 else -1,
        header=part.header,
        x=[nudge + x for x in section.shape.positions],
        rails={(part.nets[own[first]], r): nudge + x for first, r, x in section.shape.rails},
        lanes={(lane.net, lane.is_back): lane.seen_from(section.left, top) for lane in lanes},
        passing=passing,
    )
