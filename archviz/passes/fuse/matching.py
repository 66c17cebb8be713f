"""Finding the subgraphs that expressions write, backwards from their last operation.

What flows inside a match is used inside it alone, so that nothing leads out of it and back in: a
match is convex, and to contract it closes no cycle. The steps spent on one operation are bounded,
so the work grows with the graph and not with what it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from archviz.ir import Graph, Node, Parameter, TensorType
from archviz.ir.edit import used_values
from archviz.ir.walk import producers
from archviz.ops import category_of, table
from archviz.passes.fuse.expressions import Bound, Call, Name, Number, Operation, Term
from archviz.records import field, record

MOST_STEPS = 4000
"""Terms looked at before an operation is given up as the last of a match."""
_SCALARS = ("other", "exponent")
"""Attributes in which PyTorch's arithmetic has an operand that is a mere number."""
MOST_LINKS = 24
"""Times that a rule may lead to itself, one behind the other."""


@record
class Rule:
    """A named choice of terms; ``parameters`` are the words that a call replaces."""

    parameters: tuple[str, ...]
    alternatives: tuple[Term, ...]


@record
class Match:
    """Operations that an expression describes.

    Attributes:
        nodes: By id, the last operation first.
        names: What each of the expression's names stands for, by value.
    """

    nodes: dict[str, Node]
    names: dict[str, str]


class _Operand(NamedTuple):
    """What is at one input: a value, or else the parameter stored there, if it is known."""

    value: str | None
    parameter: Parameter | None


@record
class _Closure:
    """A term together with what the parameters of the rule around it stand for."""

    term: Term
    given: Mapping[str, _Closure] = field(default_factory=dict)


class _Exhausted(Exception):  # noqa: N818 - a signal, not a fault
    """The steps for one operation are spent."""


class Matcher:
    """Looks for expressions in one graph.

    Args:
        graph: Where to look.
        rules: By name.
    """

    def __init__(self, graph: Graph, rules: Mapping[str, Rule]) -> None:
        self._graph = graph
        self._rules = rules
        self._source = producers(graph)
        self._results = set(graph.outputs)
        self._by_id = {node.id: node for node in graph.nodes}
        self._users: dict[str, list[str]] = {}
        for node in graph.nodes:
            for value in used_values(node):
                self._users.setdefault(value, []).append(node.id)
        self._steps = 0

    def matches(self, term: Term, last: Node) -> Iterator[Match]:
        """Each way in which ``last`` ends what ``term`` writes, the most preferred first."""
        self._steps = MOST_STEPS
        closure = _Closure(term)
        try:
            for match in self._last(closure, last, Match({}, {}), 0):
                if self._is_closed(match, last):
                    yield match
        except _Exhausted:
            return

    def leads_into(self, node: Node, operators: Sequence[str]) -> bool:
        """Whether one of ``operators`` consumes a result of ``node``, or none is asked for."""
        users = (user for value in node.outputs for user in self._users.get(value or "", ()))
        return not operators or any(self._by_id[user].op in operators for user in users)

    def only_user(self, node: Node) -> Node | None:
        """The node that alone uses the one result of ``node``, as its only value."""
        made = [value for value in node.outputs if value is not None and value in self._users]
        if len(made) != 1 or made[0] in self._results or len(self._users[made[0]]) != 1:
            return None
        user = self._by_id[self._users[made[0]][0]]
        return user if used_values(user) == made else None

    def _last(self, closure: _Closure, node: Node, match: Match, links: int) -> Iterator[Match]:
        """Matches whose last operation is ``node``: a rule's alternatives are tried on it too."""
        term = closure.term
        if isinstance(term, Operation):
            yield from self._operation(term, closure.given, node, match, links)
            return
        rule = self._called(term)
        if rule is not None and links < MOST_LINKS:
            for alternative in self._alternatives(rule, term, closure):
                yield from self._last(alternative, node, match, links + 1)

    def _is_closed(self, match: Match, last: Node) -> bool:
        for node in match.nodes.values():
            if node.id == last.id:
                continue
            for value in node.outputs:
                if value in self._results:
                    return False
                if any(user not in match.nodes for user in self._users.get(value or "", ())):
                    return False
        return True

    def _operand(
        self,
        closure: _Closure,
        operand: _Operand,
        match: Match,
        links: int,
        *,
        is_shared: bool = False,
    ) -> Iterator[Match]:
        self._steps -= 1
        if self._steps < 0:
            raise _Exhausted
        term = closure.term
        match term:
            case Name("any"):
                yield match
            case Name("constant"):
                if operand.value is None:
                    yield match
            case Number(value):
                if operand.value is None and _is_number(operand.parameter, value):
                    yield match
            case Name(text) if text in closure.given:
                yield from self._operand(closure.given[text], operand, match, links)
            case Name(text) if text not in self._rules:
                yield from _named(text, operand, match)
            case Bound(name, inner):
                if name in match.names:
                    yield from _named(name, operand, match)
                else:
                    within = _Closure(inner, closure.given)
                    found = self._operand(within, operand, match, links, is_shared=True)
                    for one in found:
                        yield from _named(name, operand, one)
            case Operation():
                node = self._reached(operand, match, is_shared=is_shared)
                if node is not None:
                    yield from self._operation(term, closure.given, node, match, links)
            case _:
                rule = self._called(term)
                if rule is not None and links < MOST_LINKS:
                    for alternative in self._alternatives(rule, term, closure):
                        yield from self._operand(
                            alternative, operand, match, links + 1, is_shared=is_shared
                        )

    def _called(self, term: Term) -> Rule | None:
        if isinstance(term, Call):
            return self._rules[term.rule]
        return self._rules.get(term.text) if isinstance(term, Name) else None

    def _alternatives(self, rule: Rule, term: Term, closure: _Closure) -> Iterator[_Closure]:
        arguments = term.arguments if isinstance(term, Call) else ()
        given = {
            name: _Closure(argument, closure.given)
            for name, argument in zip(rule.parameters, arguments, strict=True)
        }
        return (_Closure(alternative, given) for alternative in rule.alternatives)

    def _reached(self, operand: _Operand, match: Match, *, is_shared: bool) -> Node | None:
        """The operation that makes an operand, when it may be inside the match."""
        value = operand.value
        node = self._source.get(value) if value is not None else None
        if value is None or node is None or node.id in match.nodes or value in self._results:
            return None
        return node if is_shared or len(self._users[value]) == 1 else None

    def _operation(
        self,
        term: Operation,
        given: Mapping[str, _Closure],
        node: Node,
        match: Match,
        links: int,
    ) -> Iterator[Match]:
        if node.kind not in ("op", "fused") or node.subgraphs:
            return
        if term.operators:
            if node.op not in term.operators:
                return
        elif category_of(node.op) != term.category:
            return
        operands = _operands(node, self._graph)
        wanted = [_Closure(operand, given) for operand in term.operands]
        if wanted[-1].term == Name("etc"):
            wanted.pop()
        elif any(operand.value is not None for operand in operands[len(wanted) :]):
            return
        if len(operands) < len(wanted):
            return
        inside = Match({**match.nodes, node.id: node}, match.names)
        yield from self._operands(wanted, operands, inside, links)
        if len(wanted) == 2 and table().merge.get(node.op) in ("plus", "times"):
            yield from self._operands(wanted, operands[1::-1], inside, links)

    def _operands(
        self, wanted: list[_Closure], operands: list[_Operand], match: Match, links: int
    ) -> Iterator[Match]:
        if not wanted:
            yield match
            return
        for found in self._operand(wanted[0], operands[0], match, links):
            yield from self._operands(wanted[1:], operands[1:], found, links)


def operators_ending(term: Term, rules: Mapping[str, Rule]) -> tuple[set[str], set[str]]:
    """The operators and the categories that the last operation of ``term`` can have."""
    operators: set[str] = set()
    categories: set[str] = set()
    seen: set[str] = set()
    pending = [term]
    while pending:
        here = pending.pop()
        match here:
            case Operation(names, category, _):
                operators.update(names)
                categories.update([category] if category else [])
            case Bound(_, inner):
                pending.append(inner)
            case Name(text) | Call(text, _) if text in rules:
                arguments = here.arguments if isinstance(here, Call) else ()
                if text not in seen:
                    seen.add(text)
                    pending += chain(rules[text].alternatives, arguments)
            case _:
                pass
    return operators, categories


def _named(name: str, operand: _Operand, match: Match) -> Iterator[Match]:
    if operand.value is None:
        return
    known = match.names.get(name)
    if known is None:
        yield Match(match.nodes, {**match.names, name: operand.value})
    elif known == operand.value:
        yield match


def _operands(node: Node, graph: Graph) -> list[_Operand]:
    stored = {use.index: graph.parameters.get(use.parameter) for use in node.parameters}
    found = [_Operand(value, stored.get(index)) for index, value in enumerate(node.inputs)]
    for name in _SCALARS:
        scalar = node.attributes.get(name) if node.attributes else None
        if isinstance(scalar, int | float):
            type_ = TensorType("", ())
            found.append(_Operand(None, Parameter(name, type_, "constant", value=(scalar,))))
    return found


def _is_number(parameter: Parameter | None, wanted: float) -> bool:
    if parameter is None or parameter.value is None or len(parameter.value) != 1:
        return False
    (value,) = parameter.value
    return isinstance(value, int | float) and math.isclose(value, wanted, rel_tol=2e-3)
