"""The solver on graphs made by hand, and its promises on random ones."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from archviz.analysis.gradient.graph import (
    GradientValue,
    ModuleFacts,
    Operation,
    Region,
    Role,
    Target,
    ValueGraph,
)
from archviz.analysis.gradient.solver import solve
from archviz.analysis.gradient.words import Confidence, Kind, Verdict
from archviz.diagnostics import SourceLocation


class Graph:
    """A value graph as it is built: one output an operation."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.values: list[GradientValue] = []

    def leaf(self, name: str = "") -> int:
        return self.add(name or "leaf", (), gradient=(), role=Role.LEAF, requires_grad=True)

    def add(
        self,
        name: str,
        inputs: tuple[int, ...],
        gradient: tuple[int, ...] | None = None,
        *,
        role: Role = Role.PLAIN,
        zero: tuple[int, ...] = (),
        is_tracked: bool = True,
        is_float: bool = True,
        requires_grad: bool | None = None,
        region: Region | None = None,
    ) -> int:
        reached = inputs if gradient is None else gradient
        number = len(self.operations)
        frame = SourceLocation("model.py", number + 1)
        self.operations.append(
            Operation(name, role, inputs, (number,), "m", (frame,), is_tracked, region)
        )
        needs = bool(reached or zero) if requires_grad is None else requires_grad
        self.values.append(
            GradientValue(number, frozenset(reached), frozenset(zero), False, needs, is_float)
        )
        return number

    def solve(self, root: int, *leaves: int, **modules: ModuleFacts) -> dict[str, str]:
        return {name: item.verdict for name, item in self.report(root, *leaves, **modules).items()}

    def report(self, root: int, *leaves: int, **modules: ModuleFacts):
        reached = self.reached(root)
        targets = {
            f"m.p{leaf}": Target(leaf, (2, 2), is_reached=leaf in reached) for leaf in leaves
        }
        facts = modules or {"m": ModuleFacts("m", "M", 1)}
        return solve(ValueGraph(self.operations, self.values, (root,), targets, facts))

    def reached(self, root: int) -> set[int]:
        found, stack = set(), [root]
        while stack:
            value = stack.pop()
            if value not in found:
                found.add(value)
                stack.extend(self.values[value].gradient)
        return found


def test_what_gradient_reaches_is_fine_whatever_is_cut_elsewhere() -> None:
    g = Graph()
    p = g.leaf()
    stopped = g.add("torch.Tensor.detach", (p,), (), role=Role.DETACH)
    assert g.solve(g.add("add", (p, stopped), (p,)), p) == {"m.p0": Verdict.OK}


def test_a_detach_on_the_only_way_is_the_culprit_with_its_line() -> None:
    g = Graph()
    p = g.leaf()
    h = g.add("linear", (p,))
    stopped = g.add("torch.Tensor.detach", (h,), (), role=Role.DETACH)
    found = g.report(g.add("mul", (stopped,), ()), p)["m.p0"]
    assert found.verdict is Verdict.CUT
    assert found.culprits[0].kind is Kind.DETACH
    assert found.culprits[0].location.line == stopped + 1


def test_leaving_torch_is_named_before_the_detach_that_allows_it() -> None:
    g = Graph()
    p = g.leaf()
    detached = g.add("torch.Tensor.detach", (p,), (), role=Role.DETACH)
    array = g.add("torch.Tensor.numpy", (detached,), (), role=Role.LEAVE)
    back = g.add("torch.from_numpy", (array,), ())
    found = g.report(back, p)["m.p0"]
    assert [item.kind for item in found.culprits[:2]] == [Kind.LEAVE, Kind.DETACH]


def test_a_mask_is_blamed_only_when_there_is_no_likelier_way() -> None:
    g = Graph()
    p = g.leaf()
    mask = g.add("gt", (p,), (), role=Role.COMPARISON, is_float=False)
    stopped = g.add("torch.Tensor.detach", (p,), (), role=Role.DETACH)
    root = g.add("where", (mask, stopped), ())
    kinds = [item.kind for item in g.report(root, p)["m.p0"].culprits]
    assert kinds == [Kind.DETACH, Kind.COMPARISON]
    assert g.report(g.add("masked", (mask,), ()), p)["m.p0"].culprits[0].kind is Kind.COMPARISON


def test_a_region_is_named_by_its_own_line() -> None:
    g = Graph()
    p = g.leaf()
    region = Region("no_grad", SourceLocation("model.py", 99))
    h = g.add("linear", (p,), (), is_tracked=False, region=region)
    culprit = g.report(g.add("relu", (h,), ()), p)["m.p0"].culprits[0]
    assert (culprit.kind, culprit.location.line, culprit.region) == (Kind.NO_GRAD, 99, "no_grad")


def test_flat_operations_give_the_verdict_zero() -> None:
    g = Graph()
    p = g.leaf()
    flat = g.add("torch.round", (p,), (), zero=(p,))
    assert g.solve(g.add("mul", (flat,)), p) == {"m.p0": Verdict.ZERO}


def test_what_is_not_read_is_unused_and_what_is_thrown_away_has_no_effect() -> None:
    g = Graph()
    p, q = g.leaf(), g.leaf()
    g.add("linear", (q,))
    assert g.solve(g.leaf("x"), p, q) == {"m.p0": Verdict.UNUSED, "m.p1": Verdict.NO_EFFECT}


def test_a_value_that_only_steers_python_is_likely_cut_by_the_branch() -> None:
    g = Graph()
    p = g.leaf()
    g.add("torch.Tensor.__bool__", (p,), (), role=Role.BRANCH)
    found = g.report(g.leaf("x"), p)["m.p0"]
    assert (found.verdict, found.confidence) == (Verdict.CUT, Confidence.LIKELY)
    assert found.culprits[0].kind is Kind.BRANCH


@st.composite
def random_graphs(draw: st.DrawFn) -> tuple[Graph, int, list[int]]:
    g = Graph()
    leaves = [g.leaf() for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, 14))):
        known = len(g.values)
        inputs = tuple(sorted(draw(st.sets(st.integers(0, known - 1), min_size=1, max_size=3))))
        kept = tuple(value for value in inputs if draw(st.booleans()))
        g.add("op", inputs, kept, role=draw(st.sampled_from([Role.PLAIN, Role.DETACH])))
    return g, len(g.values) - 1, leaves


@settings(max_examples=150, deadline=None)
@given(random_graphs())
def test_a_culprit_is_a_cut_between_the_parameter_and_the_loss(
    made: tuple[Graph, int, list[int]],
) -> None:
    g, root, leaves = made
    above: set[int] = set()
    stack = [root]
    while stack:
        value = stack.pop()
        if value not in above:
            above.add(value)
            stack.extend(g.operations[value].inputs)
    for name, found in g.report(root, *leaves).items():
        leaf = int(name.removeprefix("m.p"))
        assert (found.verdict is Verdict.OK) == (leaf in g.reached(root))
        assert (found.verdict is Verdict.CUT) == (leaf in above and found.verdict is not Verdict.OK)
        for culprit in found.culprits:
            value = culprit.location.line - 1
            lost = set(g.operations[value].inputs) - g.values[value].gradient
            assert value in above
            assert any(leaf in g.reached(source) for source in lost)
