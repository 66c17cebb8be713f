import xml.etree.ElementTree as ET

import pytest

from archviz.errors import RendererError
from archviz.renderers.svg import number, render
from archviz.scene import Group, Path, Rect, Scene, Text

SVG = "{http://www.w3.org/2000/svg}"
PORTABLE = {"svg", "g", "title", "desc", "style", "rect", "path", "text"}


def scene(text: str = "ReLU", title: str = "net") -> Scene:
    card = Group(
        (
            Rect(10, 10, 80.125, 24, "header act", 5),
            Text(50, 26.004, text, "title", 12, 30, "middle"),
            Path((("M", 50, 34), ("L", 50, 60.5)), "edge"),
        ),
        "node op",
        "layer/relu",
        text,
        {"ops": text},
    )
    return Scene(100, 70, (Rect(0, 0, 100, 70, "page"), card), title, f"shows {text}")


def test_only_portable_elements_and_presentation_attributes_are_written() -> None:
    root = ET.fromstring(render(scene()))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == PORTABLE
    rect = root.find(f"{SVG}g/{SVG}rect")
    assert rect is not None
    assert rect.attrib == {
        "x": "10",
        "y": "10",
        "width": "80.12",
        "height": "24",
        "rx": "5",
        "class": "f-act",
        "fill": "#F08347",
    }


def test_the_root_is_an_image_with_a_title_and_a_description() -> None:
    root = ET.fromstring(render(scene()))
    assert root.get("role") == "img"
    labels = root.get("aria-labelledby", "").split()
    found = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert [found[label] for label in labels] == ["net", "shows ReLU"]


def test_the_automatic_theme_holds_both_and_the_others_one() -> None:
    automatic = render(scene())
    assert "@media (prefers-color-scheme:dark){.f-page{fill:#0D1117}" in automatic
    assert 'fill="#F08347"' in automatic
    assert "<style>" not in render(scene(), theme="light")
    dark = render(scene(), theme="dark")
    assert 'fill="#7D2C00"' in dark
    assert "<style>" not in dark


def test_every_colour_in_use_has_a_dark_counterpart() -> None:
    root = ET.fromstring(render(scene()))
    style = root.find(f"{SVG}style")
    assert style is not None
    assert style.text is not None
    for element in root.iter():
        for name in element.get("class", "").split():
            if name.startswith(("f-", "s-")):
                assert f".{name}{{" in style.text, name


@pytest.mark.parametrize(
    "hostile",
    ["</text><script>alert(1)</script>", "a\x00b\x1b[31m", "\"&<>'", "]]>", "\ud800", "\ufffe"],
)
def test_hostile_text_stays_text(hostile: str) -> None:
    written = render(scene(hostile, hostile), id_prefix=hostile)
    written.encode("utf-8")
    root = ET.fromstring(written)
    assert not list(root.iter(f"{SVG}script"))
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == PORTABLE


def test_an_id_prefix_goes_before_every_id() -> None:
    root = ET.fromstring(render(scene(), id_prefix="fig1-"))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert ids == ["fig1-title", "fig1-desc", "fig1-layer/relu"]


def test_no_two_elements_have_one_id() -> None:
    names = ["title", "desc", "a", "a", "b\x00", "b\x01", "a#2"]
    groups = tuple(Group((), "node op", name) for name in names)
    root = ET.fromstring(render(Scene(10, 10, groups)))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert ids[:5] == ["title", "desc", "title#2", "desc#2", "a"]
    assert len(set(ids)) == len(ids) == 2 + len(names)


def test_numbers_have_two_decimals_at_most() -> None:
    assert [number(v) for v in (1.0, 0.5, 2.345678, -0.001, 100, 1e-9)] == [
        "1",
        "0.5",
        "2.35",
        "0",
        "100",
        "0",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_a_coordinate_gone_wrong_is_refused(value: float) -> None:
    with pytest.raises(RendererError):
        render(Scene(value, 10, ()))


def test_each_element_has_a_line_of_its_own() -> None:
    lines = render(scene()).splitlines()
    assert sum(line.lstrip().startswith("<rect") for line in lines) == 2
    assert all(line.count("<rect") <= 1 for line in lines)


def test_a_theme_with_hatches_draws_them_as_lines() -> None:
    gray = render(Scene(100, 70, (Rect(0, 0, 80, 24, "header linear"),)), theme="gray")
    root = ET.fromstring(gray)
    (path,) = root.iter(f"{SVG}path")
    assert path.get("class") == "s-hatch"
    assert "<pattern" not in gray
    assert "s-hatch" not in render(scene(), theme="gray")
