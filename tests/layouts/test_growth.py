"""How the work of the layered engine grows with graphs that are wide, deep, dense or scattered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from geometry import faults
from networks import Network, resnet, synthetic, transformer
from steps import growth

from archviz.layouts import Box, Link
from archviz.layouts.sugiyama import place

Graph = tuple[list[Box], list[Link]]


def leaves(count: int) -> list[Box]:
    return [Box(str(index), 100, 30) for index in range(count)]


def chain(size: int) -> Graph:
    return leaves(size), [Link(i, i + 1) for i in range(size - 1)]


def fork_and_join(size: int) -> Graph:
    """One box leads to many, and all of them to one."""
    links = [Link(0, i) for i in range(1, size + 1)]
    return leaves(size + 2), links + [Link(i, size + 1) for i in range(1, size + 1)]


def join(size: int) -> Graph:
    """Very many inputs of one box."""
    return leaves(size + 1), [Link(i, size) for i in range(size)]


def parallel_merges(size: int) -> Graph:
    """Two boxes lead to each of many."""
    return leaves(size + 2), [Link(k, 2 + i) for i in range(size) for k in (0, 1)]


def pairs(size: int) -> Graph:
    """Many small graphs on one page."""
    return leaves(3 * size), [Link(3 * i + k, 3 * i + 2) for i in range(size) for k in (0, 1)]


def alone(size: int) -> Graph:
    return leaves(size), []


def used_everywhere(size: int) -> Graph:
    """A chain, and a value that each of its boxes uses."""
    boxes, links = chain(size)
    return [*boxes, Box("mask", 100, 30)], links + [Link(size, i) for i in range(1, size)]


def nested(size: int) -> Graph:
    """Containers in containers, a link through all of them."""
    boxes = [Box(f"c{i}", 60, 0, i - 1, 20, is_container=True) for i in range(size)]
    boxes += [Box("in", 60, 30, size - 1), Box("out", 60, 30)]
    return boxes, [Link(size, size + 1)]


def network(make: Callable[[Network, int], None], *, is_nested: bool) -> Callable[[int], Graph]:
    def graph(size: int) -> Graph:
        found = Network(nested=is_nested)
        make(found, size)
        return found.boxes, found.links

    return graph


GRAPHS: dict[str, tuple[Callable[[int], Graph], int, float]] = {
    "chain": (chain, 100, 1.1),
    "fork and join": (fork_and_join, 100, 1.6),
    "join": (join, 100, 1.6),
    "parallel merges": (parallel_merges, 100, 2.0),
    "pairs": (pairs, 50, 1.1),
    "alone": (alone, 200, 1.1),
    "used everywhere": (used_everywhere, 100, 1.3),
    "nested": (nested, 50, 1.2),
    "resnet": (network(resnet, is_nested=False), 8, 1.1),
    "nested resnet": (network(resnet, is_nested=True), 8, 1.1),
    "transformer": (network(transformer, is_nested=False), 6, 1.2),
    "nested transformer": (network(transformer, is_nested=True), 6, 1.2),
    "synthetic": (network(synthetic, is_nested=False), 1000, 1.1),
}
"""A graph of any size, a size to begin with, and how much more a box may cost in one 4 times it."""


@pytest.mark.parametrize("name", GRAPHS)
def test_a_box_of_a_larger_graph_costs_about_as_much(name: str) -> None:
    make, small, most = GRAPHS[name]

    def run(size: int) -> Callable[[], object]:
        boxes, links = make(size)
        return lambda: place(boxes, links)

    assert growth(run, small) < most


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("name", GRAPHS)
def test_such_graphs_are_placed_without_fault(name: str, direction: str) -> None:
    make, small, _ = GRAPHS[name]
    boxes, links = make(min(small, 40))
    found = faults(boxes, links, place(boxes, links, direction=direction), direction)  # type: ignore[arg-type]
    assert found == []
