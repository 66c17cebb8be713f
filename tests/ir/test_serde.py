"""The Model's file format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import small_model
from graphs import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archviz.ir import Graph, Model, Node, Scope, serde
from archviz.ir.serde import ModelFormatError
from archviz.output import encode
from archviz.renderers.json import LINE, render

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "archviz.schema.json").read_text()
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
relaxed = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=80)


def same(one: object, other: object) -> bool:
    """Equality for which nan is nan."""
    return repr(one) == repr(other)


@relaxed
@given(models())
def test_a_model_written_and_read_is_the_same(model: Model) -> None:
    text = encode(render(model)).decode()
    assert same(serde.from_json(json.loads(text)), model)


@relaxed
@given(models())
def test_what_is_written_keeps_to_the_schema(model: Model) -> None:
    VALIDATOR.validate(json.loads(render(model)))


def test_what_folding_says_of_a_block_is_kept_and_in_the_schema() -> None:
    scope = Scope(("experts", "0"), "Expert", 8, "7", shares_weights=True, is_parallel=True)
    graph = Graph(scopes={("experts",): Scope(("experts",)), scope.path: scope})
    data = json.loads(render(Model(graph)))
    VALIDATOR.validate(data)
    assert serde.from_json(data).graph.scopes[scope.path] == scope


def test_the_schema_itself_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_refuses_what_archviz_would_not_write() -> None:
    data = serde.to_json(small_model())
    data["graph"]["nodes"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


def paths_into(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, item in items:
        found.append((*path, key))
        if isinstance(item, dict | list):
            found += paths_into(item, (*path, key))
    return found


WHOLE = json.loads(render(small_model()))


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(paths_into(WHOLE)),
    st.sampled_from([None, True, 7, 1.5, "x", [], {}, [[]], [None], {"a": 1}, "drop"]),
)
def test_a_damaged_file_gives_a_model_or_a_sentence(path: tuple[Any, ...], damage: object) -> None:
    data = json.loads(json.dumps(WHOLE))
    parent = data
    for key in path[:-1]:
        parent = parent[key]
    if damage == "drop":
        del parent[path[-1]]
    else:
        parent[path[-1]] = damage
    try:
        model = serde.from_json(data)
    except ModelFormatError as error:
        assert "\n" not in str(error)  # noqa: PT017 - both ways out are right
    else:
        render(model)


def test_subgraphs_without_end_are_refused() -> None:
    graph: dict[str, Any] = {"nodes": []}
    for _ in range(200):
        graph = {"nodes": [{"id": "n", "op": "If", "subgraphs": {"then": graph}}]}
    with pytest.raises(ModelFormatError, match="too deep"):
        serde.from_json({"archviz": 1, "graph": graph})


def test_another_version_is_named() -> None:
    with pytest.raises(ModelFormatError, match="version '2', this archviz reads 1"):
        serde.from_json({"archviz": 2, "graph": {}})


def test_a_changed_node_is_few_changed_lines() -> None:
    nodes = tuple(Node(f"n{index}", "Relu", name="a name") for index in range(50))
    other = (*nodes[:20], Node("n20", "Tanh", name="a name"), *nodes[21:])
    before = render(Model(Graph(nodes=nodes))).splitlines()
    after = render(Model(Graph(nodes=other))).splitlines()
    assert len(before) == len(after)
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 1


@relaxed
@given(models())
def test_lines_stay_short_where_the_values_allow_it(model: Model) -> None:
    for line in render(model).splitlines():
        if len(line) > LINE + 40:
            assert line.count("{") + line.count("[") <= 2, line
