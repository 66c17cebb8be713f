"""Keras files that are broken, or made to do harm: a sentence, or a model, and nothing else."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest
from samples import samples_of

from archviz import api
from archviz.errors import ImporterError
from archviz.importers import IMPORTERS
from archviz.ir.verify import verify
from archviz.source import Source

SAMPLES = {path.name: path for path in samples_of("keras")}


def packed(path: Path, config: str | bytes, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", config)
    return path


def described(*layers: dict[str, Any]) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": "s",
            "layers": [
                {
                    "module": "keras.layers",
                    "class_name": "InputLayer",
                    "config": {"batch_shape": [None, 4], "name": "x"},
                },
                *layers,
            ],
        },
    }


def refused(path: Path) -> str:
    with pytest.raises(ImporterError) as caught:
        api.load(path)
    text = str(caught.value)
    assert path.name in text
    assert "\n" not in text
    return text


def test_a_zip_bomb_is_not_inflated(tmp_path: Path) -> None:
    bomb = b"[" + b" " * (80 << 20) + b"]"
    path = packed(tmp_path / "bomb.keras", bomb, zipfile.ZIP_DEFLATED)
    assert "the most that is read" in refused(path)


@pytest.mark.parametrize("config", ["[" * 200_000, '{"config":' * 50_000 + "1" + "}" * 50_000])
def test_json_that_nests_without_end_is_refused(tmp_path: Path, config: str) -> None:
    refused(packed(tmp_path / "deep.keras", config))


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "twice.keras", json.dumps(described()))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    assert "twice" in refused(path)


def test_members_outside_the_archive_are_left_where_they_are(tmp_path: Path) -> None:
    path = packed(tmp_path / "far.keras", json.dumps(described()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../escaped", "x")
    api.load(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["far.keras"]


def test_nothing_that_a_configuration_names_is_imported_or_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    layer = {
        "module": "os",
        "class_name": "system",
        "config": {"name": "evil", "command": f"touch {marker}"},
        "registered_name": None,
    }
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}
    lambda_layer = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "l", "function": code},
    }
    model = api.load(packed(tmp_path / "evil.keras", json.dumps(described(layer, lambda_layer))))
    assert not marker.exists()
    evil, shown = model.body.nodes
    assert (evil.op, evil.domain) == ("system", "custom")
    assert shown.attributes["function"] == "code in the file, not run"
    assert "4wEAAAA" not in str(model)


@pytest.mark.parametrize(
    "config",
    [
        {"name": "d", "units": 10**30},
        {"name": "d", "units": "many"},
        {"name": "d", "units": -4},
        {"name": "d"},
        None,
        [],
    ],
)
def test_a_layer_with_settings_that_make_no_sense_is_drawn(tmp_path: Path, config: object) -> None:
    layer = {"module": "keras.layers", "class_name": "Dense", "config": config}
    path = packed(tmp_path / "odd.keras", json.dumps(described(layer)))
    model = api.load(path)
    assert verify(model.body) == []
    assert "<svg" in str(api.render(model))


@pytest.mark.parametrize(
    "config",
    [
        "{}", "[]", "null", '"text"', "1", '{"class_name": "Sequential"}', '{"class_name": 1}',
        '{"class_name": "Functional", "config": {"layers": {"a": 1}}}', "nonsense", "",
    ],
)  # fmt: skip
def test_a_configuration_of_nothing_is_refused(tmp_path: Path, config: str) -> None:
    refused(packed(tmp_path / "none.keras", config))


def test_names_that_would_steer_a_page_or_a_terminal_do_not(tmp_path: Path) -> None:
    name = "</svg><script>alert(1)</script>\x1b[31m"
    layer = {"module": "keras.layers", "class_name": "Dense", "config": {"name": name, "units": 2}}
    picture = str(api.render(packed(tmp_path / "x.keras", json.dumps(described(layer)))))
    assert "<script>alert" not in picture
    assert "\x1b" not in picture


def test_a_byte_order_mark_and_numbers_that_are_none_are_read(tmp_path: Path) -> None:
    layer = {"module": "keras.layers", "class_name": "Dropout", "config": {"rate": float("nan")}}
    text = json.dumps(described(layer))
    for name, content in (
        ("a.keras", b"\xef\xbb\xbf" + text.encode()),
        ("b.keras", text.encode("utf-16")),
    ):
        assert len(api.load(packed(tmp_path / name, content)).body.nodes) == 1


def calling_twice(levels: int) -> dict[str, Any]:
    """A model in a model in a model, each called twice by the one around it."""

    def tensor(name: str, call: int) -> dict[str, Any]:
        history = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, call, 0]}
        return {"args": [{"class_name": "__keras_tensor__", "config": history}], "kwargs": {}}

    made: dict[str, Any] = {"class_name": "Activation", "config": {"name": "a"}}
    for level in range(levels):
        name = made["config"]["name"]
        inner = {**made, "name": name, "inbound_nodes": [tensor("x", 0), tensor(name, 0)]}
        x = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}
        made = {
            "class_name": "Functional",
            "config": {
                "name": f"m{level}",
                "layers": [{**x, "name": "x", "inbound_nodes": []}, inner],
                "input_layers": [["x", 0, 0]],
                "output_layers": [[name, 2 if level else 1, 0]],
            },
        }
    return made


def test_models_that_call_one_another_twice_do_not_grow_without_end(tmp_path: Path) -> None:
    small = api.load(packed(tmp_path / "small.keras", json.dumps(calling_twice(6))))
    assert len(small.body.nodes) == 64
    large = api.load(packed(tmp_path / "large.keras", json.dumps(calling_twice(30))))
    assert len(large.body.nodes) < 500_000
    assert "large-model" in {note.name for note in large.diagnostics}


def test_calls_that_need_their_own_results_are_drawn_and_said(tmp_path: Path) -> None:
    with zipfile.ZipFile(SAMPLES["shared_encoder.keras"]) as archive:
        config = json.loads(archive.read("config.json"))
    for layer in config["config"]["layers"]:
        if layer["name"] == "encoder":
            tensor = layer["inbound_nodes"][0]["args"][0]["config"]
            tensor["keras_history"] = ["head", 0, 0]
    model = api.load(packed(tmp_path / "cycle.keras", json.dumps(config)))
    assert "cyclic-call" in {note.name for note in model.diagnostics}
    assert verify(model.body) == []


def test_sequential_models_300_levels_deep_are_refused(tmp_path: Path) -> None:
    made: dict[str, Any] = {"class_name": "Dense", "config": {"name": "d", "units": 1}}
    for level in range(300):
        made = {"class_name": "Sequential", "config": {"name": f"s{level}", "layers": [made]}}
    assert "levels deep" in refused(packed(tmp_path / "deep.keras", json.dumps(made)))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_an_hdf5_file_cut_short_is_refused(tmp_path: Path, part: float) -> None:
    content = SAMPLES["states.h5"].read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(content[: int(len(content) * part)])
    refused(path)


def test_links_in_hdf5_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["soft"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "/")
        dense = file.create_group("dense/dense")
        dense.create_dataset("kernel:0", shape=(2**40, 2**20), dtype="f4", chunks=(1, 1024))
        dense.create_dataset("bias:0", (100,), "u1", external=[("secret", 0, 100)])
        dense["loop"] = file["/"]
    model = api.load(path)
    assert model.body.parameters["dense/kernel"].type.size == 2**60
    assert verify(model.body) == []


def test_mutated_files_give_a_model_or_a_sentence(tmp_path: Path) -> None:
    chance = random.Random(6)
    importer = IMPORTERS.get("keras")
    files = [path for path in SAMPLES.values() if path.is_file()]
    outcomes = {"read": 0, "refused": 0}
    for number in range(300):
        sample = files[number % len(files)]
        content = bytearray(sample.read_bytes())
        for _ in range(chance.randint(1, 12)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        path = tmp_path / f"mutant{sample.suffix}"
        path.write_bytes(bytes(content))
        try:
            model = importer.read(Source.of(path))
        except ImporterError:
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        assert verify(model.body) == []
    assert outcomes["read"] > 30
    assert outcomes["refused"] > 30
