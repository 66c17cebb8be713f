"""Recognising and reading models of YDF and TF-DF."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.ydf.messages import (
    TYPES,
    Column,
    blobs,
    columns,
    content,
    floats,
    parsed,
    whole,
    wholes,
)
from archviz.importers.ydf.nodes import Nodes
from archviz.importers.ydf.sniff import KINDS, SPEC, prefix_of
from archviz.ir import Diagnostic, Forest, Model, Severity
from archviz.ir.forest.check import sound
from archviz.ir.forest.routing import average_path
from archviz.reading import naming
from archviz.reading.names import clean
from archviz.source import Source

MAX_SHARD = 1 << 30
MAX_HEADER = 64 << 20
_HINT = "give the folder that model.save wrote, or a SavedModel of TensorFlow Decision Forests"
_NAMES = {
    "random_forest": "RandomForest",
    "gradient_boosted_trees": "GradientBoostedTrees",
    "isolation_forest": "IsolationForest",
}
_LOSSES = {
    1: ("binomial log likelihood", "logistic"),
    2: ("squared error", "identity"),
    3: ("multinomial log likelihood", "softmax"),
    4: ("LambdaMART NDCG5", "identity"),
    5: ("XE-NDCG-MART", "identity"),
    6: ("binary focal loss", "logistic"),
    7: ("Poisson", "exp"),
    8: ("mean absolute error", "identity"),
    9: ("LambdaMART NDCG", "identity"),
    10: ("Cox proportional hazard", "identity"),
}
CLASSIFICATION = 1


def read(source: Source) -> Model:
    """The model in ``source``.

    Raises:
        ImporterError: It is no such model, or of a kind without trees.
    """
    if source.is_live:
        with tempfile.TemporaryDirectory() as folder:
            source.object.save(f"{folder}/model")
            return _read(Path(folder, "model"), Source.of(Path(folder, "model")), source.name)
    if source.path is None or source.kind != "folder":
        raise ImporterError(f"{source.name}: this {source.kind} is no folder of YDF", _HINT)
    return _read(source.path, source, source.name)


def _read(folder: Path, source: Source, name: str) -> Model:
    prefix = prefix_of(source.members)
    if prefix is None:
        raise ImporterError(f"{name}: it holds no model of YDF", _HINT)
    try:
        with naming(name):
            return _model(folder, source.members, prefix, name)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ImporterError(f"{name}: a file of it cannot be read ({reason})", _HINT) from None
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, zlib.error) as error:
        raise ImporterError(
            f"{name}: this is no model of YDF that can be read "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0][:100]})",
            "copy the folder again",
        ) from None


def _model(folder: Path, members: tuple[str, ...], prefix: str, name: str) -> Model:
    def file(ending: str, most: int = MAX_HEADER) -> bytes:
        return _content(folder / f"{prefix}{ending}", most)

    kind = next(kind for kind in KINDS if f"{prefix}{kind}_header.pb" in members)
    header = parsed(file("header.pb"))
    own = parsed(file(f"{kind}_header.pb"))
    known = columns(file(SPEC))
    listed = wholes(header, 5)
    features = {column: place for place, column in enumerate(dict.fromkeys(listed))}
    task, label = whole(header, 2), whole(header, 3, -1)
    names = _classes(known[label]) if task == CLASSIFICATION and 0 <= label < len(known) else ()
    shards = [m for m in members if m.startswith(f"{prefix}nodes-")]
    if not shards:
        raise ValueError("its nodes are missing")
    width = len(names) if names and kind == "random_forest" else 1
    paths = [folder / shard for shard in sorted(shards)]
    nodes = Nodes(known, features, max(width, 1), sum(path.stat().st_size for path in paths))
    nodes.add(chain.from_iterable(blobs(_whole_shard(path)) for path in paths))
    forest = sound(_forest(nodes.finish(), known, features, names, kind, own))
    if whole(own, 2) not in (0, forest.tree_count):
        raise ValueError(f"it has {forest.tree_count} trees of {whole(own, 2)}")
    metadata = {"model": clean(content(header, 1)), "label": ""}
    if 0 <= label < len(known):
        metadata["label"] = clean(known[label].name)
    found = {key: value for key, value in metadata.items() if value}
    return Model(forest, "ydf", name, found, tuple(_losses(nodes)))


def _content(path: Path, most: int) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path.name} is no file")
    if path.stat().st_size > most:
        raise ValueError(f"{path.name} is too large")
    return path.read_bytes()


def _whole_shard(path: Path) -> bytes:
    data = _content(path, MAX_SHARD)
    if data[:2] == b"BS" and len(data) > 8 and data[4] == 1:
        reader = zlib.decompressobj(31)
        packed = reader.decompress(data[8:], min(MAX_SHARD, 200 * len(data) + (1 << 20)))
        if reader.unconsumed_tail:
            raise ValueError(f"{path.name} is too large when it is decompressed")
        return data[:8] + packed
    return data


def _classes(column: Column) -> tuple[str, ...]:
    """Names of the classes; the first of a vocabulary stands for what is not in it."""
    return tuple(clean(name) for name in column.vocabulary[1:])


def _forest(
    nodes: dict[str, Any],
    known: list[Column],
    features: dict[int, int],
    names: tuple[str, ...],
    kind: str,
    own: dict[int, list[Any]],
) -> Forest:
    used = [known[index] for index in features]
    fields: dict[str, Any] = {
        **nodes,
        "name": _NAMES[kind],
        "compare_dtype": "float32",
        "feature_names": tuple(clean(column.name) for column in used),
        "feature_types": tuple(TYPES.get(column.type, "") for column in used),
        "category_names": {
            place: tuple(map(clean, column.vocabulary))
            for place, column in enumerate(used)
            if column.vocabulary
        },
    }
    if kind == "gradient_boosted_trees":
        return Forest(**fields, **_boosting(own, len(nodes["starts"]) - 1, names))
    if kind == "isolation_forest":
        return _isolation(fields, whole(own, 4))
    wins = whole(own, 3, 1) > 0
    return Forest(
        **fields,
        value_kind="count" if names else "mean",
        aggregation="vote" if names and wins else "mean",
        class_names=(names,) if names else (),
    )


def _boosting(own: dict[int, list[Any]], trees: int, names: tuple[str, ...]) -> dict[str, Any]:
    import numpy as np

    outputs = max(whole(own, 5, 1), 1)
    if outputs > trees or trees % outputs:
        raise ValueError("its trees do not divide among its classes")
    base = floats(own, 4)
    if len(base) not in (0, outputs):
        raise ValueError("its first predictions do not fit its classes")
    loss, link = _LOSSES.get(whole(own, 3), ("", "identity"))
    numbers = np.arange(trees)
    return {
        "tree_output": numbers % outputs if outputs > 1 else None,
        "tree_round": numbers // outputs,
        "base": base or None,
        "value_kind": "score",
        "link": "identity" if whole(own, 9) else link,
        "objective": loss,
        "class_names": (names,) if names else (),
    }


def _isolation(fields: dict[str, Any], drawn: int) -> Forest:
    """An isolation forest; its values are lengths of paths (Liu, Ting and Zhou, 2008)."""
    import numpy as np

    depths = Forest(**fields).depths()
    samples = np.zeros(len(depths)) if fields["samples"] is None else fields["samples"]
    rest = np.array([average_path(0.0 if n != n else n) for n in samples.tolist()])
    usual = average_path(drawn)
    return Forest(
        **{**fields, "value": depths + rest},
        value_kind="score",
        aggregation="mean",
        link="power-of-two",
        link_scale=-1 / usual if usual > 0 else -1.0,
        objective="isolation",
    )


def _losses(nodes: Nodes) -> Iterator[Diagnostic]:
    if nodes.unknown:
        yield Diagnostic(
            "unknown-condition",
            Severity.WARNING,
            f"{nodes.unknown} conditions are of a kind that is not known; they show as true",
        )
    if nodes.replaces_missing:
        yield Diagnostic(
            "missing-replaced",
            Severity.INFO,
            "what stands for missing values in sums of features is not shown",
        )
