"""Every sample's Model and picture, byte for byte.

``pytest --accept`` rewrites the goldens and puts old beside new on one page, whose path it prints.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
from conftest import ROWS, SHEET
from samples import FOLDER, each_sample, every_sample, loaded

from archviz import api
from archviz.output import encode

GOLDENS = FOLDER.parent / "goldens"
FORMATS = {"json": ".archviz.json", "svg": ".svg"}


def golden_of(sample: Path, format: str) -> Path:
    return GOLDENS / sample.parent.name / f"{sample.name}{FORMATS[format]}"


@pytest.mark.parametrize("format", FORMATS)
@each_sample
def test_a_sample_gives_its_golden(sample: Path, format: str, pytestconfig: pytest.Config) -> None:
    compare(golden_of(sample, format), api.render(loaded(sample), format=format), pytestconfig)


def compare(golden: Path, content: object, config: pytest.Config) -> None:
    """Fails where the golden is not what archviz makes now, or rewrites it when so asked."""
    assert isinstance(content, str | bytes)
    made = encode(content)
    old = golden.read_bytes() if golden.exists() else b""
    if config.getoption("--accept"):
        if made != old:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_bytes(made)
            add_to_sheet(config, golden, old, made)
        return
    assert old, f"{golden.name} does not exist; look at it after: pytest --accept"
    if made != old:
        changed = [
            f"line {number}:\n  - {before[:200]!r}\n  + {after[:200]!r}"
            for number, (before, after) in enumerate(
                zip(old.splitlines(), made.splitlines(), strict=False), 1
            )
            if before != after
        ]
        pytest.fail(
            f"{golden.name} is not what archviz makes now; when that is right: pytest --accept\n"
            f"{len(old)} and {len(made)} bytes\n" + "\n".join(changed[:5]),
            pytrace=False,
        )


def test_every_golden_belongs_to_a_sample() -> None:
    wanted = {golden_of(sample, format) for sample in every_sample() for format in FORMATS}
    found = {path for path in GOLDENS.rglob("*") if path.is_file()}
    assert not found - wanted, "remove these"


def add_to_sheet(config: pytest.Config, golden: Path, old: bytes, new: bytes) -> None:
    """Adds a row to the page that compares old goldens with new ones."""
    assert config.cache is not None
    folder = config.cache.mkdir("goldens")
    rows: list[str] = config.stash.setdefault(ROWS, [])
    cells = []
    for content, word in ((old, "old"), (new, "new")):
        if golden.suffix == ".svg" and content:
            copy = folder / f"{golden.parent.name}-{golden.stem}-{word}.svg"
            copy.write_bytes(content)
            cells.append(f'<td><img src="{escape(copy.name)}" alt="{word}"></td>')
        else:
            cells.append(f"<td>{len(content):,} bytes</td>")
    name = escape(golden.relative_to(FOLDER.parents[1]).as_posix())
    rows.append(f"<tr><th>{name}</th>{''.join(cells)}</tr>")
    (folder / "sheet.html").write_text(
        "<!doctype html><meta charset=utf-8><title>Goldens, old and new</title>"
        "<style>img{max-width:45vw} td,th{vertical-align:top;border-top:1px solid}</style>"
        f"<table><tr><th><th>old<th>new</tr>{''.join(rows)}</table>",
        encoding="utf-8",
    )
    config.stash[SHEET] = folder / "sheet.html"
