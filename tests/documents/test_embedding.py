"""Figures in Markdown documents, refreshed between their comments."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from conftest import HOSTILE, small_model

import archviz
from archviz import figure
from archviz.embedding import embed, places
from archviz.errors import ArchvizError, OptionError
from archviz.figure import process
from archviz_cli.main import run

DOCUMENT = """# Title

<!-- archviz net.archviz.json depth=0 -->
what was here
<!-- /archviz -->

1. Item

   <!-- archviz net.archviz.json
        format=mermaid -->
   <!-- /archviz -->

```
<!-- archviz an example -->
```

<!-- archviz net.archviz.json format=markdown --><!-- a text of its own -->
<!-- /archviz -->
"""


@pytest.fixture(autouse=True)
def _drawn_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process of its own is for is tested elsewhere, and takes a second a figure."""

    def run(command: object, text: str, *_: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        process.main()
        return 0, ""

    monkeypatch.setattr(figure, "_run", run)


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archviz.render(small_model(), tmp_path / "net.archviz.json")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "README.md"
    path.write_bytes(DOCUMENT.replace("--><!-- a text of its own -->", "-->").encode())
    return path


def test_a_document_is_refreshed_once_and_then_up_to_date(
    readme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = readme.read_bytes()
    assert run(["embed", "--check", "README.md"]) == 1
    assert "README.md: stale: " in capsys.readouterr().err
    assert readme.read_bytes() == before
    assert sorted(os.listdir()) == ["README.md", "net.archviz.json"]

    assert run(["embed", "README.md"]) == 0
    text = readme.read_text(encoding="utf-8")
    assert '<source media="(prefers-color-scheme: dark)" srcset="images/net-dark.svg">' in text
    assert '<img alt="Node-link diagram of conv1.test' in text
    assert "   ```mermaid\n   flowchart TB\n" in text
    assert "- Step 1: " in text
    assert "what was here" not in text
    assert "<!-- archviz an example -->" in text
    light, dark = ((readme.parent / f"images/net-{x}.svg").read_text() for x in ("light", "dark"))
    assert light != dark
    assert "prefers-color-scheme" not in light + dark

    written = {path: path.stat().st_mtime_ns for path in readme.parent.rglob("*")}
    assert run(["embed", "README.md"]) == 0
    assert run(["embed", "--check", "README.md"]) == 0
    assert {path: path.stat().st_mtime_ns for path in readme.parent.rglob("*")} == written
    assert not [path for path in written if path.name.endswith(".tmp")]

    archviz.render(small_model("other"), readme.parent / "net.archviz.json")
    assert run(["embed", "--check", "README.md"]) == 1
    assert "images/net-light.svg" in capsys.readouterr().err


def test_line_ends_and_marks_of_a_document_stay_as_they_are(readme: Path) -> None:
    text = (
        "\ufeff" + DOCUMENT.split("1. Item")[0].replace("\n", "\r\n") + "caf\u00e9 \u2028 \x0c end"
    )
    readme.write_bytes(text.encode())
    embed(readme).write()
    after = readme.read_bytes().decode()
    assert after.count("\r\n") == after.count("\n")
    assert after.startswith("\ufeff# Title\r\n")
    assert after.endswith("\r\n\r\ncaf\u00e9 \u2028 \x0c end")
    assert not embed(readme).stale


def test_a_drawing_whose_line_ends_git_has_changed_is_not_stale(readme: Path) -> None:
    embed(readme).write()
    drawing = readme.parent / "images" / "net-light.svg"
    drawing.write_bytes(drawing.read_bytes().replace(b"\n", b"\r\n"))
    assert not embed(readme).stale


def test_nothing_is_written_when_one_figure_cannot_be_drawn(
    readme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = DOCUMENT.split("1. Item")[0] + "<!-- archviz nothing.onnx -->\n<!-- /archviz -->\n"
    readme.write_text(text, encoding="utf-8")
    assert run(["embed", "README.md"]) == 2
    assert "README.md:7: nothing.onnx: there is no such file" in capsys.readouterr().err
    assert sorted(os.listdir()) == ["README.md", "net.archviz.json"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x\n<!-- archviz a.onnx -->\n", "a.md:2: the figure that begins here has no end"),
        ("<!-- archviz a.onnx\n", "a.md:1: the figure that begins here has no end"),
        ("\n<!-- archviz a -->\n<!-- archviz b -->\n<!-- /archviz -->", "a.md:2: the figure that"),
        ("<!-- /archviz -->\n", "a.md:1: a figure ends here that begins nowhere"),
        ("<!-- archviz depth=1 -->\n<!-- /archviz -->\n", "a.md:1: the figure names no model"),
        ("<!-- archviz -->\n<!-- /archviz -->\n", "a.md:1: the figure names no model"),
        ("<!-- archviz a alt='x -->\n<!-- /archviz -->\n", "a.md:1: the comment cannot be read"),
        ("<!-- archviz a --> b\n<!-- /archviz -->\n", "a.md:1: there is text behind the comment"),
    ],
)
def test_a_place_that_cannot_be_read_is_named_by_its_line(text: str, sentence: str) -> None:
    with pytest.raises(OptionError, match="^" + sentence):
        list(places(text, Path("a.md")))


@pytest.mark.parametrize(
    "text",
    [
        "````\n```\n<!-- archviz a -->\n````\n",
        "~~~ text\n<!-- archviz a -->\n```\n<!-- /archviz -->\n~~~~\n",
        "    <!-- archviz a -->\n",
        "<!-- archvizard a -->\n",
        "In a line <!-- archviz a --> of text\n",
        "```\n<!-- archviz a -->",
    ],
)
def test_what_is_code_or_no_comment_of_ours_is_no_place(text: str) -> None:
    assert list(places(text, Path("a.md"))) == []


def test_a_fence_inside_what_was_written_does_not_hide_its_end() -> None:
    text = "<!-- archviz a hide=A hide=B raw -->\n```mermaid\n<!-- /archviz -->\n"
    (place,) = places(text, Path("a.md"))
    assert (text[place.begin : place.end], place.target) == ("```mermaid\n", "a")
    assert place.options == {"hide": ("A", "B"), "raw": ("",)}


def test_wrong_options_of_a_place_are_told_with_the_right_ones(readme: Path) -> None:
    for said, sentence in (
        ("dpeth=1", "figures have no option 'dpeth'; did you mean 'depth'"),
        ("format=gif", "'gif' is no format for documents; there are: svg, png, mermaid"),
        ("output=a.bmp", "'bmp' is no format for documents"),
    ):
        readme.write_text(f"<!-- archviz net.archviz.json {said} -->\n<!-- /archviz -->\n")
        with pytest.raises(ArchvizError, match=r"README\.md:1: " + sentence):
            embed(readme)


def test_two_figures_do_not_share_a_file(readme: Path) -> None:
    one = "<!-- archviz net.archviz.json depth={} theme=light -->\n<!-- /archviz -->\n"
    readme.write_text(one.format(0) + one.format("all"))
    with pytest.raises(ArchvizError, match=r"README.md:3: images/net.svg is another figure's"):
        embed(readme)


def test_hostile_names_stay_inside_their_place(readme: Path) -> None:
    name = HOSTILE + "<!-- /archviz -->```"
    archviz.render(small_model(name), readme.parent / "net.archviz.json")
    formats = ("svg", "mermaid", "markdown", "text")
    readme.write_text(
        "".join(
            f"<!-- archviz net.archviz.json format={format} -->\n<!-- /archviz -->\n\n"
            for format in formats
        )
    )
    embed(readme).write()
    assert not embed(readme).stale
    text = readme.read_text(encoding="utf-8")
    assert len(list(places(text, readme))) == len(formats)
    assert "<script" not in text.replace("\\<", "").partition("```text")[0]
