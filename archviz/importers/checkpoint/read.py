"""Reading a checkpoint: from bytes to a Model, without an element of a tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.checkpoint import safety
from archviz.importers.checkpoint.containers import (
    read_pickles,
    read_tar,
    read_zip,
    salvage,
)
from archviz.importers.checkpoint.contents import Contents, contents_of
from archviz.importers.checkpoint.modules import ModuleReader, class_name
from archviz.importers.checkpoint.safetensors import read_header
from archviz.importers.checkpoint.shards import (
    checkpoint_in,
    read_config,
    read_index,
)
from archviz.importers.checkpoint.sniff import (
    CONFIG,
    FOLDER,
    PICKLE,
    SAFETENSORS,
    SHARDS,
    TAR,
    ZIP,
    form_of,
)
from archviz.importers.checkpoint.stored import Stored, tree_of
from archviz.ir import Diagnostic, Model, Severity
from archviz.ir.module_tree import Module, graph_of
from archviz.reading import MalformedError, naming
from archviz.reading.archives import Archive
from archviz.reading.names import clean
from archviz.reading.pickles import PickleReader
from archviz.records import replace
from archviz.source import Source

NAME = "checkpoint"

_NO_EDGES = (
    "a checkpoint holds weights and no computation, so there are modules and no edges; load the "
    "weights into their model and give that, or export it: torch.export.save(…, 'model.pt2')"
)
_MAX_NAMED = 5


def read(source: Source, *, part: str = "", strict: bool = False) -> Model:
    """The model whose tensors, or whose pickled modules, ``source`` holds.

    Args:
        source: A file, standard input or a folder.
        part: Key of the entry that is the model, when there are several.
        strict: Refuse what is cut short or has parts missing.

    Raises:
        ImporterError: It is no checkpoint, or one that is damaged.
    """
    problem = source.recognised_problem() if not form_of(source) else None
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    with naming(source.name):
        return _read(source, part, strict=strict)


def _read(source: Source, part: str, *, strict: bool) -> Model:
    form = form_of(source)
    if form == FOLDER:
        return _read_folder(source, part, strict=strict)
    if form == SAFETENSORS:
        with source.open() as stream:
            tensors, facts, faults = read_header(stream, source.size)
        model = _of_tensors(source, tensors, {"stored as": "safetensors", **facts}, is_sorted=True)
        return _with(model, _faults(faults, strict=strict))
    if form == SHARDS:
        return _read_shards(source, strict=strict)
    if form in (ZIP, PICKLE, TAR):
        root, readers, notes = _unpickled(source, form, strict=strict)
        model = _of_contents(source, contents_of(root, part))
        return _with(model, [*notes, *safety.report(readers)])
    raise MalformedError(
        f"this {source.kind} is no checkpoint",
        "give what torch.save or safetensors wrote, an index of such files or their folder",
    )


def _unpickled(
    source: Source, form: str, *, strict: bool
) -> tuple[Any, list[PickleReader], list[Diagnostic]]:
    notes: list[Diagnostic] = []
    with source.open() as stream:
        if form == PICKLE:
            root, reader = read_pickles(stream)
        elif form == TAR:
            root, reader = read_tar(stream, source.size)
        else:
            try:
                archive = Archive(stream, source.size)
            except MalformedError as error:
                saved = None if strict else salvage(stream, source.size)
                if saved is None:
                    raise
                root, reader = saved
                notes.append(
                    Diagnostic(
                        "truncated-file",
                        Severity.ERROR,
                        f"{error.message}; the structure, which comes first, is whole",
                        hint="download it again",
                    )
                )
            else:
                root, reader = read_zip(archive)
                if archive.repeated:
                    names = _listed([repr(clean(name)[:80]) for name in archive.repeated])
                    notes.append(
                        Diagnostic(
                            "repeated-member",
                            Severity.WARNING,
                            f"the archive has {names} more than once; the last one counts",
                        )
                    )
    return root, [reader], notes


def _of_contents(source: Source, contents: Contents) -> Model:
    facts = dict(contents.facts)
    if contents.part:
        facts = {"part": contents.part, **facts}
    if contents.module is not None:
        reader = ModuleReader()
        root = reader.read(contents.module)
        model = _model(source, root, class_name(contents.module), {"stored as": "module", **facts})
        notes = [] if model.graph.inputs else [_no_edges_of_module()]
    else:
        model = _of_tensors(
            source, contents.tensors, {"stored as": "state dictionary", **facts}, contents.modules
        )
        notes = []
    if contents.left_out:
        told = _listed(
            [f"{name} ({count:,} tensors)" if count else name
             for name, count in contents.left_out.items()]
        )  # fmt: skip
        notes.append(
            Diagnostic(
                "other-contents",
                Severity.INFO,
                f"the file also holds {told}, which are not shown",
                hint="show one with the option part",
            )
        )
    return _with(model, notes)


def _no_edges_of_module() -> Diagnostic:
    return Diagnostic(
        "no-edges",
        Severity.INFO,
        "a pickled module says what it contains and not what it computes, so only the order inside "
        "a Sequential is drawn; load it and give the live module to see operations",
        hint="archviz render package.module:build --input 1x3x224x224",
    )


def _of_tensors(
    source: Source,
    tensors: Sequence[Stored],
    metadata: dict[str, str],
    modules: Sequence[str] = (),
    *,
    is_sorted: bool = False,
) -> Model:
    if not tensors:
        raise MalformedError("it holds no tensor", "save the model again")
    tree = tree_of(tensors, modules, is_sorted=is_sorted)
    model = _model(source, tree.root, "", metadata)
    notes = [
        Diagnostic(
            "no-edges",
            Severity.INFO,
            _NO_EDGES.partition("; ")[0],
            hint=_NO_EDGES.partition("; ")[2],
        )
    ]
    if tree.guessed:
        kinds = (
            "kind of 1 module is" if tree.guessed == 1 else f"kinds of {tree.guessed:,} modules are"
        )
        notes.append(
            Diagnostic(
                "guessed-kinds",
                Severity.INFO,
                f"the {kinds} guessed from names and shapes, and marked with a question mark",
            )
        )
    notes += [
        Diagnostic("tied-weights", Severity.INFO, f"{_listed(group)} are the same tensor")
        for group in [list(names) for names in tree.tied][:_MAX_NAMED]
    ]
    odd = [one.name for one in tensors if one.type.shape is None and not one.location]
    return _with(model, [*notes, *_odd_shapes(odd)])


def _odd_shapes(names: Sequence[str]) -> list[Diagnostic]:
    if not names:
        return []
    told = _listed([repr(clean(name)[:80]) for name in names])
    return [
        Diagnostic("odd-shape", Severity.WARNING, f"{told} has no shape that a tensor can have")
    ]


def _model(source: Source, root: Module, name: str, metadata: dict[str, str]) -> Model:
    return Model(graph_of(root, name), NAME, source.name, metadata)


def _read_shards(source: Source, *, strict: bool) -> Model:
    found = read_index(source, _tensors_of)
    metadata = {"stored as": "sharded checkpoint", **found.metadata}
    model = _of_tensors(source, found.tensors, metadata, is_sorted=True)
    notes = _faults(found.faults, strict=strict)
    for names, what, hint in (
        (found.missing, "files of the index are not there", "download them as well"),
        (found.absent, "tensors of the index are in no file", "download the checkpoint again"),
        (found.unlisted, "tensors are in the files and not in the index", ""),
    ):
        if not names:
            continue
        message = f"{len(names):,} {what}: {_listed([clean(name)[:80] for name in names])}"
        if strict and hint:
            raise MalformedError(message, hint)
        notes.append(Diagnostic("incomplete-checkpoint", Severity.WARNING, message, hint=hint))
    return _with(model, notes)


def _read_folder(source: Source, part: str, *, strict: bool) -> Model:
    assert source.path is not None
    path = checkpoint_in(source.path)
    if path is None:
        raise MalformedError(
            "the folder has no checkpoint, or several", "give one of the files in it"
        )
    inner = Source.of(path)
    with naming(f"{source.name}/{CONFIG}"):
        name, facts, needs_code = read_config(source.path)
    with naming(f"{source.name}/{path.name}"):
        model = _read(inner, part, strict=strict)
    notes = []
    if needs_code:
        notes.append(
            Diagnostic(
                "needs-code",
                Severity.INFO,
                "the configuration asks for code from the folder, which archviz does not run",
            )
        )
    body = replace(model.graph, name=name or model.graph.name)
    metadata = {**({"architecture": name} if name else {}), **facts, **model.metadata}
    return _with(replace(model, body=body, source=source.name, metadata=metadata), notes)


def _tensors_of(path: Path) -> tuple[list[Stored], list[str]]:
    """The tensors of one file of a sharded checkpoint."""
    source = Source.of(path)
    with naming(path.name):
        form = form_of(source)
        if form == SAFETENSORS:
            with source.open() as stream:
                tensors, _, faults = read_header(stream, source.size, path.name)
            return tensors, faults
        if form in (ZIP, PICKLE):
            root, _, _ = _unpickled(source, form, strict=True)
            return [replace(one, location=path.name) for one in contents_of(root).tensors], []
        raise MalformedError("it is no part of a checkpoint", "download it again")


def _faults(faults: Sequence[str], *, strict: bool) -> list[Diagnostic]:
    if faults and strict:
        raise MalformedError(faults[0], "save or download it again")
    return [
        Diagnostic("broken-tensor", Severity.WARNING, fault, hint="save or download it again")
        for fault in faults[:_MAX_NAMED]
    ]


def _with(model: Model, notes: Iterable[Diagnostic]) -> Model:
    return replace(model, diagnostics=(*model.diagnostics, *notes))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    more = len(names) - _MAX_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
