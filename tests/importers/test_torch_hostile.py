"""PyTorch's files made to do harm: a picture or one sentence, little time and memory, no harm."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch_hostile_files import SAMPLES, files

from archviz import api
from archviz.errors import ImporterError
from archviz.ir.verify import verify

SECONDS = 5.0
MEGABYTES = 300

CHILD = """
import codecs, json, os, sys, time
import archviz
from archviz.errors import ArchvizError
from archviz.importers import IMPORTERS, choose
from archviz.source import Source

is_watched = False

def draw(path):
    global is_watched
    source = Source.of(path)
    importer = choose(source)  # may look for other distributions' importers
    is_watched = True
    try:
        for other in IMPORTERS.builtin():
            other.sniff(source)
        model = importer.read(source)
    finally:
        is_watched = False
    return model, archviz.render(model)

for path in sys.argv[2:]:
    draw(path)  # imports what is needed
codecs.lookup("unicode_escape")  # of texts in old pickles; Python loads it late

events = []
def hook(event, arguments):
    if not is_watched:
        return
    if event == "open":
        event = f"open {arguments[0]}"
    elif event in ("exec", "import", "os.system", "subprocess.Popen", "ctypes.dlopen"):
        event = f"{event} {str(arguments[0])[:80]}"
    events.append(event)
sys.addaudithook(hook)

names = sorted(os.listdir(sys.argv[1]))
for name in names:
    path = os.path.join(sys.argv[1], name)
    events.clear()
    start = time.process_time()
    found = {"name": name, "error": "", "notes": [], "drawn": 0}
    try:
        model, drawn = draw(path)
        found["notes"] = [[note.name, note.message] for note in model.diagnostics]
        found["drawn"] = len(drawn)
    except ArchvizError as error:
        found["error"] = str(error)
    found["seconds"] = time.process_time() - start
    found["events"] = sorted(set(events))
    model = drawn = None
    with open("/proc/self/status") if sys.platform == "linux" else open(os.devnull) as status:
        peak = [line for line in status if line.startswith("VmHWM")]
    found["megabytes"] = int(peak[0].split()[1]) / 1024 if peak else 0
    os.write(1, json.dumps(found).encode() + b"\\n")
os._exit(0)
"""

HARMLESS = {
    "compile",  # parses TorchScript code, which is never run
    "builtins.id", "object.__getattr__", "object.__setattr__", "sys._getframe", "mmap.__new__",
}  # fmt: skip

CASES = files()


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What one process says of all files, in which it also looks at its own audit events."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (content, _) in CASES.items():
        (folder / name).write_bytes(content)
    warm = [
        SAMPLES / "checkpoint" / "network_module.pt",
        SAMPLES / "checkpoint" / "recurrent_legacy.pt",
        SAMPLES / "checkpoint" / "tiny_llama" / "model.safetensors.index.json",
        SAMPLES / "torch-export" / "network.pt2",
        SAMPLES / "torchscript" / "scripted.pt",
    ]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, folder, *warm],
        capture_output=True, text=True, timeout=300, check=True, cwd=folder,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert not (folder / "executed").exists()
    return {item["name"]: {**item, "folder": str(folder)} for item in found}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_gives_a_picture_or_a_sentence(
    name: str, results: dict[str, dict[str, Any]]
) -> None:
    found, message = results[name], CASES[name][1]
    if message:
        assert message in found["error"]
        assert found["error"].startswith(f"{name}: ")
        assert "\n" not in found["error"]
        assert len(found["error"]) < 400
    else:
        assert found["error"] == ""
        assert found["drawn"] > 500
    assert found["seconds"] < SECONDS
    assert found["megabytes"] < MEGABYTES


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_runs_nothing_and_opens_nothing_else(
    name: str, results: dict[str, dict[str, Any]]
) -> None:
    found = results[name]
    own = {f"open {found['folder']}/{name}"}
    assert set(found["events"]) - own <= HARMLESS


def notes_of(name: str, results: dict[str, dict[str, Any]]) -> dict[str, str]:
    return dict(results[name]["notes"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("01_system.pt", "would run os.system('touch executed'); archviz ran nothing"),
        ("03_legacy.pt", "would run os.system('touch executed'); archviz ran nothing"),
        ("04_stack_global.pt", "would run os.system('touch executed')"),
        ("05_resolve_name.pt", "would run pkgutil.resolve_name('os:system')"),
        ("06_instance.pt", "would run os.system('touch executed')"),
        ("07_object.pt", "would run os.system('touch executed')"),
        ("08_dropped_call.pt", "would run os.system('touch executed')"),
        ("23_twice.pt", "would run os.system('touch executed')"),
    ],
)
def test_what_loading_would_run_is_told(
    name: str, told: str, results: dict[str, dict[str, Any]]
) -> None:
    assert told in notes_of(name, results)["pickle-runs-code"]


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("15_cut_behind_the_structure.pt", "truncated-file", "the structure, which comes first"),
        ("22_shapes.pt", "odd-shape", "'a.weight', 'b.weight' has no shape that a tensor can have"),
        ("23_twice.pt", "repeated-member", "'a/data.pkl' more than once"),
        ("35_parens.pt", "no-edges", "cannot be parsed"),
        ("36_recursion.pt", "no-edges", "calls deep"),
        ("37_loops.pt", "no-edges", "more than 40,000 operations"),
        ("40_shape.safetensors", "broken-tensor", "w.weight has a shape that does not fit"),
    ],
)
def test_what_is_odd_is_told_beside_the_picture(
    name: str, kind: str, told: str, results: dict[str, dict[str, Any]]
) -> None:
    assert told in notes_of(name, results)[kind]


TARGETS = [
    SAMPLES / "checkpoint" / "network.pth",
    SAMPLES / "checkpoint" / "network_module.pt",
    SAMPLES / "checkpoint" / "recurrent_legacy.pt",
    SAMPLES / "checkpoint" / "training.ckpt",
    SAMPLES / "checkpoint" / "tiny_llama" / "model-00002-of-00002.safetensors",
    SAMPLES / "checkpoint" / "tiny_llama" / "model.safetensors.index.json",
    SAMPLES / "torch-export" / "network.pt2",
    SAMPLES / "torchscript" / "scripted.pt",
]


@pytest.mark.parametrize("sample", TARGETS, ids=lambda path: path.name)
def test_mutated_files_are_read_or_refused(sample: Path, tmp_path: Path) -> None:
    whole = sample.read_bytes()
    chance = random.Random(sample.name)
    importer = "safetensors" if sample.suffix == ".safetensors" else sample.parent.name
    importer = {"safetensors": "checkpoint", "tiny_llama": "checkpoint"}.get(importer, importer)
    messages = []
    for _ in range(120):
        made = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            # Most of a file is structure's neighbour: zeros and weights; the structure matters.
            place = chance.randrange(min(len(made), 6000))
            kind = chance.randrange(3)
            if kind == 0:
                made[place] = chance.randrange(256)
            elif kind == 1:
                del made[place : place + chance.randrange(1, 9)]
            else:
                made[place:place] = chance.randbytes(chance.randrange(1, 9))
        path = tmp_path / sample.name
        path.write_bytes(made)
        try:
            model = api.load(path, importer=importer)
        except ImporterError as error:
            messages.append(str(error))
            continue
        assert verify(model.body) == []
    assert messages
    assert all(message.startswith(f"{sample.name}: ") for message in messages)
    assert not any("\n" in message for message in messages)
