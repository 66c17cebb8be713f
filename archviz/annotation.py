"""What an overlay says of a picture: plain values that a view draws and no view makes.

States are the few that are told apart without colour: "good" (drawn in solid lines), "bad" (dotted
and dashed) and "off" (long dashes). Signs are drawn as lines: "check", "cross", "lock", "scissors".
"""

from __future__ import annotations

from collections.abc import Mapping

from archviz.records import field, record


@record
class Remark:
    """One line under a node.

    Attributes:
        text: What it says first, in the colour of its state.
        note: What stands at the end of the line.
        state: "good", "bad", "off" or "" for plain text.
        sign: The sign before the text, or "".
    """

    text: str
    note: str = ""
    state: str = ""
    sign: str = ""


@record
class Entry:
    """One line of the legend.

    Attributes:
        text: What it means.
        state: The state explained.
        sign: The sign explained; "" for a line in the style of the state.
    """

    text: str
    state: str
    sign: str = ""


@record
class Annotation:
    """What an overlay says of one prepared graph.

    Attributes:
        rings: A state by id of the node that gets a ring.
        remarks: Lines by id of the node that they stand under.
        badges: A sign by id of the node that has it at its corner.
        edges: A state by value and id of the consuming node, "" for an output of the graph.
        legend: What the signs and states mean.
        notes: Sentences under the picture, for what has no place in it.
        summary: One sentence for those who cannot see the picture.
    """

    rings: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, tuple[Remark, ...]] = field(default_factory=dict)
    badges: Mapping[str, str] = field(default_factory=dict)
    edges: Mapping[tuple[str, str], str] = field(default_factory=dict)
    legend: tuple[Entry, ...] = ()
    notes: tuple[Remark, ...] = ()
    summary: str = ""
