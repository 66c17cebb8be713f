"""Graphs taken apart for the layered engine: into containers, and into what links connect."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from archviz.layouts import Box, Link
from archviz.layouts.sugiyama.cells import connected
from archviz.layouts.sugiyama.nesting import INLET, OUTLET, PortedArc, take_apart

ENDS = st.integers(0, 7)


@given(st.lists(st.builds(Link, ENDS, ENDS, st.integers(0, 2))))
@settings(deadline=None)
def test_a_page_of_leaves_is_taken_apart_as_one_with_a_container(links: list[Link]) -> None:
    leaves = [Box(str(i), 10.0, 10.0) for i in range(8)]
    cells, pieces = take_apart(leaves, links)
    others, parts = take_apart([*leaves, Box("c", 0.0, 0.0, is_container=True)], links)
    assert cells[-1].children == others[-1].children[:-1] == list(range(8))
    assert cells[-1].arcs == others[-1].arcs
    assert [cell.arcs for cell in cells[:-1]] == [[]] * 8
    assert list(pieces) == [((8, arc),) for ((_, arc),) in parts]


@given(
    st.lists(
        st.one_of(
            st.builds(lambda a, b: (a, -1, b, -1, 0, None), ENDS, ENDS),
            st.builds(lambda port, b: (INLET, port, b, -1, 0, None), st.integers(0, 1), ENDS),
            st.builds(lambda a, port: (a, -1, OUTLET, port, 0, None), ENDS, st.integers(0, 1)),
        ),
        max_size=9,
    )
)
@settings(deadline=None)
def test_parts_are_what_arcs_and_ports_connect(arcs: list[PortedArc]) -> None:
    ends = [
        (("in", arc[1]) if arc[0] == INLET else arc[0], ("out", arc[3]) if arc[2] < 0 else arc[2])
        for arc in arcs
    ]
    expected = []
    left = list(range(8))
    while left:
        found: set[object] = {left[0]}
        for _ in range(20):
            found.update(end for pair in ends if found & {*pair} for end in pair)
        members = [v for v in left if v in found]
        left = [v for v in left if v not in found]
        own = [i for i, (a, _) in enumerate(ends) if a in found]
        ported = any(arcs[i][0] == INLET or arcs[i][2] == OUTLET for i in own)
        expected.append((members, own, ported))
    assert connected(8, arcs) == expected
    assert connected(0, []) == []
