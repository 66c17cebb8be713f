"""Which parameters get gradient, and which line keeps it from those that do not.

A recorded forward call and its loss are a value graph: each value knows what it was computed from
(data edges) and what its autograd node reaches (gradient edges). A cut is a data edge without a
gradient edge. Everything here works on plain values, so that any framework that can tell the two
kinds of edges apart gets the same answers.
"""

from __future__ import annotations
