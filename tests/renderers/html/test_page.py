"""What a reader does on an interactive page, by mouse, by touch and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pages import Opened, opened

from archviz import api
from archviz.ir import Diagnostic, Model, Parameter, ParameterUse, Severity, SourceLocation
from archviz.ir import TensorType as Tensor
from archviz.ir.build import GraphBuilder

JS = Path(__file__).parents[1] / "js"
SAMPLE = Path(__file__).parents[2] / "samples" / "keras" / "densely_connected.json"
AXE = JS / "node_modules" / "axe-core" / "axe.min.js"


def network(layers: int = 3, width: int = 4) -> Model:
    """Stages of layers with a skip each, one with a diagnostic and a line of source."""
    b = GraphBuilder("network")

    def tensor(channels: int) -> Tensor:
        return Tensor("float32", (1, channels, 8, 8))

    value = b.value("image", tensor(3))
    b.inputs.append(value)
    for stage in range(layers):
        b.scope((f"stage{stage}",), f"Stage{stage}")
        for layer in range(width):
            scope = (f"stage{stage}", str(layer))
            b.scope(scope, f"Block{layer}")
            weight = f"stage{stage}.{layer}.weight"
            b.parameter(Parameter(weight, Tensor("float32", (8 + layer, 3, 3, 3))))
            first = b.value(f"{'/'.join(scope)}/conv", tensor(8 + layer))
            b.node(
                "Conv",
                (value,),
                (first,),
                parameters=(ParameterUse(weight, "W", -1),),
                attributes={"kernel_shape": (3, 3), "dilations": (layer + 1, 1)},
                scope=scope,
                node_id=f"{'/'.join(scope)}/conv",
                location=SourceLocation("net.py", 10 + layer, "forward", text="x = conv(x)"),
            )
            second = b.value(f"{'/'.join(scope)}/sum", tensor(8 + layer))
            b.node("Add", (first, value), (second,), scope=scope, node_id=f"{'/'.join(scope)}/add")
            value = second
    b.outputs.append(value)
    found = Diagnostic("odd", Severity.WARNING, "this one is odd", ("stage1/2/conv",))
    return Model(b.build(), "test", "network", {"producer": "tests"}, (found,))


@pytest.fixture
def shown(browser: Any, written: Callable[..., Path]) -> Iterator[Opened]:
    with opened(browser, written(network(), depth=0)) as found:
        yield found


def labels(shown: Opened) -> list[str]:
    return [item.get_attribute("aria-label") or "" for item in shown.page.locator(".handle").all()]


def chosen(shown: Opened) -> str:
    """What the heading and the line under it in the panel say is chosen."""
    return str(shown.page.inner_text("#details h2 + p"))


def test_it_opens_closed_as_asked_and_every_item_has_a_label(shown: Opened) -> None:
    found = labels(shown)
    assert len(found) == 5
    assert all(found)
    assert "stage1" in found[2]
    assert shown.page.locator(".handle[aria-expanded=false]").count() == 3
    assert shown.page.locator("#details").inner_text().startswith("network")


def test_a_click_opens_a_module_and_its_knob_closes_it(shown: Opened) -> None:
    shown.page.get_by_role("treeitem", name="stage1").click()
    shown.settle()
    assert shown.page.locator(".handle[aria-expanded=true]").count() == 1
    assert chosen(shown) == "stage1"
    assert shown.page.evaluate("location.hash") == "#stage1"
    shown.page.locator(".handle[aria-expanded=true] .knob").click()
    shown.settle()
    assert shown.page.locator(".handle[aria-expanded=true]").count() == 0


def test_a_double_click_on_a_header_closes_it(shown: Opened) -> None:
    shown.page.get_by_role("treeitem", name="stage0").click()
    shown.page.wait_for_timeout(700)
    shown.page.locator(".handle[aria-expanded=true] .scope-title").first.dblclick()
    shown.settle()
    assert shown.page.locator(".handle[aria-expanded=true]").count() == 0


def test_keys_alone_go_everywhere(shown: Opened) -> None:
    press = shown.page.keyboard.press
    shown.page.locator("#picture").focus()
    press("Home")
    assert chosen(shown) == "input:image"
    press("ArrowDown")
    assert chosen(shown) == "stage0"
    press("ArrowRight")
    shown.settle()
    press("ArrowRight")
    assert chosen(shown) == "stage0/0"
    press("Enter")
    shown.settle()
    press("ArrowRight")
    assert chosen(shown) == "stage0/0/conv"
    press("]")
    assert chosen(shown) == "stage0/0/add"
    press("[")
    assert chosen(shown) == "stage0/0/conv"
    press("ArrowLeft")
    press("ArrowLeft")
    shown.settle()
    assert chosen(shown) == "stage0/0"
    assert shown.page.locator(".handle[aria-expanded=true]").count() == 1
    focused = shown.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "Block0" in focused
    press("Escape")
    press("e")
    shown.settle()
    assert shown.page.locator(".handle[aria-expanded=true]").count() == 15
    press("c")
    shown.settle()
    assert shown.page.locator(".item").count() == 5
    press("End")
    assert chosen(shown).startswith("output:")


def test_search_opens_what_a_hit_is_in(shown: Opened) -> None:
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("stage2 conv")
    assert shown.page.locator("#hits li").count() == 4
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("ArrowDown")
    assert shown.page.locator("#hits li[aria-selected=true]").count() == 1
    shown.page.keyboard.press("Enter")
    shown.settle()
    assert chosen(shown) == "stage2/1/conv"
    box = shown.page.locator(".item.chosen").bounding_box()
    assert box is not None
    assert box["x"] > 0
    assert box["y"] > 80
    assert shown.page.locator("#crumbs button").all_inner_texts() == [
        "network",
        "stage2",
        "1",
        "conv",
    ]
    shown.page.locator("#crumbs button").nth(1).click()
    assert chosen(shown) == "stage2"
    shown.page.fill("#query", "no such thing")
    assert shown.names("#hits li") == ["Nothing found"]


def test_the_panel_says_all_that_is_known(shown: Opened) -> None:
    shown.page.fill("#query", "stage1/2/conv")
    shown.page.locator("#hits li").first.click()
    text = shown.page.inner_text("#details")
    for said in ("kernel_shape", "[3, 3]", "stage1.2.weight", "10×3×3×3 float32", "1×10×8×8",
                 "net.py:12", "x = conv(x) in forward", "this one is odd"):  # fmt: skip
        assert said in text
    assert shown.page.locator(".item.chosen .flag.warning").count() == 1
    shown.page.locator("#details ul button", has_text="Add").last.click()
    assert chosen(shown) == "stage1/2/add"


def test_a_path_is_traced_to_inputs_and_outputs(shown: Opened) -> None:
    shown.page.keyboard.press("e")
    shown.page.fill("#query", "stage1/1/conv")
    shown.page.locator("#hits li").first.click()
    shown.page.locator(".item.chosen > .handle").focus()
    shown.page.keyboard.press("p")
    assert shown.page.locator(".tracing").count() == 1
    lit = [
        i.get_attribute("aria-label") or "" for i in shown.page.locator(".item.lit > .handle").all()
    ]
    assert any("input" in label for label in lit)
    assert any("output" in label for label in lit)
    assert shown.page.locator(".arc.up").count() > 5
    assert shown.page.locator(".arc.down").count() > 5
    # The other branch of its own module is on no way to it.
    skip = shown.run(
        """() => archviz.find('stage1/1/add').parent.edges.map(e => e.getAttribute('class'))"""
    )
    assert "arc" in skip
    shown.page.keyboard.press("Escape")
    assert shown.page.locator(".arc.up, .arc.down, .tracing").count() == 0


def test_the_path_of_a_module_goes_through_it(shown: Opened) -> None:
    shown.page.keyboard.press("e")
    shown.settle()
    shown.run("() => archviz.choose('stage1')")
    shown.page.keyboard.press("p")
    inside = "archviz.find('stage1/1').edges.map(edge => edge.getAttribute('class'))"
    assert set(shown.run(inside)) == {"arc both"}
    assert "stage1" in shown.page.inner_text("#crumbs")


def test_a_click_on_an_edge_traces_its_value(shown: Opened) -> None:
    box = shown.page.locator("#world > g > .arc .edge").first.bounding_box()
    assert box is not None
    shown.page.mouse.click(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2)
    assert shown.page.locator(".tracing").count() == 1
    assert chosen(shown) == "input:image"


def test_an_address_leads_to_a_module_a_node_or_says_that_there_is_none(
    browser: Any, written: Callable[..., Path]
) -> None:
    path = written(network(), depth=0)
    for anchor, found in (
        ("#stage2/1", "stage2/1"),
        ("#stage2.3", "stage2/3"),
        ("#stage1/0/add",) * 2,
    ):
        with opened(browser, path, anchor) as shown:
            assert chosen(shown) == found.lstrip("#")
    with opened(browser, path, "#stage9") as shown:
        assert "no stage9" in shown.page.inner_text("#notice")
        shown.run("() => { location.hash = '#stage0/2' }")
        shown.page.locator(".item.chosen").wait_for()
        assert chosen(shown) == "stage0/2"


def scale(shown: Opened) -> float:
    transform = shown.page.locator("#world").get_attribute("transform") or ""
    return float(transform.rpartition("(")[2].rstrip(")"))


def origin(shown: Opened) -> tuple[float, float]:
    found = re.match(
        r"translate\((\S+) (\S+)\)", shown.page.locator("#world").get_attribute("transform") or ""
    )
    assert found
    return float(found[1]), float(found[2])


def test_wheel_and_drag_zoom_and_move(shown: Opened) -> None:
    before, place = scale(shown), origin(shown)
    shown.page.mouse.move(200, 400)
    shown.page.mouse.wheel(0, -240)
    shown.settle()
    assert scale(shown) > before * 1.2
    place = origin(shown)
    shown.page.mouse.down()
    shown.page.mouse.move(260, 430, steps=4)
    shown.page.mouse.up()
    shown.settle()
    assert origin(shown) == pytest.approx((place[0] + 60, place[1] + 30), abs=6)
    for key, factor in (("+", 1.3), ("-", 1 / 1.3)):
        before = scale(shown)
        shown.page.keyboard.press(key)
        shown.settle()
        assert scale(shown) == pytest.approx(before * factor, rel=0.01)
    place = origin(shown)
    shown.page.keyboard.press("Shift+ArrowLeft")
    shown.settle()
    assert origin(shown)[0] == pytest.approx(place[0] + 80, abs=1)
    shown.page.keyboard.press("0")
    shown.page.wait_for_timeout(100)
    shown.settle()
    far = shown.page.locator("#picture.far").count()
    for _ in range(12):
        shown.page.keyboard.press("-")
    shown.settle()
    assert far == 0
    assert shown.page.locator("#picture.far").count() == 1
    assert not shown.page.locator("#world text").first.is_visible()


def test_touch_taps_drags_and_pinches(browser: Any, written: Callable[..., Path]) -> None:
    path = written(network(), depth=0)
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    with opened(browser, path, **phone) as shown:
        assert not shown.page.locator("#details").is_visible()
        shown.page.get_by_role("treeitem", name="stage1").tap()
        shown.settle()
        assert shown.page.locator(".handle[aria-expanded=true]").count() == 1
        touch = shown.page.context.new_cdp_session(shown.page)

        def send(kind: str, *points: tuple[int, int]) -> None:
            shown_points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": shown_points})

        before, place = scale(shown), origin(shown)
        send("touchStart", (60, 600))
        send("touchMove", (90, 560))
        send("touchMove", (120, 500))
        send("touchEnd")
        shown.settle()
        assert origin(shown)[1] == pytest.approx(place[1] - 100, abs=50)
        send("touchStart", (150, 400), (240, 400))
        for step in range(1, 6):
            send("touchMove", (150 - 10 * step, 400), (240 + 10 * step, 400))
        send("touchEnd")
        shown.settle()
        assert scale(shown) > before * 1.5
        assert shown.run("document.documentElement.scrollWidth") == 390


def test_the_minimap_moves_the_picture(shown: Opened) -> None:
    shown.page.keyboard.press("e")
    shown.settle()
    shown.page.keyboard.press("+")
    shown.settle()
    place = origin(shown)
    box = shown.page.locator("#minimap").bounding_box()
    assert box is not None
    shown.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8)
    shown.settle()
    assert origin(shown)[1] < place[1]
    shown.page.keyboard.press("m")
    assert not shown.page.locator("#minimap").is_visible()


def test_light_and_dark_follow_the_system_and_the_switch(
    browser: Any, written: Callable[..., Path]
) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    path = written(network())
    with opened(browser, path, color_scheme="dark") as shown:
        assert shown.run(background) == "rgb(13, 17, 23)"
        shown.page.keyboard.press("t")
        assert shown.run(background) == "rgb(255, 255, 255)"
    with opened(browser, path) as shown:
        assert shown.run(background) == "rgb(255, 255, 255)"
        shown.page.click("button[title^='Light or dark']")
        assert shown.run(background) == "rgb(13, 17, 23)"


def test_the_view_is_saved_as_svg_and_png(shown: Opened, tmp_path: Path) -> None:
    shown.page.get_by_role("treeitem", name="stage1").click()
    shown.settle()
    with shown.page.expect_download() as saved:
        shown.page.keyboard.press("s")
    svg = Path(saved.value.path()).read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert "stage1" in texts
    assert "stage2" in texts
    assert "var(" not in svg
    assert "class=" not in svg
    assert "#" not in svg or "url(#" not in svg
    with shown.page.expect_download() as saved:
        shown.page.keyboard.press("g")
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    assert saved.value.suggested_filename == "network.png"


def test_texts_of_a_card_fit_beside_each_other_in_whatever_font_there_is(
    browser: Any, written: Callable[..., Path]
) -> None:
    model = api.load(SAMPLE)
    with opened(browser, written(model, depth="all")) as shown:
        texts = shown.page.evaluate(
            """[...document.querySelectorAll('#picture g')].map(group =>
                [...group.children].filter(each => each.localName === 'text').map(text => {
                    const box = text.getBBox();
                    return [text.textContent, box.x, box.x + box.width, box.y + box.height / 2];
                })).filter(found => found.length > 1)"""
        )
    assert len(texts) > 20
    for card in texts:
        for index, (one, _, end, middle) in enumerate(card):
            for other, start, _, beside in card[index + 1 :]:
                if abs(middle - beside) < 4:
                    assert start >= end - 0.5, (one, other)


def test_help_names_every_key(shown: Opened) -> None:
    shown.page.keyboard.press("?")
    assert shown.page.locator("#help[open]").count() == 1
    text = shown.page.inner_text("#help")
    for said in ("Search", "Trace the path", "Shift + arrows", "pinch", "PNG"):
        assert said in text
    shown.page.keyboard.press("Escape")
    assert shown.page.locator("#help[open]").count() == 0


def test_a_large_model_opens_small_and_never_draws_too_much(
    browser: Any, written: Callable[..., Path]
) -> None:
    path = written(network(40, 45), depth="all")
    with opened(browser, path) as shown:
        assert 0 < shown.page.locator(".item").count() <= 300
        shown.page.keyboard.press("e")
        shown.settle()
        assert shown.page.locator(".item").count() <= 3000
        assert "Too many" in shown.page.inner_text("#notice")
        closed = shown.page.locator(".handle[aria-expanded=false]").last
        closed.focus()
        for _ in range(1):
            shown.page.keyboard.press("Enter")
        assert shown.page.locator(".item").count() <= 3000


def test_a_copy_inside_a_folded_run_is_found_where_the_run_is_drawn(
    browser: Any, written: Callable[..., Path]
) -> None:
    b = GraphBuilder("folded")
    value = b.value("x", Tensor("float32", (1, 8)))
    b.inputs.append(value)
    b.scope(("layers",), "ModuleList")
    for number in range(6):
        b.scope(("layers", str(number)), "Layer")
        for op in ("MatMul", "Relu"):
            after = b.value(f"{op}{number}", Tensor("float32", (1, 8)))
            b.node(op, (value,), (after,), scope=("layers", str(number)))
            value = after
    b.outputs.append(value)
    with opened(browser, written(Model(b.build(), "test", "folded")), "#layers/4") as shown:
        assert "×6" in " ".join(labels(shown))
        assert chosen(shown).startswith("layers")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_improve(
    browser: Any, written: Callable[..., Path], scheme: str
) -> None:
    if not AXE.exists():
        pytest.skip(f"axe-core is not installed: npm ci --prefix {JS}")
    with opened(browser, written(network()), color_scheme=scheme, bypass_csp=True) as shown:
        shown.page.add_script_tag(path=str(AXE))
        shown.page.keyboard.press("e")
        shown.page.keyboard.press("End")
        shown.page.fill("#query", "conv")
        for _ in range(2):
            found = shown.page.evaluate("axe.run({ resultTypes: ['violations'] })")
            assert [
                (v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found["violations"]
            ] == []
            shown.page.keyboard.press("Escape")
            shown.page.keyboard.press("?")


def test_decision_trees_have_a_page_whose_lower_parts_open(
    browser: Any, written: Callable[..., Path]
) -> None:
    model = api.load(Path(__file__).parents[2] / "samples" / "sklearn" / "iris_tree.pkl")
    with opened(browser, written(model)) as shown:
        texts = shown.page.locator("#world text").all_text_contents()
        assert any("≤" in text for text in texts)
        assert "yes" in texts
