"""The modules of a model with their outputs and their parameters.

A parameter counts once, in the first module that uses it, so that the rows below one another and
the totals add up when weights are tied. Bytes are those of packed elements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from archviz.errors import OptionError
from archviz.ir import Graph, Model, Parameter, ScopePath
from archviz.ir.edit import used_values
from archviz.ir.types import TensorType, Type, format_shape, format_type
from archviz.ir.walk import all_graphs, all_nodes, operations_of
from archviz.passes import PASSES
from archviz.records import field, mutable, record
from archviz.table import aligned, one_line

AUTO_ROWS = 60
"""Rows that the automatic depth stays within, when the first level of modules does."""


@record
class Counts:
    """Elements and bytes of parameters.

    Attributes:
        trainable: Elements of weights that an optimizer updates.
        frozen: Elements of weights that none updates.
        unstated: Elements of weights of which the source says neither.
        buffers: Elements of state that no optimizer updates, such as running means.
        constants: Elements of constants, which belong to the architecture.
        nbytes: Bytes of all of these.
        unsized: Parameters whose shape is not known, which count as nothing.
    """

    trainable: int = 0
    frozen: int = 0
    unstated: int = 0
    buffers: int = 0
    constants: int = 0
    nbytes: int = 0
    unsized: int = 0

    @property
    def parameters(self) -> int:
        """Elements of weights of any kind."""
        return self.trainable + self.frozen + self.unstated

    @property
    def training(self) -> str:
        """Whether the weights are trainable: "yes", "no", "partly", "?", or "" without any."""
        stated = [
            word
            for count, word in ((self.trainable, "yes"), (self.frozen, "no"), (self.unstated, "?"))
            if count
        ]
        return stated[0] if len(stated) == 1 else "partly" if stated else ""


@record
class Row:
    """One module, or one operation where there are no modules.

    Attributes:
        path: Its place; the last part is its name.
        type: Its class, or the operation.
        outputs: Types of what leaves it, None for an unknown one.
        counts: Its parameters, without those that an earlier row already counts.
        is_shared: Whether it uses parameters that an earlier row counts.
        operations: Operations inside.
    """

    path: ScopePath
    type: str
    outputs: tuple[Type | None, ...]
    counts: Counts
    is_shared: bool = False
    operations: int = 1


@record
class Summary:
    """A model's modules, in order, each before those inside it.

    Attributes:
        source: What the model was read from.
        format: The importer that read it.
        rows: The modules.
        totals: Every stored weight and buffer once, used or not, and the constants in use.
        operations: Operations, those inside subgraphs included.
        hidden: Rows left out below the asked-for depth.
        depth: Levels of modules shown.
    """

    source: str
    format: str
    rows: tuple[Row, ...]
    totals: Counts
    operations: int
    hidden: int = 0
    depth: int = 0

    def __str__(self) -> str:
        return "\n".join(_table(self))

    def to_json(self) -> dict[str, Any]:
        """The summary as a tree of JSON values."""
        return {
            "source": self.source,
            "format": self.format,
            "operations": self.operations,
            "totals": _counts_to_json(self.totals),
            "rows": [
                {
                    "path": list(row.path),
                    "type": row.type,
                    "outputs": [format_type(output) for output in row.outputs],
                    "operations": row.operations,
                    "shared": row.is_shared,
                    **_counts_to_json(row.counts),
                }
                for row in self.rows
            ],
            "hidden": self.hidden,
        }


def summarize(model: Model, *, depth: int | str = "auto") -> Summary:
    """The summary of ``model``, whose identities and constants are no operations.

    Args:
        model: Any model; one without modules gets a row an operation.
        depth: Levels of modules that get rows: a number, "all", or "auto" for at most 60 rows.

    Raises:
        OptionError: ``depth`` is none of these.
    """
    graph = model.graph
    for name in ("drop-identity", "fold-constants"):
        graph = PASSES.get(name).apply(graph)
    stored = {
        name: item for name, item in model.graph.parameters.items() if item.kind != "constant"
    }
    rows = _rows(graph)
    levels = max((len(row.path) for row in rows), default=0)
    shown = _chosen_depth(rows, levels, depth)
    kept = tuple(row for row in rows if len(row.path) <= shown)
    return Summary(
        source=model.source,
        format=model.format,
        rows=kept,
        totals=_count({**stored, **graph.parameters}.values()),
        operations=sum(operations_of(node) for node in all_nodes(graph)),
        hidden=len(rows) - len(kept),
        depth=shown,
    )


def _chosen_depth(rows: list[Row], levels: int, depth: int | str) -> int:
    if depth == "all":
        return levels
    if depth == "auto":
        fitting = 1
        while fitting < levels and sum(len(r.path) <= fitting + 1 for r in rows) <= AUTO_ROWS:
            fitting += 1
        return fitting
    try:
        chosen = int(depth)
    except ValueError:
        raise OptionError(f"depth is {depth!r}", "it takes a number, auto or all") from None
    if chosen < 0:
        raise OptionError(f"depth is {chosen}", "give 0 or more, auto or all")
    return chosen


@mutable
class _Tally:
    """What is known of one scope while the graph is walked."""

    own: dict[str, Parameter] = field(default_factory=dict)
    outputs: dict[str, None] = field(default_factory=dict)
    is_shared: bool = False
    operations: int = 0


def _rows(graph: Graph) -> list[Row]:
    """Rows for every scope, in the order in which the graph first enters them."""
    parents = {path[:-1] for path in graph.scopes}
    tallies: dict[ScopePath, _Tally] = {}
    types = {path: scope.type for path, scope in graph.scopes.items()}
    counted: set[str] = set()
    numbers: dict[ScopePath, int] = {}
    values = {key: value for part in all_graphs(graph) for key, value in part.values.items()}
    leaving = _leaving(graph)
    for node in all_nodes(graph):
        places = [node.scope[:length] for length in range(1, len(node.scope) + 1)]
        # A module's own operations have no row unless they hold parameters beside other modules.
        if (
            node.kind == "module"
            or not graph.scopes
            or (node.parameters and (not node.scope or node.scope in parents))
        ):
            place = _free((*node.scope, node.name or node.id.rpartition("/")[2]), tallies, numbers)
            places.append(place)
            types[place] = node.op
        for place in places:
            tally = tallies.setdefault(place, _Tally())
            tally.operations += operations_of(node)
            for use in node.parameters:
                if use.parameter in graph.parameters:
                    if use.parameter not in counted:
                        tally.own[use.parameter] = graph.parameters[use.parameter]
                    elif use.parameter not in tally.own:
                        tally.is_shared = True
        counted.update(use.parameter for use in node.parameters)
        for output in node.outputs:
            if output is not None:
                for place in places[leaving.get(output, len(places)) :]:
                    tallies[place].outputs[output] = None
    return [
        Row(
            path=path,
            type=types.get(path, ""),
            outputs=tuple(values[output].type for output in tally.outputs),
            counts=_count(tally.own.values()),
            is_shared=tally.is_shared,
            operations=tally.operations,
        )
        for path, tally in _nested(tallies)
    ]


def _leaving(graph: Graph) -> dict[str, int]:
    """For each value how many levels of its producer's scopes all its consumers share."""
    scope_of = {
        value: node.scope
        for node in all_nodes(graph)
        for value in node.outputs
        if value is not None
    }
    shared: dict[str, int] = {}
    for node in all_nodes(graph):
        for value in used_values(node):
            if value in scope_of:
                own = scope_of[value]
                common = 0
                for mine, other in zip(own, node.scope, strict=False):
                    if mine != other:
                        break
                    common += 1
                shared[value] = min(common, shared.get(value, common))
    shared.update((value, 0) for part in all_graphs(graph) for value in part.outputs)
    return shared


def _free(
    path: ScopePath, taken: dict[ScopePath, _Tally], numbers: dict[ScopePath, int]
) -> ScopePath:
    """``path``, or the first of its numbered names that is free; ``numbers`` are the last given."""
    number, free = numbers.get(path, 1), path
    while free in taken:
        number += 1
        free = (*path[:-1], f"{path[-1]}#{number}")
    numbers[path] = number
    return free


def _nested(tallies: dict[ScopePath, _Tally]) -> Iterator[tuple[ScopePath, _Tally]]:
    """The tallies so that what is inside a module follows it, in order of first use."""
    children: dict[ScopePath, list[ScopePath]] = {}
    for path in tallies:
        children.setdefault(path[:-1], []).append(path)
    stack = list(reversed(children.get((), ())))
    while stack:
        path = stack.pop()
        yield path, tallies[path]
        stack.extend(reversed(children.get(path, ())))


def _count(parameters: Iterable[Parameter]) -> Counts:
    totals = dict.fromkeys((item.name for item in fields(Counts)), 0)
    for parameter in parameters:
        key = {"buffer": "buffers", "constant": "constants"}.get(parameter.kind)
        if key is None:
            key = {True: "trainable", False: "frozen", None: "unstated"}[parameter.trainable]
        size = parameter.type.size
        if size is None:
            totals["unsized"] += 1
        else:
            totals[key] += size
            totals["nbytes"] += parameter.type.nbytes or 0
    return Counts(**totals)


def _counts_to_json(counts: Counts) -> dict[str, int]:
    return {
        "parameters": counts.parameters,
        **{item.name: getattr(counts, item.name) for item in fields(Counts)},
    }


def _table(summary: Summary) -> Iterator[str]:
    rows = [
        (
            "  " * (len(row.path) - 1) + one_line(row.path[-1]),
            one_line(row.type),
            _outputs(row),
            _weights(row),
            row.counts.training,
        )
        for row in summary.rows
    ]
    if all(row.counts.training in ("", "?") for row in summary.rows):
        rows = [(*row[:4], "") for row in rows]  # the format says nothing of training
        rows.insert(0, ("module", "type", "output", "parameters", ""))
    else:
        rows.insert(0, ("module", "type", "output", "parameters", "trainable"))
    if summary.rows:
        yield from aligned(rows, right=(3,), least=(20, 8, 12))
    if summary.hidden:
        more = "more " if summary.rows else ""
        word = "row" if summary.hidden == 1 else "rows"
        yield f"({summary.hidden:,} {more}{word} below depth {summary.depth})"
    yield ""
    yield from _foot(summary)


def _foot(summary: Summary) -> Iterator[str]:
    totals = summary.totals
    lines: list[tuple[str, int, str]] = [
        ("operations", summary.operations, ""),
        ("parameters", totals.parameters, ""),
    ]
    if totals.trainable or totals.frozen:
        lines.append(("  trainable", totals.trainable, ""))
        lines.append(("  frozen", totals.frozen, ""))
        if totals.unstated:
            lines.append(("  not stated", totals.unstated, ""))
    if totals.buffers:
        lines.append(("buffers", totals.buffers, ""))
    if totals.constants:
        lines.append(("constants", totals.constants, ""))
    lines.append(("bytes", totals.nbytes, _readable(totals.nbytes)))
    if totals.unsized:
        lines.append(("of unknown size", totals.unsized, ""))
    yield from aligned(
        [(name, f"{count:,}", f"({note})" if note else "") for name, count, note in lines],
        right=(1,),
    )


def _outputs(row: Row) -> str:
    if not row.outputs:
        return ""
    more = f" +{len(row.outputs) - 1}" if len(row.outputs) > 1 else ""
    first = row.outputs[0]
    text = format_shape(first.shape) if isinstance(first, TensorType) else format_type(first)
    return one_line(text or "?") + more


def _weights(row: Row) -> str:
    if row.counts.parameters or not row.is_shared:
        return f"{row.counts.parameters:,}" if row.counts.parameters else ""
    return "shared"


def _readable(nbytes: int) -> str:
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if nbytes >= 1000**power:
            return f"{nbytes / 1000**power:.1f} {unit}"
    return ""
