"""A tree as dots, the largest with labels."""

from __future__ import annotations

from math import sqrt

from archviz.views.tree import words
from archviz.views.tree.cards import LINE, Card, Facts, Line
from archviz.views.tree.numbers import DIGITS

LABELLED = 40
"""How many dots have labels."""

SMALLEST, LARGEST = 2.6, 9.0


def dots_of(facts: Facts) -> list[Card]:
    """A dot for each node shown; its area goes with its rows."""
    part = facts.part
    shares = [facts.part_of_rows(index) for index in range(len(part.rows))]
    order = sorted(
        range(len(shares)),
        key=lambda i: (-shares[i] if shares[i] == shares[i] else 0.0, part.depths[i], i),
    )
    labelled = dict.fromkeys((*part.path, *order[:LABELLED]))
    dots = []
    for index, share in enumerate(shares):
        values = facts.values[index]
        radius = round(max(SMALLEST, LARGEST * sqrt(share)) if share == share else 4.0, 1)
        lines: list[Line] = []
        if index in labelled:
            text = facts.conditions[index] or words.prediction(
                facts.fills, values, facts.digits or DIGITS
            )
            lines.append(Line(text, False))
        width = max([2 * radius, *(line.width + 4 for line in lines)])
        height = 2 * radius + LINE * len(lines)
        if facts.is_sideways and lines:
            width, height = 2 * radius + lines[0].width + 10, max(2 * radius, LINE - 2)
        dots.append(
            Card(
                "dot",
                round(width, 1),
                round(height, 1),
                tuple(lines),
                facts.fill("split" if facts.conditions[index] else "leaf", values),
                (),
                radius,
                facts.is_sideways,
                part.numbers[index],
                f"t{part.tree}-n{part.numbers[index]}",
                facts.tooltip(index),
            )
        )
    return dots
