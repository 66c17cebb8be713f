"""Each invariant, broken once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import small_model

from archviz.ir import Graph, Node, Parameter, ParameterUse, Scope, TensorType, Value
from archviz.ir.verify import verify

SOUND = small_model().body
FIRST = SOUND.nodes[0]
FLOAT = TensorType("float32", (1,))


def with_node(**changes: object) -> Graph:
    return replace(SOUND, nodes=(replace(FIRST, **changes), *SOUND.nodes[1:]))  # type: ignore[arg-type]


BROKEN = {
    "defined twice": replace(SOUND, nodes=(*SOUND.nodes, replace(FIRST, outputs=()))),
    "which is not a value": with_node(inputs=("nowhere", None)),
    "has the unknown kind 'thing'": with_node(kind="thing"),
    "lives in the unknown scope": with_node(scope=("nowhere",)),
    "uses the unknown parameter": with_node(parameters=(ParameterUse("nothing", "W"),)),
    "at position 0, no hole": with_node(parameters=(ParameterUse("conv1.weight", "W", 0),)),
    "at position 9, no hole": with_node(parameters=(ParameterUse("conv1.weight", "W", 9),)),
    "no value of its graph": with_node(outputs=("first", "unheard")),
    "has two producers": replace(SOUND, nodes=(*SOUND.nodes, Node("x", "X", (), ("first",)))),
    "has no producer": replace(SOUND, values={**SOUND.values, "new": Value("new")}),
    "is filed under 'other'": replace(SOUND, values={**SOUND.values, "other": Value("first")}),
    "is listed twice": replace(SOUND, inputs=("image", "image")),
    "is not a value of its graph": replace(SOUND, inputs=("image", "nowhere")),
    "output 'nowhere' is not a value": replace(SOUND, outputs=("nowhere",)),
    "parameter 'a' is filed under 'b'": replace(SOUND, parameters={"b": Parameter("a", FLOAT)}),
    "has the unknown kind 'spare'": replace(
        SOUND, parameters={**SOUND.parameters, "a": Parameter("a", FLOAT, "spare")}
    ),
    "has no parent": replace(SOUND, scopes={**SOUND.scopes, ("q", "r"): Scope(("q", "r"))}),
    "is filed under ('z',)": replace(SOUND, scopes={**SOUND.scopes, ("z",): Scope(("block1",))}),
    "repeats 0 times": replace(SOUND, scopes={**SOUND.scopes, ("z",): Scope(("z",), "", 0)}),
}


def test_the_sound_graph_has_no_problems() -> None:
    assert verify(SOUND) == []


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_invariant_is_said(problem: str) -> None:
    assert any(problem in sentence for sentence in verify(BROKEN[problem]))
