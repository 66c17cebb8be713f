"""Expressions: small subgraphs as one line of text, from the last operation to what it consumes.

    Mul|Div(a, b)   an operation with one of these operators; further operands must be constants
    .rsqrt(a)       the same, when the first operator has a small letter
    :linear(a)      an operation of this category
    rule(a)         any of the rule's alternatives, the first that fits
    x               an operand from outside, the same one wherever it stands
    p=Softmax(a)    an operation that several others consume; p names it elsewhere
    0.5             a constant of this value
    constant        any stored operand
    any             any operand
    etc             as the last operand: whatever follows

The two operands of a sum and of a product may stand in either order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

from archviz.records import record


@record
class Name:
    """A word that stands alone: an operand from outside, a rule or what a rule was given."""

    text: str


@record
class Number:
    """A constant."""

    value: float


@record
class Operation:
    """An operation and its operands.

    Attributes:
        operators: Names of which it has one; empty when a category says it.
        category: The category it has, or "".
        operands: From the first on.
    """

    operators: tuple[str, ...]
    category: str
    operands: tuple[Term, ...]


@record
class Call:
    """A rule with what its parameters stand for."""

    rule: str
    arguments: tuple[Term, ...]


@record
class Bound:
    """A term with a name, for what it produces."""

    name: str
    term: Term


Term: TypeAlias = Name | Number | Operation | Call | Bound

_TOKEN = re.compile(r"\s*([:.]?[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[(),|=])")


@cache
def parse(text: str) -> Term:
    """The term that ``text`` writes.

    Raises:
        ValueError: It is none.
    """
    tokens = list(_tokens(text))
    reader = _Reader(text, tokens)
    term = reader.term()
    if reader.position < len(tokens):
        raise ValueError(f"{tokens[reader.position]!r} is left over in {text!r}")
    return term


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text[position:]!r} in {text!r} is no term")
        yield match.group(1)
        position = match.end()


class _Reader:
    def __init__(self, text: str, tokens: list[str]) -> None:
        self.text = text
        self.tokens = [*tokens, ""]
        self.position = 0

    def take(self, expected: str = "") -> str:
        token = self.tokens[self.position]
        if not token or (expected and token != expected):
            raise ValueError(f"{self.text!r} has {token!r} instead of {expected or 'a term'!r}")
        self.position += 1
        return token

    def sees(self, token: str) -> bool:
        return self.tokens[self.position] == token

    def term(self) -> Term:
        word = self.take()
        if word[-1].isdigit() and word[0] in "-0123456789":
            return Number(float(word))
        if word[0] == ":":
            return Operation((), word[1:], self.operands())
        if word[0] == "." or word[0].isupper():
            operators = [word.removeprefix(".")]
            while self.sees("|"):
                self.take("|")
                operators.append(self.take())
            return Operation(tuple(operators), "", self.operands())
        if self.sees("="):
            self.take("=")
            return Bound(word, self.term())
        if self.sees("("):
            return Call(word, self.operands())
        return Name(word)

    def operands(self) -> tuple[Term, ...]:
        self.take("(")
        found = [self.term()]
        while self.sees(","):
            self.take(",")
            found.append(self.term())
        self.take(")")
        return tuple(found)
