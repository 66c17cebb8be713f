"""Files made to do harm: each ends in a model or one sentence, soon, and nothing runs.

What the limits are and how each case is held to them is in attack_server.py.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import pickletools
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from attack_server import outcome_of, server

__all__ = ["server"]

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


class Calls:
    """Pickles as a call of the function with the arguments."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._reduced = (function, arguments)

    def __reduce__(self) -> object:
        return self._reduced


TREE = b"\x80\x04\x8c\x15sklearn.tree._classes\x8c\x16DecisionTreeClassifier\x93)\x81"
"""Opcodes that make an estimator, in front of its state."""


def estimator(state: bytes) -> bytes:
    """A pickle of an estimator with the attribute ``tree_`` that the opcodes leave."""
    return TREE + b"}\x8c\x05tree_" + state + b"sb."


def commands() -> dict[str, bytes]:
    made = {}
    for protocol in range(6):
        for name, call in (
            ("system", Calls(os.system, "echo owned > owned")),
            ("eval", Calls(eval, "__import__('os').system('echo owned > owned')")),
            ("chain", Calls(getattr, Calls(__import__, "os"), "system")),
        ):
            made[f"{name}-{protocol}"] = pickle.dumps({"sklearn": call}, protocol=protocol)
    return made


def doubling(levels: int) -> bytes:
    """Lists of twice the list before: 2 ** levels items when walked without memory."""
    made = b"]\x94"
    for level in range(levels):
        made += b"](h" + bytes([level % 256]) + b"h" + bytes([level % 256]) + b"e\x94"
    return made


DTYPE = b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"


def array(shape: bytes, content: bytes) -> bytes:
    state = b"(K\x01" + shape + DTYPE + b"\x89" + content + b"t"
    return RECONSTRUCT + state + b"b"


def long(number: int) -> bytes:
    raw = number.to_bytes((number.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


PICKLES: dict[str, bytes] = {
    **commands(),
    "memo": b"\x80\x04]r" + struct.pack("<I", 2**31 - 1) + b"Nr" + struct.pack("<I", 2**32 - 1)
    + b"sklearn.",
    "long-bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b"sklearn",
    "long-text": b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"sklearn",
    "nested-tuples": b"\x80\x04N" + b"\x85" * 1_000_000 + b"\x8c\x07sklearn\x86.",
    "nested-lists": b"\x80\x04" + b"]" * 1_000_000 + b"a" * 999_999 + b"\x8c\x07sklearna.",
    "doubling": estimator(doubling(60)),
    "doubled-estimators": b"\x80\x04\x8c\x18sklearn.ensemble._forest\x8c\x16RandomForestClassifier"
    b"\x93)\x81}\x8c\x0bestimators_" + doubling(60) + b"sb.",
    "huge-array": estimator(array(long(2**60) + b"\x85", b"C\x08" + b"\0" * 8)),
    "many-axes": estimator(array(b"(" + b"K\x01" * 5000 + b"t", b"C\x08" + b"\0" * 8)),
    "negative-shape": estimator(array(long(-4) + b"\x85", b"C\x08" + b"\0" * 8)),
    "array-of-array": estimator(array(array(b"K\x01\x85", b"C\x08" + b"\0" * 8), b"N")),
    "persistent": b"\x80\x04\x8c\x07sklearn\x8c\x02idQ.",
    "extension": b"\x80\x04\x8c\x07sklearn\x82\x01.",
    "next-buffer": b"\x80\x05\x8c\x07sklearn\x97.",
    "long-integer": b"\x80\x04\x8c\x07sklearn\x8b" + struct.pack("<i", 2**30) + b"\x01.",
    "digits": b"csklearn\nx\nI" + b"9" * 100_000 + b"\n.",
    "not-a-class": b"\x80\x04\x8c\x07sklearnK\x01R.",
    "joblib-array": estimator(
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(\x8c\x05shape" + long(2**50)
        + b"\x85\x8c\x05order\x8c\x01C\x8c\x05dtype" + DTYPE + b"\x8c\x0aallow_mmap\x88ub"
    ),
    "joblib-recursion": estimator(
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(\x8c\x05shapeK\x01\x85\x8c\x05dtype"
        b"cnumpy\ndtype\nX\x01\x00\x00\x00O\x89\x88\x87Rub" * 50
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_made_to_do_harm_is_inert(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(PICKLES[name])
    outcome_of(server, path, "sklearn")
    assert [item.name for item in tmp_path.iterdir()] == ["model.pkl"]


def test_the_attacks_would_work_elsewhere() -> None:
    """The opcodes are those of real pickles, so that reading them is a test at all."""
    assert pickle.loads(pickle.dumps(Calls(os.getpid))) == os.getpid()
    for name in ("doubling", "huge-array", "joblib-array"):
        assert sum(1 for _ in pickletools.genops(PICKLES[name])) > 5


def bomb(kind: str) -> bytes:
    chunk = bytes(1 << 20)
    if kind == "gzip":
        stream = io.BytesIO()
        with gzip.GzipFile(fileobj=stream, mode="wb") as opened:
            for _ in range(1000):
                opened.write(chunk)
        return stream.getvalue()
    maker = {"zlib": zlib.compressobj, "bz2": bz2.BZ2Compressor, "xz": lzma.LZMACompressor}[kind]()
    parts = [maker.compress(chunk) for _ in range(400)]
    return b"".join([*parts, maker.flush()])


@pytest.mark.parametrize("kind", ["gzip", "zlib", "bz2", "xz"])
def test_a_bomb_is_not_decompressed_to_its_end(
    kind: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(bomb(kind))
    assert "decompressed it is more than" in outcome_of(server, path, "sklearn")


def changed_xgboost(**changes: object) -> bytes:
    document = json.loads((SAMPLES / "xgboost" / "iris.json").read_bytes())
    learner = document["learner"]
    for key, value in changes.items():
        if key in learner["learner_model_param"]:
            learner["learner_model_param"][key] = value
        elif key in ("size_leaf_vector", "num_deleted"):
            learner["gradient_booster"]["model"]["trees"][0]["tree_param"][key] = value
        else:
            learner["gradient_booster"]["model"]["trees"][0][key] = value
    return json.dumps(document).encode()


OTHERS: dict[str, tuple[str, bytes]] = {
    "json-nested": ("xgboost", b'{"learner": ' + b"[" * 1_000_000),
    "json-lists": ("xgboost", b'{"learner": {"a": [' + b"[]," * 5_000_000 + b"[]]}}"),
    "json-digits": ("xgboost", b'{"learner": {"a": ' + b"9" * 1_000_000 + b"}}"),
    "json-quotes": ("xgboost", b'{"learner": {"a": "' + b"\\" * 5_000_001),
    "json-brackets": ("xgboost", b'{"learner": {"a": ' + b"[1," * 3_000_000),
    "ubj-nested": ("xgboost", b"{U\x07learner" + b"[" * 1_000_000),
    "ubj-counted": ("xgboost", b"{U\x07learner[#L" + struct.pack(">q", 2**60)),
    "ubj-typed": ("xgboost", b"{U\x07learner[$d#L" + struct.pack(">q", 2**60)),
    "ubj-text": ("xgboost", b"{U\x07learnerSL" + struct.pack(">q", 2**60)),
    "ubj-empty-lists": ("xgboost", b"{U\x07learner[" + b"[]" * 5_000_000),
    "outputs": ("xgboost", changed_xgboost(num_class="2000000000")),
    "features": ("xgboost", changed_xgboost(num_feature="9000000000000")),
    "vectors": ("xgboost", changed_xgboost(size_leaf_vector="2000000000")),
    "own-child": ("xgboost", changed_xgboost(left_children=[0, -1, -1])),
    "far-child": ("xgboost", changed_xgboost(left_children=[2_000_000_000, -1, -1])),
    "two-parents": ("xgboost", changed_xgboost(left_children=[2, -1, -1])),
    "deleted": ("xgboost", changed_xgboost(left_children=[0, -1, -1], num_deleted="1")),
    "lightgbm-leaves": (
        "lightgbm", b"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\n"
        b"feature_names=a\n\nTree=0\nnum_leaves=99999999999\n",
    ),
    "lightgbm-classes": (
        "lightgbm", (SAMPLES / "lightgbm" / "plans.txt").read_bytes()
        .replace(b"num_class=1", b"num_class=999999999")
        .replace(b"num_tree_per_iteration=1", b"num_tree_per_iteration=999999999"),
    ),
    "lightgbm-trees": ("lightgbm", b"tree\nversion=v4\nnum_class=1\n" + b"\nTree=0" * 1_000_000),
    "lightgbm-json": ("lightgbm", b'{"name":"tree","version":"v4","tree_info":' + b"[" * 500_000),
    "cbm-length": ("catboost", b"CBM1\xff\xff\xff\xff" + b"\0" * 64),
    "cbm-offsets": ("catboost", b"CBM1\x40\0\0\0" + b"\xff\xff\xff\x7f" * 16),
    "cbm-itself": ("catboost", b"CBM1\x40\0\0\0" + b"\x04\0\0\0" * 16),
    "pmml-nested": ("pmml", b'<PMML><TreeModel functionName="regression">' + b"<Node>" * 900_000),
    "pmml-wide": (
        "pmml", b'<PMML><TreeModel functionName="regression"><Node>' + b"<Node/>" * 300_000
        + b"</Node></TreeModel>",
    ),
    "pmml-entities": (
        "pmml", b'<!DOCTYPE p [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
            b'<!ENTITY b%d "' % k + b"&a;" * 9 + b'">' for k in range(9)) + b"]><PMML>&b8;</PMML>",
    ),
    "pmml-attributes": (
        "pmml", b"<PMML " + b" ".join(b'a%d="1"' % k for k in range(200_000)) + b">",
    ),
    "pmml-padded": (
        "pmml", b'<PMML><TreeModel functionName="regression">' + b'<Node id="12345">' * 900_000,
    ),
    "catboost-json": ("catboost", b'{"features_info": {}, "oblivious_trees": ' + b"[" * 500_000),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_made_to_do_harm_ends_in_a_sentence(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    importer, content = OTHERS[name]
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    outcome = outcome_of(server, path, importer)
    if name != "features":
        assert outcome.startswith("sentence: model.bin: ")


@pytest.mark.parametrize("name", ["large-member", "deep", "loop", "no-array"])
def test_a_skops_archive_made_to_do_harm_ends_in_a_sentence(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    node: dict[str, object] = {"__class__": "list", "__module__": "builtins", "content": []}
    path = tmp_path / "model.skops"
    content = json.dumps(node)
    if name == "deep":
        front = '{"__class__": "list", "__module__": "builtins", "content": ['
        content = front * 5000 + "]}" * 5000
    elif name == "loop":
        content = json.dumps({**node, "__id__": 1, "content": [{"__id__": 1, "__class__": "x"}]})
    elif name == "large-member":
        content = " " * (400 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if name == "no-array":
            archive.writestr("1.npy", pickle.dumps([1]))
            node = {"__loader__": "NdArrayNode", "type": "numpy", "file": "1.npy"}
            content = json.dumps(node)
        archive.writestr("schema.json", content)
    assert outcome_of(server, path, "sklearn").startswith("sentence: model.skops: ")


def test_what_works_for_too_long_is_killed() -> None:
    """The limit that every case here is held to does hold."""
    limit = (1, 1)
    done = subprocess.run(
        [sys.executable, "-c", "while True: pass"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, limit),
        timeout=120,
        check=False,
    )
    assert done.returncode < 0
