"""Backward passes: None, zero and infinite gradients where the graph alone promises more.

The gradient is that of a random projection of the roots, since a plain sum has none for outputs
that are normalised (softmax, layer norm).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from archviz.importers.torch.gradient.nodes import LEAF, all_nodes, reachable
from archviz.records import field, mutable, record

NO_FORMULA = ("derivative for", "no autograd formula", "not implemented for", "not differentiable")
"""What PyTorch says when an operation has no formula; any other error is not a finding."""

SMALL = 1e-5
"""Share of the median gradient below which a gradient is taken for rounding error."""

OK, NONE, ZERO, NONFINITE = "ok", "none", "zero", "nonfinite"


class MissingFormulaError(RuntimeError):
    """Backward went into an operation without a formula.

    Args:
        node: The autograd node.
        text: What PyTorch said.
    """

    def __init__(self, node: Any, text: str) -> None:
        super().__init__(text)
        self.node = node


@mutable
class Gradients:
    """What one backward pass left.

    Attributes:
        state: "ok", "none", "zero" or "nonfinite" by name of the tensor.
        size: The largest element by name; nothing for ghosts.
        is_real: Whether the gradients have values.
    """

    state: dict[str, str] = field(default_factory=dict)
    size: dict[str, float] = field(default_factory=dict)
    is_real: bool = True


def differentiable(roots: list[torch.Tensor]) -> list[torch.Tensor]:
    """The roots that a backward pass can start from."""
    return [
        root
        for root in roots
        if root.requires_grad
        and root.grad_fn is not None
        and (root.is_floating_point() or root.is_complex())
    ]


def run(
    roots: list[torch.Tensor], wanted: Mapping[str, torch.Tensor], *, through_opaque: bool = False
) -> Gradients:
    """One backward pass from ``roots`` to the tensors ``wanted``.

    Args:
        roots: The tensors of the loss.
        wanted: Leaf tensors by name.
        through_opaque: Whether gradient may come by other ways than the graph, as in third
            parties' re-entrant checkpoints; their .grad is then used and put back.

    Raises:
        MissingFormulaError: An operation on the way has no formula.
        RuntimeError: Backward failed for another reason.
    """
    projection = Projection(roots)
    leaves = list(wanted.values())
    try:
        found = projection.gradients(leaves, accumulate=through_opaque)
    except RuntimeError as error:
        if not any(part in str(error) for part in NO_FORMULA):
            raise
        node = _failing_node(projection)
        if node is None:
            raise
        raise MissingFormulaError(node, str(error)) from error
    result = Gradients(is_real=not projection.is_ghost)
    for name, gradient in zip(wanted, found, strict=True):
        result.state[name] = (
            OK if gradient is not None and projection.is_ghost else state_of(gradient)
        )
        if result.state[name] == OK and not projection.is_ghost:
            result.size[name] = _largest(gradient)
    return result


def state_of(gradient: torch.Tensor | None) -> str:
    """In one word, what a gradient is."""
    if gradient is None:
        return NONE
    if gradient.is_meta:
        return OK
    values = gradient if gradient.layout is torch.strided else gradient.coalesce().values()
    if not values.numel():
        return OK
    if not bool(torch.isfinite(values).all()):
        return NONFINITE
    return OK if bool(values.any()) else ZERO


def _largest(gradient: torch.Tensor) -> float:
    values = gradient if gradient.layout is torch.strided else gradient.coalesce().values()
    return float(values.abs().max()) if values.numel() else 0.0


class Projection:
    """A random linear function of the roots, and its gradient."""

    def __init__(self, roots: list[torch.Tensor]) -> None:
        self.roots = differentiable(roots)
        self.is_ghost = any(root.is_meta for root in self.roots)
        generator = torch.Generator().manual_seed(0)
        self._weights = [self._weight(root, generator) for root in self.roots]

    @staticmethod
    def _weight(root: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if root.is_meta:
            return torch.ones_like(root)
        size = torch.rand(root.shape, generator=generator) + 0.5
        sign = torch.randint(0, 2, root.shape, generator=generator) * 2 - 1
        return (size * sign).to(root)

    def scalar(self) -> torch.Tensor:
        """The projection; grad_outputs= would do without it but imports a computer algebra."""
        total: torch.Tensor | None = None
        with torch.enable_grad():
            for root, weight in zip(self.roots, self._weights, strict=True):
                part = (root * weight).sum()
                if part.is_complex():
                    part = torch.view_as_real(part).sum()
                if part.device.type == "cpu":
                    part = part.to(torch.float64)
                total = part if total is None else total + part.to(total)
        assert total is not None
        return total

    def gradients(
        self, leaves: list[torch.Tensor], *, accumulate: bool
    ) -> list[torch.Tensor | None]:
        """Of the projection; every tensor's .grad stays as it was."""
        return gradients_of(self.scalar, self.roots, leaves, accumulate=accumulate)


def gradients_of(
    scalar: Callable[[], torch.Tensor],
    roots: list[torch.Tensor],
    leaves: list[torch.Tensor],
    *,
    accumulate: bool = False,
) -> list[torch.Tensor | None]:
    """The gradient of a number; every tensor's .grad stays as it was.

    Args:
        scalar: Computes the number.
        roots: The tensors that it is computed from.
        leaves: With respect to what.
        accumulate: Whether to go by way of .grad, which sees what re-entrant checkpoints hand on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not accumulate:
            try:
                return list(
                    torch.autograd.grad(scalar(), leaves, retain_graph=True, allow_unused=True)
                )
            except RuntimeError as error:
                if "Checkpointing is not compatible" not in str(error):
                    raise
        every = {id(leaf): leaf for leaf in leaves}
        every.update(reachable(roots, through_zero=True))
        kept = [(leaf, leaf.grad) for leaf in every.values()]
        for leaf, _ in kept:
            leaf.grad = None
        try:
            torch.autograd.backward(scalar(), retain_graph=True)
            return [leaf.grad for leaf in leaves]
        finally:
            for leaf, gradient in kept:
                leaf.grad = gradient


@mutable
class Flow:
    """What went in and out of every node of a backward pass.

    Attributes:
        inward: States of the gradients that each node handed on, by position.
        outward: States of the gradients that arrived at it.
        users: For each node those that hand gradient to it, with the position.
    """

    inward: dict[Any, list[str]]
    outward: dict[Any, list[str]]
    users: dict[Any, list[tuple[Any, int]]]


def watched(roots: list[torch.Tensor]) -> Flow:
    """A second backward pass, with every node looked at."""
    projection = Projection(roots)
    nodes = all_nodes(projection.roots)
    flow = Flow({}, {}, {})
    for node in nodes:
        for position, (inner, _) in enumerate(node.next_functions):
            if inner is not None:
                flow.users.setdefault(inner, []).append((node, position))
    _run_watched(projection, nodes, flow, [])
    return flow


def _failing_node(projection: Projection) -> Any:
    """The node that was running when backward raised; None when it cannot be told."""
    nodes = all_nodes(projection.roots)
    started: list[Any] = []
    flow = Flow({}, {}, {})
    _run_watched(projection, nodes, flow, started)
    unfinished = [node for node in started if node not in flow.inward]
    return unfinished[-1] if unfinished else None


def _run_watched(projection: Projection, nodes: list[Any], flow: Flow, started: list[Any]) -> None:
    handles = []

    def before(node: Any) -> Callable[[Any], None]:
        return lambda gradients: started.append(node)

    def after(node: Any) -> Callable[[Any, Any], None]:
        def note(inward: Any, outward: Any) -> None:
            flow.inward[node] = [state_of(item) for item in inward]
            flow.outward[node] = [state_of(item) for item in outward]

        return note

    try:
        for node in nodes:
            handles.append(node.register_prehook(before(node)))
            handles.append(node.register_hook(after(node)))
        leaves = [node.variable for node in nodes if type(node).__name__ == LEAF]
        projection.gradients(leaves, accumulate=False)
    except RuntimeError:
        pass  # what ran before it is told; the first pass raised the same
    finally:
        for handle in handles:
            handle.remove()


@record
class Blame:
    """An autograd node that turned a gradient bad."""

    node: Any
    note: str = ""


def blamed(flow: Flow, leaf: torch.Tensor, what: str) -> Iterator[Blame]:
    """The nodes that got a good gradient and handed a bad one towards ``leaf``.

    Args:
        flow: The backward pass.
        leaf: The tensor whose gradient is bad.
        what: How: "none", "zero" or "nonfinite".
    """
    stack = [node for node in flow.users if type(node).__name__ == LEAF and node.variable is leaf]
    seen = set(stack)
    while stack:
        node = stack.pop()
        for user, position in flow.users.get(node, ()):
            found = _judged(flow, node, user, position, what)
            if found is not None:
                yield found
            elif user not in seen:
                seen.add(user)
                stack.append(user)


def _judged(flow: Flow, node: Any, user: Any, position: int, what: str) -> Blame | None:
    inward = flow.inward.get(user)
    if inward is None:
        return None
    arrives = flow.outward[user]
    handed = inward[position] if position < len(inward) else NONE
    if what == NONE:
        is_it = handed == NONE and any(state != NONE for state in arrives)
        return Blame(user) if is_it else None
    if what == NONFINITE:
        is_it = handed == NONFINITE and NONFINITE not in arrives
        return Blame(user) if is_it else None
    if handed in (ZERO, NONE):
        return Blame(user) if OK in arrives else None
    if handed != OK:
        return None
    good = sum(
        1
        for other, place in flow.users[node]
        if other in flow.inward
        and place < len(flow.inward[other])
        and flow.inward[other][place] == OK
    )
    if good == 1:
        return Blame(node, "a tensor hook replaces its gradient by zero")
    return Blame(user, "what several uses contribute cancels out exactly")


def rounding_noise(gradients: Gradients) -> dict[str, float]:
    """Names of tensors whose gradient is nothing but rounding error, with its share of the rest."""
    sizes = sorted(gradients.size.values())
    median = sizes[len(sizes) // 2] if sizes else 0.0
    if not median:
        return {}
    return {name: size / median for name, size in gradients.size.items() if size < median * SMALL}
