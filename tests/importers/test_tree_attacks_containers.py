"""Folders, archives and documents of trees made to do harm, each read as attack_server.py says."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attack_server import outcome_of, server

__all__ = ["server"]

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def sentence(server: subprocess.Popen[str], path: Path, importer: str) -> str:
    outcome = outcome_of(server, path, importer)
    assert outcome.startswith(f"sentence: {path.name}: ")
    assert "no error" not in outcome
    assert len(outcome) < 400
    return outcome


def varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


# ---- Spark: a folder of JSON and Parquet


def spark(tmp_path: Path, name: str = "rf") -> Path:
    return Path(shutil.copytree(SAMPLES / "spark" / name, tmp_path / "model"))


def part(folder: Path, kind: str = "data") -> Path:
    return next((folder / kind).glob("part-*"))


def nodes(folder: Path) -> Any:
    """The rows of a folder of Parquet files as a table of pyarrow."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="it comes with the extra parquet")
    return parquet.read_table(part(folder))


def write_nodes(folder: Path, table: Any, **options: Any) -> None:
    import pyarrow.parquet as parquet

    parquet.write_table(table, part(folder), **options)


def many_rows(folder: Path) -> None:
    """Rows that are all alike take no room in Parquet: 4,000,000 of them some kilobytes."""
    import pyarrow as arrow

    table = nodes(folder).slice(0, 1)
    few = arrow.concat_tables([table] * 4000).combine_chunks()
    import pyarrow.parquet as parquet

    with parquet.ParquetWriter(part(folder), table.schema, compression="zstd") as writer:
        for _ in range(1000):
            writer.write_table(few)
    assert part(folder).stat().st_size < 12_000_000


def one_group_of_rows(folder: Path) -> None:
    import pyarrow as arrow

    table = nodes(folder).slice(0, 1)
    write_nodes(
        folder, arrow.concat_tables([table] * 1_000_000).combine_chunks(), compression="zstd"
    )
    assert part(folder).stat().st_size < 2_000_000


def long_list(folder: Path) -> None:
    """One row whose list has 60,000,000 equal numbers."""
    import pyarrow as arrow

    table = nodes(folder)
    at = table.schema.get_field_index("nodeData")
    rows = table.column(at).to_pylist()
    kind = table.schema.field(at).type
    numbers = arrow.array(np.zeros(60_000_000))
    short = arrow.StructArray.from_arrays(
        [
            arrow.ListArray.from_arrays([0, len(numbers)], numbers)
            if kind.field(k).name == "impurityStats"
            else arrow.array([rows[0][kind.field(k).name]], kind.field(k).type)
            for k in range(kind.num_fields)
        ],
        names=[kind.field(k).name for k in range(kind.num_fields)],
    )
    made = arrow.table({"treeID": arrow.array([0], arrow.int32()), "nodeData": short})
    write_nodes(folder, made, compression="zstd")
    assert part(folder).stat().st_size < 2_000_000


def hidden_list(folder: Path) -> None:
    """The same, and the end of the file says that there are two numbers."""
    long_list(folder)
    path = part(folder)
    raw = path.read_bytes()
    size = int.from_bytes(raw[-8:-4], "little")
    count = varint(2 * 60_000_000)
    foot = raw[-8 - size : -8]
    assert count in foot
    few = b"\x84" + b"\x80" * (len(count) - 2) + b"\0"
    path.write_bytes(raw[: -8 - size] + foot.replace(count, few) + raw[-8:])


def changed_nodes(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        import pyarrow as arrow

        table = nodes(folder)
        rows = table.to_pylist()
        for row in rows:
            row["nodeData"].update(changes)
        write_nodes(folder, arrow.Table.from_pylist(rows))

    return change


def about(folder: Path, **changes: Any) -> None:
    path = part(folder, "metadata")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def many_parts(folder: Path) -> None:
    source = part(folder).read_bytes()
    for index in range(3000):
        (folder / "data" / f"part-{index:05d}.parquet").write_bytes(source)


def many_empty_parts(folder: Path) -> None:
    for index in range(3000):
        (folder / "metadata" / f"part-0{index:05d}").touch()


def pipe(folder: Path) -> None:
    name = part(folder)
    name.unlink()
    os.mkfifo(name)


def pipe_of_metadata(folder: Path) -> None:
    name = part(folder, "metadata")
    name.unlink()
    os.mkfifo(name)


def page_sizes(folder: Path) -> None:
    """Sizes of pages and columns as large as their fields take."""
    path = part(folder)
    raw = bytearray(path.read_bytes())
    for at in range(4, 400):
        if raw[at] & 0x80 and not raw[at + 1] & 0x80:
            raw[at], raw[at + 1] = 0xFF, 0x7F
    path.write_bytes(raw)


def huge_footer(folder: Path) -> None:
    path = part(folder)
    raw = path.read_bytes()
    path.write_bytes(raw[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1")


SPARK_HEAD = '{"class":"org.apache.spark.ml.x","sparkVersion":"3",'


def metadata(text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        part(folder, "metadata").write_text(text)

    return change


SPARK: dict[str, Callable[[Path], None]] = {
    "many-rows": many_rows,
    "one-group": one_group_of_rows,
    "long-list": long_list,
    "hidden-list": hidden_list,
    "many-parts": many_parts,
    "many-empty-parts": many_empty_parts,
    "pipe": pipe,
    "pipe-of-metadata": pipe_of_metadata,
    "page-sizes": page_sizes,
    "huge-footer": huge_footer,
    "own-child": changed_nodes(leftChild=0, rightChild=0),
    "far-child": changed_nodes(leftChild=2**31 - 1, rightChild=2**31 - 1),
    "same-id": changed_nodes(id=7),
    "not-finite": changed_nodes(gain=float("inf"), impurity=float("nan")),
    "classes": lambda folder: about(folder, numClasses=1 << 20),
    "classes-without-end": lambda folder: about(folder, numClasses=float("inf")),
    "features": lambda folder: about(folder, numFeatures=10**400),
    "nested": metadata("[" * 1_000_000),
    "braces": metadata(f'{SPARK_HEAD}"paramMap":' + '{"a":' * 200_000),
    "digits": metadata(f'{SPARK_HEAD}"a":' + "9" * 1_000_000 + "}"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPARK)
def test_a_folder_of_spark_made_to_do_harm_ends_soon(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = spark(tmp_path)
    nodes(path)
    SPARK[name](path)
    outcome = outcome_of(server, path, "spark")
    if name not in ("not-finite", "many-empty-parts", "features", "page-sizes", "classes"):
        assert outcome.startswith("sentence: model: ")


@pytest.mark.parametrize("name", ["nested", "braces", "digits", "pipe-of-metadata"])
def test_a_folder_of_spark_is_recognised_soon(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = spark(tmp_path)
    SPARK[name](path)
    assert outcome_of(server, path, "").startswith("sentence: ")


# ---- YDF: a folder of protobuf


def field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(*messages: bytes, packed: int = 0) -> bytes:
    body = b"".join(struct.pack("<I", len(message)) + message for message in messages)
    if packed:
        maker = zlib.compressobj(9, wbits=31)
        body = maker.compress(body) + maker.flush()
    return b"BS" + struct.pack("<HBBH", 1, packed, 0, 0) + body


def shard(content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        next(folder.glob("nodes-00000-*")).write_bytes(content)

    return change


def written(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


LEAF = field(1, field(1, 1))
SPLIT = field(3, field(2, 1) + field(3, field(2, b"\x0d" + struct.pack("<f", 1.0))))


def trees(count: int, *messages: bytes) -> Callable[[Path], None]:
    """Nodes, and a header that says of how many trees they are."""

    def change(folder: Path) -> None:
        shard(blob(*messages))(folder)
        header = folder / "random_forest_header.pb"
        header.write_bytes(header.read_bytes() + field(2, count))

    return change


def asks(number: int, content: bytes) -> bytes:
    """A split with a condition of that kind."""
    return field(3, field(2, 1) + field(3, field(number, content)))


def classes(folder: Path) -> None:
    """A hundred thousand classes, and as many leaves, each of which answers one."""
    items = [
        field(7, field(1, b"%d" % index) + field(2, field(1, index))) for index in range(100_000)
    ]
    column = field(1, field(1, 4) + field(2, b"y") + field(6, b"".join(items)))
    spec = (folder / "data_spec.pb").read_bytes()
    (folder / "data_spec.pb").write_bytes(column + spec)
    trees(100_000, *[LEAF] * 100_000)(folder)


def ydf_pipe(folder: Path) -> None:
    name = next(folder.glob("nodes-00000-*"))
    name.unlink()
    os.mkfifo(name)


def vocabulary(folder: Path) -> None:
    """A column whose only category has the largest number that is allowed, many times."""
    item = field(7, field(1, b"x") + field(2, field(1, (1 << 20) - 1)))
    column = field(1, field(1, 4) + field(2, b"a") + field(6, item))
    (folder / "data_spec.pb").write_bytes(column * 2000)


def many_shards(folder: Path) -> None:
    for index in range(9_000):
        (folder / f"nodes-1{index:05d}-of-99999").write_bytes(blob(LEAF))


YDF: dict[str, Callable[[Path], None]] = {
    "empty": shard(b""),
    "length": shard(b"BS\x01\0\0\0\0\0" + b"\xff\xff\xff\xff"),
    "record": shard(b"\xff" * 8 + b"\0" * 40),
    "bomb": shard(blob(bytes(300 << 20), packed=1)),
    "packed-leaves": shard(blob(*[LEAF] * 200_000, packed=1)),
    "leaves": shard(blob(*[LEAF] * 200_000)),
    "splits": shard(blob(*[SPLIT] * 100_000)),
    "chain": shard(blob(*[SPLIT, LEAF] * 50_000, LEAF)),
    "empty-messages": shard(blob(*[b""] * 200_000)),
    "nested": shard(blob(b"\x1a\xff\xff\xff\xff\x0f")),
    "million-leaves": trees(1_000_000, *[LEAF] * 1_000_000),
    "million-nodes": trees(1, *[SPLIT, LEAF] * 500_000, LEAF),
    "packed-million-leaves": shard(blob(*[LEAF] * 1_000_000, packed=1)),
    "fields": shard(blob(LEAF * 1_000_000)),
    "answers": trees(1_000, *[LEAF * 900] * 1_000),
    "classes": classes,
    "bits": trees(1, asks(5, field(1, b"\xff" * 8_000_000)), LEAF, LEAF),
    "categories": trees(1, asks(4, field(1, b"\1" * 9_000_000)), LEAF, LEAF),
    "category-of-many-bytes": trees(1, asks(4, field(1, b"\xff" * 9_000_000)), LEAF, LEAF),
    "sum": trees(1, asks(7, field(1, b"\1" * 1_000_000) + field(2, bytes(4 << 20))), LEAF, LEAF),
    "vocabulary": vocabulary,
    "pipe": ydf_pipe,
    "many-shards": many_shards,
    "header": written("header.pb", b"\x0a\xff\xff\xff\xff\x0f"),
    "trees": written("random_forest_header.pb", field(2, 2**63)),
}  # fmt: skip


@pytest.mark.parametrize("name", YDF)
def test_a_folder_of_ydf_made_to_do_harm_ends_soon(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = Path(shutil.copytree(SAMPLES / "ydf" / "rf", tmp_path / "model"))
    YDF[name](path)
    outcome = outcome_of(server, path, "ydf")
    assert outcome.startswith(("sentence: model: ", "model"))
    if name in ("million-leaves", "million-nodes", "answers", "categories"):
        assert outcome == "model"


# ---- PMML: an XML document


def pmml(head: str = "", inside: str = "", encoding: str = "utf-8") -> bytes:
    text = (SAMPLES / "pmml" / "iris_tree.pmml").read_text()
    start = text.index("<PMML")
    text = f'<?xml version="1.0" encoding="{encoding}"?>{head}{text[start:]}'
    at = text.index(">", text.index("<TreeModel")) + 1
    return (text[:at] + inside + text[at:]).encode(encoding)


PMML: dict[str, tuple[bytes, str]] = {
    "file": (pmml('<!DOCTYPE p [<!ENTITY x SYSTEM "secret.txt">]>', "&x;"), ""),
    "net": (pmml('<!DOCTYPE p [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>', "&x;"), ""),
    "parameter": (pmml('<!DOCTYPE p [<!ENTITY % x SYSTEM "secret.txt"> %x;]>'), ""),
    "definition": (pmml('<!DOCTYPE p SYSTEM "secret.txt">'), "model"),
    "include": (
        pmml(inside='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="secret.txt"/>'),
        "model",
    ),
    "undeclared": (pmml(inside="&unknown;"), ""),
    "quadratic": (
        pmml('<!DOCTYPE p [<!ENTITY x "' + "a" * 100_000 + '">]>', "&x;" * 20_000), "",
    ),
    "utf-16-entities": (
        pmml('<!DOCTYPE p [<!ENTITY x "aaaa"><!ENTITY y "&x;&x;">]>', "&y;", "utf-16"), "",
    ),
    "attribute": (pmml(inside='<Extension a="' + "a" * 20_000_000 + '"/>'), ""),
    "text": (pmml(inside="<Extension>" + "a" * 70_000_000 + "</Extension>"), ""),
    "comments": (pmml(inside="<!-- -->" * 1_000_000), ""),
    "nested-predicates": (
        pmml(inside="<Node>" + '<CompoundPredicate booleanOperator="and">' * 40_000), "",
    ),
    "nested-models": (
        b"<PMML>" + b"<MiningModel><Segmentation><Segment>" * 15_000
        + b"</Segment></Segmentation></MiningModel>" * 15_000 + b"</PMML>", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PMML)
def test_a_document_of_pmml_made_to_do_harm_ends_soon(
    name: str, server: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, wanted = PMML[name]
    (tmp_path / "secret.txt").write_text("<!ENTITY x 'canary'>")
    path = tmp_path / "model.pmml"
    path.write_bytes(content)
    outcome = outcome_of(server, path, "pmml")
    assert "canary" not in outcome
    if wanted:
        assert outcome == wanted


# ---- Treelite: JSON


def treelite(**changes: Any) -> bytes:
    document = json.loads((SAMPLES / "treelite" / "iris_forest.json").read_bytes())
    for key, value in changes.items():
        if key in document:
            document[key] = value
        else:
            document["trees"][0]["nodes"][0][key] = value
    return json.dumps(document).encode()


TREELITE: dict[str, bytes] = {
    "nested": treelite()[:60] + b"[" * 1_000_000,
    "classes": treelite(num_class=[2**40]),
    "targets": treelite(num_target=2**40, num_class=[2**20] * 50),
    "no-trees": treelite(trees=[]),
    "empty-tree": treelite(trees=[{"nodes": []}]),
    "own-child": treelite(left_child=0),
    "far-child": treelite(left_child=2**70),
    "feature": treelite(split_feature_id=2**70),
    "negative-feature": treelite(split_feature_id=-5),
    "long-leaf": treelite(
        trees=[{"nodes": [{"node_id": 0, "leaf_value": [0.0] * 500_000}]}]
        + [{"nodes": [{"node_id": 0, "leaf_value": 0.0}]}] * 20_000
    ),
    "text-leaf": treelite(trees=[{"nodes": [{"node_id": 0, "leaf_value": "x" * 1000}]}]),
    "many-trees": treelite(trees=[{"nodes": [{"node_id": 0, "leaf_value": 0.0}]}] * 100_000),
    "alpha": treelite(postprocessor="sigmoid", sigmoid_alpha="1" * 400),
    "digits": treelite().replace(b'"num_feature": 4', b'"num_feature": ' + b"4" * 100_000),
}


@pytest.mark.parametrize("name", TREELITE)
def test_a_file_of_treelite_made_to_do_harm_ends_in_a_sentence(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(TREELITE[name])
    sentence(server, path, "treelite")


# ---- skops: a zip archive of JSON and arrays

ARRAY = {"__loader__": "NdArrayNode", "type": "numpy", "file": "1.npy"}


def npy(shape: str, kind: str = "'<f8'", content: bytes = b"") -> bytes:
    head = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + content


def schema(node: Any) -> str:
    return json.dumps(
        {
            "__class__": "DecisionTreeClassifier", "__module__": "sklearn.tree._classes",
            "__loader__": "ObjectNode", "content": {"__class__": "dict", "__module__": "builtins",
            "__loader__": "DictNode", "content": {"tree_": node}},
        }
    )  # fmt: skip


SKOPS: dict[str, dict[str, bytes | str]] = {
    "zeros": {"schema.json": schema(ARRAY), "1.npy": npy("(25000000,)", content=bytes(200 << 20))},
    "many-zeros": {
        "schema.json": schema({"__class__": "list", "__module__": "builtins", "content": [
            {**ARRAY, "file": f"{k}.npy"} for k in range(10)]}),
        **{f"{k}.npy": npy("(2500000,)", content=bytes(20 << 20)) for k in range(10)},
    },
    "shape": {"schema.json": schema(ARRAY), "1.npy": npy("(1099511627776,)")},
    "large-shape": {"schema.json": schema(ARRAY), "1.npy": npy("(4294967296,)")},
    "negative-shape": {"schema.json": schema(ARRAY), "1.npy": npy("(-1,)")},
    "many-axes": {"schema.json": schema(ARRAY), "1.npy": npy("(" + "1," * 400 + ")")},
    "wide-items": {"schema.json": schema(ARRAY), "1.npy": npy("(2,)", "'|V2147483647'")},
    "objects": {"schema.json": schema(ARRAY), "1.npy": npy("(1,)", "'|O'", b"cos\nsystem\n.")},
    "code": {
        "schema.json": schema(ARRAY), "1.npy": npy("(__import__('os').system('touch owned'),)"),
    },
    "header": {
        "schema.json": schema(ARRAY), "1.npy": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1),
    },
    "json-lists": {"schema.json": '{"a": [' + "[]," * 5_000_000 + "[]]}"},
    "json-inside": {
        "schema.json": schema({"__loader__": "JsonNode", "content": "[" * 3_000_000}),
    },
    "json-inside-lists": {
        "schema.json": schema(
            {"__loader__": "JsonNode", "content": "[" + "[]," * 5_000_000 + "[]]"}
        ),
    },
    "no-schema": {"1.npy": npy("(1,)")},
    "members": {**{str(k): "" for k in range(20_000)}, "schema.json": schema(None)},
    "other-place": {
        "schema.json": schema({**ARRAY, "file": "../../secret.txt"}), "../../secret.txt": "x",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SKOPS)
def test_a_skops_archive_made_to_do_harm_ends_in_a_sentence(
    name: str, server: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "model.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in SKOPS[name].items():
            archive.writestr(member, content)
    assert path.stat().st_size < 30_000_000
    sentence(server, path, "sklearn")
    assert [item.name for item in tmp_path.iterdir()] == ["model.skops"]


def test_the_arrays_are_read_when_nothing_is_wrong_with_them() -> None:
    """What the attacks change is what numpy itself reads."""
    found = np.load(io.BytesIO(npy("(2,)", content=struct.pack("<2d", 1.0, 2.0))))
    assert found.tolist() == [1.0, 2.0]
