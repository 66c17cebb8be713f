"""Distances between what is drawn, in pixels; "along" is the direction of the links."""

from __future__ import annotations

PADDING = 14.0
"""Between a container's border and the boxes in it."""

RAIL_PADDING = 22.0
"""Between a container's border and a rail in it."""

LABEL_PADDING = 8.0
"""Between a container's border and a label in it."""

BOX_GAP = 24.0
"""Between two boxes of one rank."""

RAIL_GAP = 14.0
"""Between a box and a link that passes it."""

PITCH = 10.0
"""Between two links that run side by side."""

NEAR = 8.0
"""Lines closer than this would be read as one."""

ROW_GAP = 30.0
"""Least distance along between two ranks."""

LEAVE = 11.0
"""From a rank to the first crosswise line below it."""

ARRIVE = 18.0
"""From the last crosswise line to the rank below it: an arrow head and its shaft."""

BORDER_GAP = 20.0
"""From the border, or the header, to the first rank when links come in."""

BORDER_LEAVE = 14.0
"""From the last rank, or the last crosswise line, to the border when links go out."""

PIN_STEP = 14.0
"""Between the ends of links on one border, when there is room."""

PIN_INSET = 6.0
"""The least distance of a link's end from the corner of its box."""

LABEL_OFFSET = 8.0
"""From a link to its label."""

LABEL_GAP = 6.0
"""Between a label and what is beside it."""

LABEL_CLEARANCE = 4.0
"""Above and below a label."""

LOOP_REACH = 14.0
"""How far a self-loop goes beside its box."""

PART_GAP = 40.0
"""Between parts that no link connects."""

LANE_SPAN = 48
"""A link over more ranks than this runs beside the drawing instead of through it."""
