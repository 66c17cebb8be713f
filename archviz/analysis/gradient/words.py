"""The words of the analysis: verdicts on parameters, kinds of culprits, what to do about them."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a parameter in the backward pass of one call."""

    OK = "ok"
    """Gradient reaches it."""
    FROZEN = "frozen"
    """It does not ask for gradient."""
    SIDE = "side"
    """It feeds only tensors outside the loss, kept as attributes of modules."""
    NOT_RUN = "not-run"
    """Its module is an alternative that this call left out while it took a sibling."""
    UNUSED = "unused"
    """Nothing reads it."""
    NO_EFFECT = "no-effect"
    """It is read, and what was computed from it is thrown away."""
    CUT = "cut"
    """It takes part in the result, and every path back is cut."""
    ZERO = "zero"
    """Every path back goes through an operation whose gradient is zero everywhere."""
    ZERO_HERE = "zero-here"
    """Its gradient is zero for these values."""
    NONE_GRAD = "none-grad"
    """A path back seems to exist, but backward leaves no gradient."""
    NO_FORMULA = "no-formula"
    """The path back goes through an operation without a backward formula."""
    NONFINITE = "nonfinite"
    """Its gradient is infinite or not a number."""


HEALTHY = frozenset({Verdict.OK, Verdict.FROZEN, Verdict.SIDE, Verdict.NOT_RUN})
"""Verdicts that need no explanation."""


class Kind(StrEnum):
    """How a culprit keeps gradient back."""

    NONDIFFERENTIABLE = "nondiff"
    COMPARISON = "compare"
    CAST = "cast"
    DETACH = "detach"
    DATA = "data"
    NO_GRAD = "no_grad"
    INFERENCE_MODE = "inference_mode"
    LEAVE = "leave"
    BRANCH = "leave-control"
    REWRAP = "rewrap"
    NEW_PARAMETER = "reparam"
    DATA_WRITE = "data-write"
    CREATE_GRAPH = "create_graph"
    CUSTOM = "custom"
    NO_FORMULA = "nograd-formula"
    ZERO = "zero"
    ZERO_HERE = "zero-here"
    NONFINITE = "nonfinite"


PRICE: dict[Kind, float] = {Kind.COMPARISON: 1.5, Kind.BRANCH: 3.0}
"""What crossing a cut of a kind costs, 1 if not here, when the likeliest path is looked for.

Masks and branches stand beside most real paths, so they are the explanation only for want of one.
"""

STOPS = frozenset({Kind.DETACH, Kind.DATA, Kind.NO_GRAD, Kind.INFERENCE_MODE})
"""What people write on purpose to stop gradient."""

SUGGESTION: dict[Kind, str] = {
    Kind.NONDIFFERENTIABLE: "relax it (softmax, gumbel_softmax with hard=True), pass the gradient "
    "straight through, or multiply by the differentiable score",
    Kind.COMPARISON: "use a soft threshold such as sigmoid((x - t) / temperature), or a "
    "straight-through estimator",
    Kind.CAST: "stay in floating point; to quantize, use x + (q - x).detach()",
    Kind.DETACH: "drop detach() on this path, or freeze what feeds it with requires_grad_(False) "
    "when the stop is meant",
    Kind.DATA: "use the tensor itself in place of .data, or detach() when the stop is meant",
    Kind.NO_GRAD: "move the call out of the no_grad region, or freeze the parameters with "
    "requires_grad_(False) when the stop is meant",
    Kind.INFERENCE_MODE: "call it outside inference_mode, whose tensors can never join a graph",
    Kind.LEAVE: "stay in torch: numpy(), item() and tolist() leave the graph",
    Kind.BRANCH: "make the choice differentiable, for instance by weighting both outcomes",
    Kind.REWRAP: "use the tensor itself, clone() it, or torch.stack() several; "
    "torch.tensor() copies bare values",
    Kind.NEW_PARAMETER: "make the Parameter once in __init__ and compute with torch in forward; "
    "torch.func.functional_call takes generated weights",
    Kind.DATA_WRITE: "compute a new tensor and use it; writes through .data or under no_grad are "
    "hidden from autograd (torch.func.functional_call takes generated weights)",
    Kind.CREATE_GRAPH: "pass create_graph=True to torch.autograd.grad",
    Kind.CUSTOM: "return a gradient for this input from backward, and do not mark the output "
    "non-differentiable",
    Kind.NO_FORMULA: "register a formula (torch.library.register_autograd), or use an operation "
    "that has one",
    Kind.ZERO: "pass the gradient straight through, x + (f(x) - x).detach(), or use a smooth "
    "stand-in",
    Kind.ZERO_HERE: "look at the values that arrive: the operation is saturated, dead, or cancels "
    "itself out",
    Kind.NONFINITE: "keep the operation's input inside the region where its derivative is finite",
}
"""The next step by kind."""


class Confidence(StrEnum):
    """How sure a verdict is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    """The value left the framework and no way back was seen."""
    VALUE_DEPENDENT = "value-dependent"
    """It hangs on a branch whose outcome was made up, as the tensors hold no values."""
    INTENDED = "intended"
    """The stop looks deliberate."""
    STATIC = "static"
    """Judged by the file alone, without a call: it holds for every loss."""
