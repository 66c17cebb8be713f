"""archviz's own JSON: what was written is read, and nothing else is believed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from onnx_bytes import saved

from archviz.errors import ImporterError, OptionError
from archviz.importers import Confidence, choose
from archviz.importers.archviz_json import IMPORTER
from archviz.ir import Model, serde
from archviz.ir.verify import verify
from archviz.options import bind
from archviz.renderers.json import render
from archviz.source import Source

SAMPLE = (
    Path(__file__).resolve().parents[1] / "samples" / "archviz-json" / "control_flow.archviz.json"
)
NAME = "model.archviz.json"


def read(folder: Path, content: str | bytes, **options: int) -> Model:
    data = content.encode() if isinstance(content, str) else content
    return IMPORTER.read(Source.of(saved(folder, data, NAME)), **options)


def test_what_archviz_wrote_is_read_as_it_was(model: Model, tmp_path: Path) -> None:
    assert read(tmp_path, render(model)) == model


def test_names_with_everything_in_them_come_back(hostile_model: Model, tmp_path: Path) -> None:
    found = read(tmp_path, render(hostile_model))
    assert [node.op for node in found.body.nodes] == [node.op for node in hostile_model.body.nodes]


def test_its_content_is_recognised_under_any_name(tmp_path: Path) -> None:
    for name in ("model.json", "model.txt", "model"):
        source = Source.of(saved(tmp_path, SAMPLE.read_bytes(), name))
        assert IMPORTER.sniff(source) is Confidence.CONTENT
        assert choose(source) is IMPORTER


def test_its_name_is_recognised_with_any_content(tmp_path: Path) -> None:
    assert IMPORTER.sniff(Source.of(saved(tmp_path, b"x", "a.ARCHVIZ.json"))) is Confidence.SUFFIX
    assert IMPORTER.sniff(Source.of(saved(tmp_path, b'{"a": 1}', "a.json"))) is Confidence.NONE
    assert IMPORTER.sniff(Source.of(tmp_path)) is Confidence.NONE
    assert IMPORTER.sniff(Source.of(object())) is Confidence.NONE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"<html>", "web page"),
        (b'{"archviz": 1, "graph": {', "no JSON at byte 25"),
        (b'{"archviz": 1}', "breaks the schema"),
        (b'{"archviz": 99, "graph": {}}', "schema version '99'"),
        (b"[1, 2]", 'no "archviz" version field'),
        (b"3", 'no "archviz" version field'),
        (b'{"archviz": 1, "graph": {"nodes": 3}}', "breaks the schema"),
        (b'{"archviz": 1, "source": "\xff"}', "no UTF-8 at byte 26"),
        (b'{"archviz": 1, "graph": ' + b"[" * 200_000, "nest too deep"),
        (b'{"archviz": 1, "graph": ' + b'{"a":' * 200_000, "nest too deep"),
        (b'{"archviz": ' + b"9" * 10_000 + b"}", "exceeds the limit"),
        (
            b'{"archviz": 1, "graph": {"nodes": [{"id": "a", "op": "b", "inputs": ["c"]}]}}',
            "the model is not sound: node 'a' consumes 'c'",
        ),
    ],
    ids=lambda item: repr(item[:30]),
)
def test_what_is_no_model_is_refused_with_one_sentence(
    content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ImporterError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"{NAME}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with path.open("wb") as stream:
        stream.write(b'{"archviz": 1, ')
        stream.truncate(1 << 40)
    with pytest.raises(ImporterError, match="larger than 1 MB"):
        IMPORTER.read(Source.of(path), max_megabytes=1)


def test_the_limit_is_an_option_that_text_gives() -> None:
    assert bind(IMPORTER.read, {"max-megabytes": "3"}, "it") == {"max_megabytes": 3}
    with pytest.raises(OptionError):
        bind(IMPORTER.read, {"max-megabytes": "many"}, "it")


def test_objects_and_folders_are_refused(tmp_path: Path) -> None:
    for target in (object(), tmp_path):
        with pytest.raises(ImporterError, match="no JSON file"):
            IMPORTER.read(Source.of(target))


def replaced(random_: random.Random, data: object) -> object:
    """The tree with one of its values put in the place of another."""
    places: list[tuple[object, object]] = []
    stack = [data]
    while stack:
        item = stack.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item)  # type: ignore[arg-type]
        for key, inner in pairs:
            places.append((item, key))
            if isinstance(inner, dict | list):
                stack.append(inner)
    (target, key), (source, other) = random_.choice(places), random_.choice(places)
    target[key] = random_.choice(  # type: ignore[index]
        (None, -1, "", [], {}, True, 1e300, "x" * 50, json.loads(json.dumps(source[other])))  # type: ignore[index]
    )
    return data


def test_mutated_models_raise_nothing_but_importer_errors(tmp_path: Path) -> None:
    random_ = random.Random(5)
    text = SAMPLE.read_text()
    readable = 0
    for _ in range(1500):
        changed = json.dumps(replaced(random_, json.loads(text)))
        try:
            found = read(tmp_path, changed)
        except ImporterError:
            continue
        assert verify(found.body) == []
        serde.to_json(found)
        readable += 1
    assert readable > 100
