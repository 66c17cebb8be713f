"""load, prepare, render, summary, check: as Python calls them."""

from __future__ import annotations

import logging
import os
import re
import stat
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from conftest import HOSTILE, small_model
from samples import samples_of

import archviz
from archviz import api
from archviz.errors import ImporterError, OptionError, RendererError
from archviz.ir import Graph, Model, Node, Severity
from archviz.output import default_output, encode, format_of, write_whole
from archviz.scene import Rect, Scene
from archviz.source import Source
from archviz.views import View

SAMPLE = samples_of("onnx")[0]


def test_a_path_in_text_a_path_and_an_open_source_give_the_same_model() -> None:
    models = [archviz.load(target) for target in (str(SAMPLE), SAMPLE, Source.of(SAMPLE))]
    assert models[0] == models[1] == models[2]


def test_importer_options_reach_the_importer() -> None:
    untyped = archviz.load(SAMPLE, infer_shapes=False)
    assert untyped.format == "onnx"


def test_an_unknown_importer_option_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="no option 'strickt'; did you mean 'strict'"):
        archviz.load(SAMPLE, strickt=True)


def test_an_unknown_target_says_what_to_do() -> None:
    with pytest.raises(ImporterError, match=r"no importer recognises this dict; .*show formats"):
        archviz.load({})


def test_rendering_without_an_output_gives_the_content() -> None:
    text = archviz.render(small_model())
    assert isinstance(text, str)
    assert text.startswith("<svg ")


def test_rendering_to_a_file_gives_its_path(tmp_path: Path) -> None:
    path = archviz.render(small_model(), tmp_path / "x.svg")
    assert path == tmp_path / "x.svg"
    assert path.read_text(encoding="utf-8") == archviz.render(small_model())


@pytest.mark.parametrize(
    ("name", "start"),
    [("x.svg", b"<svg"), ("x.DOT", b"digraph"), ("x.gv", b"digraph"), ("x.json", b"{"),
     ("x.archviz.json", b"{"), ("x.txt", b"module")],
)  # fmt: skip
def test_the_suffix_tells_the_format(name: str, start: bytes, tmp_path: Path) -> None:
    archviz.render(small_model(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_the_format_may_be_a_suffix_and_beats_the_outputs(tmp_path: Path) -> None:
    archviz.render(small_model(), tmp_path / "x.svg", format="gv")
    assert (tmp_path / "x.svg").read_bytes().startswith(b"digraph")


@pytest.mark.parametrize(("name", "problem"), [("x.pgn", "'.pgn'"), ("x", "has no suffix")])
def test_a_suffix_that_tells_nothing_is_refused(name: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        format_of(name)


def test_an_unknown_option_of_a_model_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="no option 'id_prefx'; did you mean 'id-prefix'"):
        archviz.render(small_model(), id_prefx="a")


def test_the_options_of_render_itself_are_near_too() -> None:
    with pytest.raises(OptionError, match="no option 'dept'; did you mean 'depth'"):
        archviz.render(small_model(), dept=1)


def test_one_pattern_need_not_stand_in_a_list() -> None:
    listed = archviz.render(small_model(), hide=["Relu"], passes=["hide:patterns=Conv"])
    assert archviz.render(small_model(), hide="Relu", passes="hide:patterns=Conv") == listed
    assert archviz.render(small_model(), hide="Relu") == archviz.render(
        small_model(), hide=["Relu"]
    )


def test_options_go_to_renderer_and_importer_each() -> None:
    text = archviz.render(SAMPLE, id_prefix="one-", infer_shapes=False)
    assert 'id="one-title"' in str(text)


def test_a_wrong_value_of_an_option_is_refused() -> None:
    with pytest.raises(OptionError, match="direction of the style 'node-link' is 'UP'"):
        archviz.render(small_model(), direction="UP")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"width": "84mm"}, ("84mm", "168mm")),
        ({"fit": "page"}, ("119.5mm", "239mm")),
        ({"fit": "page", "width": "2in"}, ("2in", "4in")),
    ],
)
def test_a_style_that_knows_no_sizes_is_sized_all_the_same(
    options: dict[str, str], expected: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Rect(0, 0, 600, 1200, "page")
    view = View("plain", "plain", lambda model: Scene(600, 1200, (page,)))
    monkeypatch.setattr(api.VIEWS, "get", lambda name: view)
    root = ET.fromstring(str(archviz.render(small_model(), **options)))  # type: ignore[arg-type]
    assert (root.attrib["width"], root.attrib["height"]) == expected


def test_a_model_without_operations_fits_a_page() -> None:
    drawn = str(archviz.render(Model(Graph(), "test"), fit="page"))
    assert ET.fromstring(drawn).attrib["width"] == "63.5mm"


def test_settings_without_meaning_to_a_format_are_left_aside() -> None:
    plain = archviz.render(small_model(), format="json")
    assert archviz.render(small_model(), format="json", theme="dark", direction="LR") == plain


def test_json_is_the_model_as_imported_until_something_else_is_asked_for() -> None:
    assert str(archviz.render(small_model(), format="json")).count('"op": ') == 4
    assert '"kind": "module"' in str(archviz.render(small_model(), format="json", depth=0))
    assert '"kind": "stub"' in str(archviz.render(small_model(), format="json", focus="block2"))


def test_passes_run_in_their_order_and_extra_ones_before_collapsing() -> None:
    prepared = api.prepare(small_model(), passes=["hide:patterns=Relu,Norm"], depth=0)
    assert [node.kind for node in prepared.body.nodes] == ["op", "op"]  # a module of one stays open
    assert all(node.op == "Conv" for node in prepared.body.nodes)


def test_a_pass_named_by_hand_does_not_run_twice() -> None:
    model = small_model()
    prepared = api.prepare(model, passes=["collapse-scopes:depth=all"])
    assert not [node for node in prepared.body.nodes if node.kind == "module"]


def test_raw_keeps_identities() -> None:
    nodes = (Node("a", "Identity", ("x",), ("y",)), Node("b", "Relu", ("y",), ("z",)))
    from archviz.ir import Value

    graph = Graph("g", nodes, {k: Value(k) for k in "xyz"}, ("x",), ("z",))
    assert len(api.prepare(Model(graph), raw=True).body.nodes) == 2
    assert len(api.prepare(Model(graph)).body.nodes) == 1


def test_a_rendering_describes_itself() -> None:
    made = api.compose(small_model(), depth=0)
    assert made.description == "2 boxes of 4 operations, collapsed at depth 0"
    assert api.compose(small_model(), format="json").description == "4 operations"


def test_the_source_is_not_overwritten(tmp_path: Path) -> None:
    source = tmp_path / "model.onnx"
    source.write_bytes(SAMPLE.read_bytes())
    link = tmp_path / "link.onnx"
    link.symlink_to(source)
    for output in (source, link):
        with pytest.raises(OptionError, match="would overwrite the source"):
            archviz.render(source, output, format="svg")
    assert source.read_bytes() == SAMPLE.read_bytes()


def test_a_new_file_has_the_permissions_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "written", "x")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_existing_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target.svg"
    target.write_text("old")
    target.chmod(0o600)
    link = tmp_path / "link.svg"
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.svg"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RendererError, match=r"x.svg: it cannot be written \(no space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.svg"]


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(RendererError, match="it is a folder"):
        write_whole(tmp_path, "x")


def test_what_is_not_text_in_utf_8_is_replaced() -> None:
    assert encode("a\ud800b\U0001f600") == "a\ufffdb\U0001f600".encode()


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("model.onnx", "model.svg"),
        ("resnet.v1.onnx", "resnet.v1.svg"),
        ("MODEL.ONNX", "MODEL.svg"),
        ("model", "model.svg"),
        ("model.weird", "model.svg"),
    ],
)
def test_a_rendering_goes_beside_its_source(name: str, output: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert default_output(Source.of(tmp_path / name)) == tmp_path / output


def test_a_folders_rendering_goes_beside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "saved.model").mkdir()
    assert default_output(Source.of(tmp_path / "saved.model")) == tmp_path / "saved.model.svg"


def test_checking_adds_findings_to_the_models_own() -> None:
    graph = small_model().body
    dead = Node("dead", "Relu", ("image",), ())
    from dataclasses import replace

    from archviz.ir import Value

    broken = replace(
        graph,
        nodes=(*graph.nodes, replace(dead, outputs=("unused",))),
        values={**graph.values, "unused": Value("unused")},
    )
    checked = api.check(Model(broken))
    assert [(d.code, d.severity, d.nodes) for d in checked.diagnostics] == [
        ("AVS001", Severity.WARNING, ("dead",))
    ]
    assert api.has_findings(checked)
    assert not api.has_findings(api.check(small_model()))


def test_an_unused_weight_is_a_finding_and_an_unused_constant_is_none() -> None:
    from dataclasses import replace

    from archviz.ir import Parameter, TensorType

    graph = small_model().body
    spare = {
        kind: Parameter(kind, TensorType("float32", (1,)), kind)
        for kind in ("weight", "buffer", "constant")
    }
    found = api.check(Model(replace(graph, parameters={**graph.parameters, **spare}))).diagnostics
    assert [d.message for d in found] == [
        "no operation uses the weight 'weight'",
        "no operation uses the buffer 'buffer'",
    ]


def test_stages_are_logged_as_they_begin(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="archviz"):
        archviz.render(SAMPLE)
    stages = [record.message.split()[0] for record in caplog.records]
    assert stages[0] == "reading"
    assert stages[-3:] == ["preparing", "laying", "writing"]


def test_the_library_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    archviz.render(SAMPLE)
    archviz.summary(SAMPLE)
    api.check(small_model(HOSTILE))
    assert capfd.readouterr() == ("", "")


def test_a_depth_that_is_none_is_said_of_the_option_and_not_of_a_pass() -> None:
    with pytest.raises(OptionError, match=r"--depth is 'foo'; it takes a number, auto or all"):
        archviz.render(small_model(), depth="foo")


@pytest.mark.parametrize(
    "setting",
    [{"width": 5}, {"focus": 3}, {"shapes": 1}, {"direction": 4}, {"highlight": 5}, {"hide": [1]}],
    ids=lambda setting: next(iter(setting)),
)
def test_a_setting_of_another_type_is_named(setting: dict[str, Any]) -> None:
    (value,) = setting.values()
    with pytest.raises(OptionError, match=re.escape(repr(value))):
        api.render(small_model(), **setting)
