"""Autograd's own graph: what a value's backward node reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from archviz.ops.gradients import gradient_table
from archviz.records import field, mutable, record

_TABLE = gradient_table("torch")
ZERO: dict[str, list[int]] = _TABLE["zero"]
MISSING: dict[str, list[int]] = _TABLE["missing"]
CONDITIONAL: dict[str, list[str]] = _TABLE["conditional"]
NOT_IMPLEMENTED = frozenset(
    {"torch::autograd::NotImplemented", "NotImplemented", "WarnNotImplemented"}
)
"""Nodes of operations that require gradient but have no formula."""

LEAF = "AccumulateGrad"
_NO_SEQUENCE = 1 << 62
"""Leaf nodes have no sequence number of their own, but one above this."""
_EVERY: frozenset[int] = frozenset(range(64))
_NONE: frozenset[int] = frozenset()


@record
class Behind:
    """The values that a value's backward pass hands gradient to.

    Attributes:
        gradient: Through formulas that are not zero.
        zero: Only through formulas that are zero everywhere, or through none.
        lacks_formula: Whether ``zero`` is for want of a formula.
    """

    gradient: frozenset[int] = _NONE
    zero: frozenset[int] = _NONE
    lacks_formula: bool = False


NOTHING = Behind()


def blocked_inputs(node: Any) -> tuple[frozenset[int], bool]:
    """Positions of the inputs that get zero or nothing, and whether for want of a formula."""
    name = node.name()
    if name in ZERO:
        return frozenset(ZERO[name]), False
    if name in NOT_IMPLEMENTED:
        return _EVERY, True
    if name in CONDITIONAL:
        attribute, *settings = CONDITIONAL[name]
        if getattr(node, f"_saved_{attribute}", None) in settings:
            return _EVERY, False
    if name in MISSING:
        return frozenset(MISSING[name]), True
    return _NONE, False


@mutable
class Ledger:
    """Which value each output of an autograd node, and each leaf tensor, is.

    No node is kept, only its sequence number, so that no memory is held for the analysis.

    Attributes:
        outputs: Value by sequence number of the node and position among its outputs; the latest,
            where operations gave back what they got.
        made: The first such value, which the operation that made the node has.
        leaves: Value by identity of the leaf tensor.
        kept: The leaf tensors, so that no identity is used again.
        adopt: Gives the value of a leaf that nothing has announced.
    """

    adopt: Callable[[torch.Tensor], int]
    outputs: dict[tuple[int, int], int] = field(default_factory=dict)
    made: dict[tuple[int, int], int] = field(default_factory=dict)
    leaves: dict[int, int] = field(default_factory=dict)
    kept: list[torch.Tensor] = field(default_factory=list)

    def note(self, value: int, tensor: torch.Tensor) -> Behind:
        """Notes that ``tensor`` is ``value`` from now on; gives what it reaches."""
        if not tensor.requires_grad:
            return NOTHING
        node = tensor.grad_fn
        if node is None:
            known = self.leaves.get(id(tensor))
            self.leaves[id(tensor)] = value
            if known is not None:
                return Behind(frozenset((known,)))
            self.kept.append(tensor)
            return NOTHING
        key = (node._sequence_nr(), tensor.output_nr)
        known = self.outputs.get(key)
        self.outputs[key] = value
        self.made.setdefault(key, value)
        if known is not None:
            return Behind(frozenset((known,)))
        return self.behind(node)

    def leaf(self, tensor: torch.Tensor) -> int:
        """The value of a leaf tensor."""
        value = self.leaves.get(id(tensor))
        if value is None:
            value = self.adopt(tensor)
            self.leaves.setdefault(id(tensor), value)
            self.kept.append(tensor)
        return value

    def behind(self, start: Any) -> Behind:
        """What ``start`` reaches, up to the outputs of nodes that are known."""
        gradient: set[int] = set()
        zero: set[int] = set()
        lacks_formula = False
        stack = [(start, False)]
        seen: set[tuple[int, bool]] = set()
        while stack:
            node, is_zero = stack.pop()
            number = node._sequence_nr()
            key = (number if number < _NO_SEQUENCE else id(node), is_zero)
            if key in seen:
                continue
            seen.add(key)
            blocked, lacks = (_NONE, False) if is_zero else blocked_inputs(node)
            for position, (inner, output) in enumerate(node.next_functions):
                if inner is None:
                    continue
                stops = is_zero or position in blocked
                lacks_formula |= lacks and stops
                if type(inner).__name__ == LEAF:
                    found: int | None = self.leaf(inner.variable)
                else:
                    found = self.outputs.get((inner._sequence_nr(), output))
                if found is None:
                    stack.append((inner, stops))
                else:
                    (zero if stops else gradient).add(found)
        return Behind(frozenset(gradient), frozenset(zero - gradient), lacks_formula)


def reachable(roots: list[torch.Tensor], *, through_zero: bool) -> dict[int, torch.Tensor]:
    """Leaf tensors, by identity, that the gradient of ``roots`` arrives at."""
    found: dict[int, torch.Tensor] = {}
    stack: list[Any] = []
    for root in roots:
        if root.requires_grad:
            if root.grad_fn is None:
                found[id(root)] = root
            else:
                stack.append(root.grad_fn)
    seen = set(stack)
    while stack:
        node = stack.pop()
        if type(node).__name__ == LEAF:
            found[id(node.variable)] = node.variable
            continue
        blocked = _NONE if through_zero else blocked_inputs(node)[0]
        for position, (inner, _) in enumerate(node.next_functions):
            if inner is not None and inner not in seen and position not in blocked:
                seen.add(inner)
                stack.append(inner)
    return found


def all_nodes(roots: list[torch.Tensor]) -> list[Any]:
    """Every autograd node behind ``roots``."""
    stack = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen = set(stack)
    found = []
    while stack:
        node = stack.pop()
        found.append(node)
        for inner, _ in node.next_functions:
            if inner is not None and inner not in seen:
                seen.add(inner)
                stack.append(inner)
    return found
