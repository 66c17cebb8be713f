"""A model on its way to a picture: passes in their order, and where a focus leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

from archviz.errors import OptionError
from archviz.garbage import collection_paused
from archviz.ir import Forest, Graph, Model
from archviz.ir.walk import all_nodes, leaf_count
from archviz.log import Log
from archviz.options import bind, parse_plugin
from archviz.overlays import Prepared
from archviz.passes import PASSES
from archviz.records import replace

Depth: TypeAlias = int | Literal["auto", "all"] | str
"""How deep modules stay open: a number, "auto" for a picture that can be read, or "all"."""

Step: TypeAlias = tuple[str, Mapping[str, object]]

logger = Log(__name__)


def prepare(
    model: Model,
    *,
    depth: Depth = "auto",
    focus: str = "",
    hide: Sequence[str] = (),
    raw: bool = False,
    passes: Sequence[str] = (),
    covered: Prepared | None = None,
) -> Model:
    """The model as it is drawn: rid of what is no operation, cut out and collapsed.

    Args:
        model: As imported.
        depth: How many levels of modules stay open; "all" folds no equal blocks either.
        focus: Path of the only part to keep.
        hide: Patterns of operations to leave out.
        raw: Whether everything stays: identities, constants, every step of a chain.
        passes: More passes, "name:key=value", run before modules are collapsed; one that would
            run anyway runs here instead.
        covered: The overlay that is going to be drawn over it.

    Raises:
        OptionError: A pass or an option does not exist, or nothing matches ``focus``.
    """
    return prepared(model, depth, focus, hide, raw, passes, covered)[0]


@collection_paused()
def prepared(
    model: Model,
    depth: Depth,
    focus: str,
    hide: Sequence[str],
    raw: bool,
    passes: Sequence[str],
    covered: Prepared | None = None,
    merges: bool = True,
) -> tuple[Model, int]:
    """The model as drawn, merged unless the style does that, and how many operations it has."""
    logger.info("preparing %s", model.source or "the model")
    entered = _forest_at(model, focus)
    if entered is not None:
        return entered, 1
    extra: list[Step] = [parse_plugin(text) for text in listed(passes)]
    steps: list[Step] = [("expand-subgraphs", {})]
    if not raw:
        steps += [("drop-identity", {"keep": covered.keep} if covered else {})]
        steps += [("fold-constants", {}), ("lift-shared", {})]
        steps.append(("drop-unused", {"keep": covered.keep} if covered else {}))
    if hide:
        steps.append(("hide", {"patterns": listed(hide)}))
    if focus:
        steps.append(("select", {"focus": focus}))
    named = {name for name, _ in extra}
    if depth not in ("auto", "all") and not str(depth).removeprefix("-").isdecimal():
        raise OptionError(f"--depth is {depth!r}", "it takes a number, auto or all")
    graph = _apply(model.graph, [step for step in steps if step[0] not in named] + extra)
    operations = sum([leaf_count(n) if n.parts else 1 for n in graph.nodes])
    if raw and depth == "auto":
        depth = "all"
    last: list[Step] = [] if raw else [("fuse", {"compound": depth != "all"})]
    if not merges:
        last = []
    elif depth != "all":
        last = [("chain-joins", {}), *last]
        last += [("fold-repeats", {"words": covered.words} if covered else {})]
        last += [("collapse-scopes", {"depth": depth})]
    graph = _apply(graph, [step for step in last if step[0] not in named])
    return replace(model, body=graph), operations


def _forest_at(model: Model, focus: str) -> Model | None:
    """The model with decision trees for its body, when it is those or ``focus`` names a node's."""
    if isinstance(model.body, Forest):
        return model
    found = {
        id(node.forest): node
        for node in (all_nodes(model.body) if focus else ())
        if node.forest is not None
        and focus in (node.id, node.name, node.op, "/".join(node.scope), node.id.rpartition("/")[2])
    }
    if len(found) != 1:
        return None
    node = next(iter(found.values()))
    assert node.forest is not None
    return replace(model, body=node.forest, source=f"{model.source} {node.id}".strip())


def listed(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts; one alone, which is a sequence of its characters too, is one.

    Raises:
        OptionError: They are none.
    """
    if isinstance(texts, str):
        return (texts,)
    found: tuple[object, ...] = tuple(texts) if isinstance(texts, Iterable) else (None,)
    names = tuple(item for item in found if isinstance(item, str))
    if len(names) < len(found):
        raise OptionError(f"{texts!r} is neither a name nor a list of names", "write it as text")
    return names


def check_texts(**settings: object) -> None:
    """Refuses settings that are no text, before anything takes them for it.

    Raises:
        OptionError: One is none.
    """
    for name, value in settings.items():
        if not isinstance(value, str):
            raise OptionError(f"{name} is {value!r}", f"it takes text: {name}={str(value)!r}")


def _apply(graph: Graph, steps: Sequence[Step]) -> Graph:
    for name, options in steps:
        found = PASSES.get(name)
        logger.debug("pass %s", name)
        graph = found.apply(graph, **bind(found.apply, options, f"the pass {name!r}"))
    return graph
