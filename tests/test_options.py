"""Options as text, and the registries they choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pytest

from archviz.catalogue import FAMILIES, entries, listing
from archviz.errors import OptionError
from archviz.options import bind, describe_type, parse_bindings, parse_plugin, parse_value
from archviz.passes import PASSES


def function(
    graph: object,
    *,
    depth: int | Literal["auto", "all"] = "auto",
    least: int = 2,
    ratio: float = 0.5,
    is_open: bool = False,
    patterns: tuple[str, ...] = (),
    name: str | None = None,
    bindings: Mapping[str, int] | None = None,
) -> None:
    """Has an option of every kind."""


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("depth", "3", 3),
        ("depth", "all", "all"),
        ("least", "-1", -1),
        ("ratio", "1e3", 1000.0),
        ("is-open", "yes", True),
        ("is_open", "0", False),
        ("patterns", "a,b", ("a", "b")),
        ("name", "none", None),
        ("name", "x", "x"),
    ],
)
def test_text_is_read_by_the_parameters_type(option: str, text: str, value: object) -> None:
    assert list(bind(function, {option: text}, "it").values()) == [value]


@pytest.mark.parametrize(
    ("option", "text", "hint"),
    [
        ("depth", "deep", "a whole number or auto or all"),
        ("least", "1.5", "a whole number"),
        ("ratio", "x", "a number"),
        ("is-open", "maybe", "true or false"),
    ],
)
def test_text_that_fits_no_type_says_what_would(option: str, text: str, hint: str) -> None:
    with pytest.raises(OptionError, match=f"{option} of it is '{text}'; it takes {hint}"):
        bind(function, {option: text}, "it")


def test_values_that_are_no_text_pass_as_they_are() -> None:
    assert bind(function, {"bindings": {"x": 1}}, "it") == {"bindings": {"x": 1}}


def test_every_kind_of_option_has_words_for_it() -> None:
    annotations = (int | None, tuple[str, ...], Mapping[str, int], bool, float)
    assert [describe_type(annotation) for annotation in annotations] == [
        "a whole number",
        "text, several with commas",
        "names with sizes",
        "true or false",
        "a number",
    ]


def test_shapes_are_read_by_name() -> None:
    assert parse_bindings(["x=1,3,224,224", "batch=1", "a=b=2"]) == {
        "x": (1, 3, 224, 224),
        "batch": (1,),
        "a=b": (2,),
    }


@pytest.mark.parametrize("text", ["x", "=1", "x=1,b", "x=1;2", ""])
def test_shapes_that_cannot_be_read_say_how_to_write_them(text: str) -> None:
    with pytest.raises(OptionError, match="write x=1,3,224,224"):
        parse_bindings([text])


def test_a_plugin_is_named_with_its_options() -> None:
    assert parse_plugin("hide:patterns=a,b:x=") == ("hide", {"patterns": "a,b", "x": ""})
    with pytest.raises(OptionError, match="has no '='"):
        parse_plugin("hide:patterns")


def test_a_literal_lists_its_choices() -> None:
    with pytest.raises(OptionError, match="it takes one of: TB, LR"):
        parse_value("UP", Literal["TB", "LR"], "direction")


def test_an_unknown_plugin_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="not among the passes; did you mean 'fuse'"):
        PASSES.get("fuze")


@pytest.mark.parametrize("family", [*FAMILIES, "themes"])
def test_the_catalogue_lists_every_family(family: str) -> None:
    found = entries(family)
    lines = list(listing(found))
    assert lines[0] == family
    for entry in found:
        assert any(line.startswith(f"  {entry.name}") for line in lines)
        for option in entry.options:
            assert option.takes
            assert any(line.startswith(f"    {option.name}") for line in lines)
