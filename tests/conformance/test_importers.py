"""What every importer must do."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import jsonschema
import pytest
from samples import each_sample, every_sample, loaded, sample_id, samples_of

from archviz import api
from archviz.errors import ImporterError
from archviz.importers import IMPORTERS, Confidence, Importer, choose
from archviz.ir import serde
from archviz.ir.verify import verify
from archviz.options import options_of
from archviz.renderers.json import render
from archviz.source import Source

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "archviz.schema.json").read_text()
)
each_importer = pytest.mark.parametrize(
    "importer", list(IMPORTERS.builtin()), ids=lambda importer: importer.name
)


@each_importer
def test_an_importer_has_a_sample(importer: Importer) -> None:
    has_one = importer.is_live or samples_of(importer.name)
    assert has_one, f"put a small file into tests/samples/{importer.name}/"


def test_every_folder_of_samples_belongs_to_an_importer() -> None:
    folders = {path.parent.name for path in every_sample()}
    assert folders <= set(IMPORTERS.builtin_names)


@each_importer
def test_suffixes_are_lower_case_with_their_dot(importer: Importer) -> None:
    assert all(s.startswith(".") and s == s.lower() for s in importer.suffixes)


@each_importer
def test_options_have_types_that_text_can_be_read_as(importer: Importer) -> None:
    for option in options_of(importer.read).values():
        assert option.annotation is not None, option.name


@each_sample
def test_an_importer_claims_its_own_sample_and_nobody_else_does(sample: Path) -> None:
    source = Source.of(sample)
    claims = {
        importer.name: importer.sniff(source)
        for importer in IMPORTERS.builtin()
        if importer.sniff(source)
    }
    own = claims.pop(sample.parent.name, Confidence.NONE)
    assert own in (Confidence.SUFFIX, Confidence.CONTENT)
    # Another one may show more of the same source, where a framework that builds it is installed.
    assert all(claim is Confidence.CONTENT_AND_MORE for claim in claims.values()), claims
    assert choose(source).name == (next(iter(claims)) if claims else sample.parent.name)


@each_sample
def test_reading_twice_gives_the_same_model(sample: Path) -> None:
    again = api.load(sample, importer=sample.parent.name)
    assert again == loaded(sample)
    assert render(again) == render(loaded(sample))


@each_sample
def test_a_model_is_sound(sample: Path) -> None:
    model = loaded(sample)
    assert verify(model.body) == []
    assert model.format
    assert model.source == sample.name


@each_sample
def test_a_model_survives_its_own_file_format(sample: Path) -> None:
    model = loaded(sample)
    assert serde.from_json(json.loads(render(model))) == model
    assert pickle.loads(pickle.dumps(model)) == model


@each_sample
def test_a_model_keeps_to_the_schema(sample: Path) -> None:
    jsonschema.validate(json.loads(render(loaded(sample))), SCHEMA)


@each_importer
@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"\xff" * 5000, b"hello\n", b"{}"])
def test_nonsense_is_refused_with_a_sentence(
    importer: Importer, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / f"nonsense{next(iter(importer.suffixes), '')}"
    path.write_bytes(content)
    with pytest.raises(ImporterError) as caught:
        importer.read(Source.of(path))
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sample", [path for path in every_sample() if path.is_file()], ids=sample_id
)
def test_a_sample_cut_short_gives_a_model_or_a_sentence(sample: Path, tmp_path: Path) -> None:
    content = sample.read_bytes()
    for cut in (1, len(content) // 3, len(content) // 2, len(content) - 1):
        path = tmp_path / sample.name
        path.write_bytes(content[:cut])
        try:
            model = IMPORTERS.get(sample.parent.name).read(Source.of(path))
        except ImporterError:
            continue
        assert verify(model.body) == []
