"""hide, select and collapse-scopes: what the user asks to see."""

import pytest

from archviz.errors import OptionError
from archviz.ir import Graph
from archviz.ir.build import GraphBuilder
from archviz.ir.verify import verify
from archviz.passes import collapse_scopes, hide, select


def chain(blocks: int, length: int = 3) -> Graph:
    """A stem, ``blocks`` scopes "layers/i" of class Block with ``length`` operations, a head."""
    b = GraphBuilder()
    value = b.value("x")
    b.inputs.append(value)

    def step(op: str, scope: tuple[str, ...]) -> None:
        nonlocal value
        following = b.value("v")
        b.node(op, (value,), (following,), scope=scope)
        value = following

    step("Conv", ())
    for index in range(blocks):
        b.scope(("layers", str(index)), "Block")
        for number in range(length):
            step(("Relu", "Tanh", "Abs")[number % 3], ("layers", str(index)))
    step("Gemm", ())
    b.outputs.append(value)
    return b.build()


def test_hiding_by_operator_rejoins_the_neighbours() -> None:
    result = hide.apply(chain(2), patterns=("Tanh",))
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Conv", "Relu", "Abs", "Relu", "Abs", "Gemm"]


def test_hiding_by_scope_takes_everything_inside() -> None:
    result = hide.apply(chain(2), patterns=("layers.1",))
    assert verify(result) == []
    assert len(result.nodes) == 5
    assert result.nodes[-1].inputs == result.nodes[-2].outputs


def test_hiding_by_type_looks_at_classes_alone() -> None:
    assert len(hide.apply(chain(2), patterns=("type:Block",)).nodes) == 2


def test_a_pattern_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(OptionError, match="matches no node"):
        hide.apply(chain(1), patterns=("Softmax",))


@pytest.mark.parametrize(("wrong", "near"), [("relu", "Relu"), ("layers.01", "layers.1")])
def test_a_pattern_that_matches_nothing_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(OptionError, match=f"did you mean '{near}'"):
        hide.apply(chain(2), patterns=(wrong,))


def test_hiding_everything_is_an_error() -> None:
    with pytest.raises(OptionError, match="leaves nothing"):
        hide.apply(chain(1), patterns=("*",))


def test_focus_keeps_a_scope_and_shows_its_neighbours_as_stubs() -> None:
    result = select.apply(chain(3), focus="layers.1")
    assert verify(result) == []
    assert [(n.kind, n.op) for n in result.nodes] == [
        ("stub", "Block"),
        ("op", "Relu"),
        ("op", "Tanh"),
        ("op", "Abs"),
        ("stub", "Block"),
    ]
    assert result.nodes[0].name == "layers.0"
    assert result.nodes[0].inputs == ()
    assert result.nodes[-1].outputs == ()
    assert result.inputs == ()


def test_focus_on_one_operation_shows_what_it_is_joined_to() -> None:
    result = select.apply(chain(1), focus="Conv")
    assert verify(result) == []
    assert [n.kind for n in result.nodes] == ["op", "stub"]
    assert result.inputs == ("x",)


def test_an_unknown_focus_names_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"layers\.1"):
        select.apply(chain(2), focus="layer.1")


def test_the_end_of_a_path_is_answered_with_the_whole_path() -> None:
    graph = GraphBuilder()
    for layer in ("0", "1"):
        graph.scope(("encoder", "layer", layer, "attention", "output"), "Output")
        graph.node("Relu", scope=("encoder", "layer", layer, "attention", "output"))
    with pytest.raises(OptionError, match="did you mean 'encoder/layer/0/attention/output'"):
        select.apply(graph.build(), focus="attention.output")


def test_depth_zero_merges_the_outermost_scopes() -> None:
    graph = chain(4)
    result = collapse_scopes.apply(graph, depth=0)
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Conv", "layers", "Gemm"]
    module = result.nodes[1]
    assert (module.kind, module.name, module.scope) == ("module", "layers", ())
    assert len(module.origin) == 12
    assert result.scopes == {}


def test_depth_one_opens_one_level() -> None:
    result = collapse_scopes.apply(chain(4), depth=1)
    assert verify(result) == []
    assert [n.op for n in result.nodes] == ["Conv", *["Block"] * 4, "Gemm"]
    assert result.nodes[1].scope == ("layers",)


def test_all_opens_everything() -> None:
    graph = chain(40)
    assert collapse_scopes.apply(graph, depth="all") is graph


def test_the_automatic_depth_stays_within_a_page() -> None:
    small = collapse_scopes.apply(chain(4))
    assert len(small.nodes) == 14  # fits, so nothing is collapsed
    large = collapse_scopes.apply(chain(40, 30))
    assert len(large.nodes) == 42
    assert all(node.kind == "module" for node in large.nodes[1:-1])


def test_every_operation_is_accounted_for_at_every_depth() -> None:
    graph = chain(30, 5)
    everything = [n.id for n in graph.nodes]
    for depth in (0, 1, 2, "auto", "all"):
        result = collapse_scopes.apply(graph, depth=depth)  # type: ignore[arg-type]
        assert [origin for n in result.nodes for origin in n.origins] == everything


def test_a_scope_around_one_operation_is_left_open() -> None:
    result = collapse_scopes.apply(chain(3, 1), depth=1)
    assert [n.kind for n in result.nodes] == ["op"] * 5


def test_a_negative_depth_is_an_error() -> None:
    with pytest.raises(OptionError, match="depth"):
        collapse_scopes.apply(chain(2), depth=-1)


def test_collapsing_may_close_a_cycle() -> None:
    b = GraphBuilder()
    x, one, two, y = (b.value(n) for n in ("x", "one", "two", "y"))
    b.inputs.append(x)
    b.scope(("a",))
    b.scope(("b",))
    b.node("First", (x,), (one,), scope=("a",))
    b.node("Between", (one,), (two,), scope=("b",))
    b.node("Other", (one,), (b.value("side"),), scope=("b",))
    b.node("Last", (two,), (y,), scope=("a",))
    b.outputs.append(y)
    result = collapse_scopes.apply(b.build(), depth=0)
    assert verify(result) == []
    first, second = result.nodes
    assert "two" in first.inputs
    assert "one" in second.inputs
