"""Importers: each turns one format, or one kind of live object, into a Model.

A module here is one format and ends with ``IMPORTER``; the entry-point group for other
distributions is ``archviz.importers``. ``sniff`` looks at a Source's head bytes, members,
listing or class names and imports no framework. Options of a format are the keyword-only
parameters of ``read``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from enum import IntEnum

from archviz.errors import ImporterError
from archviz.ir import Model
from archviz.ir.model import WeightReader
from archviz.log import Log
from archviz.records import record
from archviz.registry import Registry
from archviz.source import Source

logger = Log(__name__)


class Confidence(IntEnum):
    """How sure an importer is that a source is its own."""

    NONE = 0
    SUFFIX = 1
    CONTENT = 2
    CONTENT_AND_MORE = 3
    """It reads the source, and shows more of it than others that read it as well."""


@record
class Importer:
    """The contract of the family.

    Attributes:
        name: Kebab-case name, the module's.
        title: A few words for ``archviz show formats``.
        sniff: Says how sure it is that it can read a source.
        read: Reads it; raises ImporterError, and nothing else, on a source it cannot read.
        suffixes: File name endings with their dot, lower case.
        building: A context in which a user's function that makes such a model is called, so that
            it is made without memory for its weights; None when the importer has none.
        is_live: Whether it reads live objects and no files.
        weights: Makes what reads the values of parameters of a source on demand, by the names that
            its Model gives them; None when the importer cannot.
    """

    name: str
    title: str
    sniff: Callable[[Source], Confidence]
    read: Callable[..., Model]
    suffixes: tuple[str, ...] = ()
    building: Callable[[], AbstractContextManager[None]] | None = None
    is_live: bool = False
    weights: Callable[[Source], WeightReader] | None = None


IMPORTERS: Registry[Importer] = Registry("archviz.importers", "IMPORTER", Importer)


def make(source: Source) -> None:
    """Has the live object of ``source`` made, without memory for weights where that works.

    Raises:
        ImporterError: The function that makes it raised.
    """
    if source.is_made:
        return
    try:
        with ExitStack() as stack:
            for importer in IMPORTERS.builtin():
                if importer.building is not None:
                    stack.enter_context(importer.building())
            source.make()
    except Exception as error:
        logger.info("making %s again with its weights: %s", source.name, error)
        try:
            source.make()
        except Exception as cause:
            raise ImporterError(
                f"{source.name}: calling it raised {type(cause).__name__}: {first_line(cause)}",
                "it has to return a model when it is called without arguments",
            ) from cause


def first_line(error: BaseException) -> str:
    """What an error says, in one line of text."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no reason was given"


def choose(source: Source) -> Importer:
    """The importer that reads ``source``: content beats suffix, built-in beats third party.

    Raises:
        ImporterError: No importer claims the source, or several do equally.
    """
    found = {importer.name: (importer.sniff(source), importer) for importer in IMPORTERS.builtin()}
    best = max((confidence for confidence, _ in found.values()), default=Confidence.NONE)
    if best < Confidence.CONTENT:
        for importer in IMPORTERS.third_party():
            found[importer.name] = (importer.sniff(source), importer)
        best = max((confidence for confidence, _ in found.values()), default=Confidence.NONE)
    claims = [importer for confidence, importer in found.values() if confidence == best]
    if best is Confidence.NONE:
        problem = source.recognised_problem()
        if problem:
            raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
        raise ImporterError(
            f"{source.name}: no importer recognises this {source.kind}",
            "see what can be read with: archviz show formats",
        )
    if len(claims) > 1:
        names = " and ".join(importer.name for importer in claims)
        raise ImporterError(f"{source.name}: {names} both claim it", "say which with --from NAME")
    return claims[0]
