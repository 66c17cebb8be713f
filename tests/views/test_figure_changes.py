"""What an author changes of a figure, by a file, on the command line or in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import small_model

import archviz
from archviz import overrides
from archviz.errors import OptionError
from archviz.ir import Model, Parameter, ParameterUse, TensorType
from archviz.ir.build import GraphBuilder


def perceptron() -> Model:
    """Two dense layers."""
    builder = GraphBuilder("mlp")
    value = builder.value("x", TensorType("float32", (1, 4)))
    builder.inputs.append(value)
    for name, pair in (("body", (4, 3)), ("head", (3, 2))):
        builder.scope((name,), "Dense")
        builder.parameter(Parameter(f"{name}/kernel", TensorType("float32", pair)))
        result = builder.value(name, TensorType("float32", (1, pair[1])))
        uses = (ParameterUse(f"{name}/kernel", "kernel"),)
        builder.node("Dense", (value,), (result,), parameters=uses, scope=(name,))
        value = result
    builder.outputs.append(value)
    return Model(builder.build(), "keras", "mlp")


def drawn(**changes: Any) -> str:
    return str(archviz.render(perceptron(), style="layered", theme="light", **changes))


def test_labels_are_renamed_by_expressions_of_the_whole_label() -> None:
    svg = drawn(rename={r"(h)ead": r"\1ip", "bod": "no"})
    assert ">hip<" in svg
    assert ">head<" not in svg
    assert ">body<" in svg


def test_colours_go_by_operation_and_by_category() -> None:
    svg = drawn(color={"head*": "#123456", "category.linear": "#ABCDEF"})
    assert 'fill="#123456"' in svg
    assert 'fill="#ABCDEF"' in svg
    pdf = archviz.render(perceptron(), style="layered", color={"head*": "#123456"}, format="pdf")
    assert pdf != archviz.render(perceptron(), style="layered", format="pdf")


def test_groups_are_one_part_of_a_block_figure() -> None:
    svg = drawn(figure="blocks", group={"everything": "*"})
    assert ">everything<" in svg
    assert 'data-ops="body/Dense head/Dense"' in svg


def test_numbers_and_neurons_are_told_as_asked() -> None:
    assert "12 params" in drawn()
    assert "params" not in drawn(labels={"params": "none"})
    svg = drawn(fcnn={"names": {"output": ["cat", "dog"], "input": "a,b,c,d"}})
    assert all(f">{name}<" in svg for name in ("cat", "dog", "a", "b", "c", "d"))
    assert drawn(fcnn={"max": 3}) != drawn()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"param": "none"}}, "did you mean 'params'"),
        ({"labels": {"params": "some"}}, "short, full, none"),
        ({"fcnn": {"mx": 3}}, "did you mean 'max'"),
        ({"fcnn": {"max": "many"}}, "from 3 to 60"),
        ({"fcnn": {"names": {"outptu": "a,b"}}}, "did you mean 'output'"),
        ({"fcnn": {"names": {"output": "a"}}}, "1 names for 2 neurons"),
        ({"color": {"category.convv": "#123456"}}, "did you mean 'conv'"),
        ({"color": {"head*": "red"}}, "#RRGGBB"),
        ({"color": {"haed": "#123456"}}, "did you mean 'head'"),
        ({"group": {"all": "haed"}}, "did you mean 'head'"),
        ({"rename": {"(": "x"}}, "which is none"),
        ({"rename": "x"}, "rename.key=value"),
        ({"renam": {"a": "b"}}, "did you mean 'rename'"),
    ],
)
def test_what_does_not_exist_is_told_the_nearest(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        drawn(**changes)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_a_style_that_knows_no_such_change_says_so() -> None:
    with pytest.raises(OptionError, match="rename"):
        archviz.render(small_model(), style="node-link", rename={"a": "b"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "width: cvpr\nfcnn:\n  max: 5\nrename: {head: hip}\n"),
        ("a.toml", 'width = "cvpr"\nfcnn.max = 5\nrename.head = "hip"\n'),
        ("a.json", '{"width": "cvpr", "fcnn": {"max": 5}, "rename": {"head": "hip"}}'),
    ],
)
def test_files_of_changes_say_what_keywords_say(name: str, text: str, tmp_path: Path) -> None:
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    (tmp_path / name).write_text(text)
    found = overrides.read(tmp_path / name)
    assert found == {"width": "cvpr", "fcnn": {"max": 5}, "rename": {"head": "hip"}}
    assert drawn(**found) == drawn(width="cvpr", fcnn={"max": 5}, rename={"head": "hip"})
    texts = ["width=cvpr", "fcnn.max=5", "rename.head=hip"]
    assert drawn(**overrides.parse(texts)) == drawn(**found)


def test_later_changes_win_key_by_key() -> None:
    both = overrides.merged({"fcnn": {"max": 5, "names": {}}, "width": "a4"}, {"fcnn": {"max": 7}})
    assert both == {"fcnn": {"max": 7, "names": {}}, "width": "a4"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "a: [1"), ("a.yaml", "- 1"), ("a.toml", "a = "), ("a.json", "{"), ("a.ini", "a"),
        ("a.json", "[" * 50_000), ("a.json", "{1: 2}"),
    ],
)  # fmt: skip
def test_files_that_hold_no_options_are_refused(name: str, text: str, tmp_path: Path) -> None:
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    (tmp_path / name).write_text(text)
    with pytest.raises(OptionError):
        overrides.read(tmp_path / name)
    with pytest.raises(OptionError, match="no such file"):
        overrides.read(tmp_path / "absent.yaml")
    with pytest.raises(OptionError, match="sets nothing"):
        overrides.parse(["width"])
