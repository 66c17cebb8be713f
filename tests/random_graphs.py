"""Graphs of any kind, for properties of layouts."""

from __future__ import annotations

from hypothesis import strategies as st

from archviz.layouts import Box, Link


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Link]]:
    """Nested boxes and any links between leaves: cycles, loops, several at once."""
    sizes = st.sampled_from((1.0, 13.5, 24.0, 77.5, 120.0, 200.0))
    boxes: list[Box] = []
    containers = [-1]
    for i in range(draw(st.integers(0, 24))):
        parent = draw(st.sampled_from(containers))
        if draw(st.integers(0, 4)) == 0:
            width = draw(st.sampled_from((0.0, 90.0, 300.0)))
            header = draw(st.sampled_from((0.0, 17.5, 24.0)))
            boxes.append(Box(f"c{i}", width, 0.0, parent, header, is_container=True))
            containers.append(i)
        else:
            boxes.append(Box(f"b{i}", draw(sizes), draw(sizes), parent))
    leaves = [i for i, box in enumerate(boxes) if not box.is_container]
    if not leaves:
        return boxes, []
    ends = st.sampled_from(leaves)
    labels = st.sampled_from((None, None, (58.0, 12.0), (20.5, 10.0)))
    forward = draw(st.booleans())
    links = []
    for _ in range(draw(st.integers(0, 2 * len(leaves)))):
        a, b = draw(ends), draw(ends)
        if forward and a > b:
            a, b = b, a
        links.append(Link(a, b, draw(st.integers(0, 1)), draw(labels)))
    return boxes, links
