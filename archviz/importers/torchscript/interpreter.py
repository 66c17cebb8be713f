"""Follows TorchScript code statement by statement with stand-ins for tensors.

Calls of methods and functions are followed, loops whose count is known are unrolled, and of a
condition that depends on data both sides are. Steps, operations and depth are bounded.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Any

from archviz.importers.torchscript.code import Code
from archviz.importers.torchscript.expressions import FORWARD, Expressions
from archviz.importers.torchscript.values import UNKNOWN, Object, Stored, Traced
from archviz.reading import MalformedError

MAX_TURNS = 512
"""Turns of a loop that are unrolled."""


class ReturnError(Exception):
    """The end of a function, with what it gives; no error, but the way to leave nested code."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Interpreter(Expressions):
    """Follows a model's ``forward``.

    Args:
        code: The archive's code.
        constants: Its constants.

    Attributes:
        calls: The operations, in order.
        met: How often each thing was met that could not be followed exactly.
    """

    def __init__(self, code: Code, constants: tuple[Any, ...]) -> None:
        super().__init__(code, constants)
        self.met: Counter[str] = Counter()

    def follow(self, root: Object) -> tuple[list[str], Any]:
        """The names of the model's inputs, and what it gives.

        Raises:
            MalformedError: The code has no forward, or takes too many steps.
        """
        code = self.code.class_of(root.instance.qualified)
        methods = code.methods if code is not None else {}
        name = next((name for name in methods if FORWARD.match(name)), "")
        if not name:
            raise MalformedError("its code has no method forward")
        forward = methods[name]
        names = [argument.arg for argument in forward.args.args[1:]]
        try:
            return names, self.call_method(root, name, [Traced(item) for item in names], {})
        except RecursionError:
            raise MalformedError("the code in it nests too deep") from None

    def run(self, function: ast.FunctionDef, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a function gives."""
        variables: dict[str, Any] = {}
        parameters = function.args.args
        plain = len(parameters) - len(function.args.defaults)
        for position, parameter in enumerate(parameters):
            if position < len(args):
                variables[parameter.arg] = args[position]
            elif parameter.arg in kwargs:
                variables[parameter.arg] = kwargs[parameter.arg]
            elif position >= plain:
                default = function.args.defaults[position - plain]
                variables[parameter.arg] = self.value_of(default, variables)
            else:
                variables[parameter.arg] = UNKNOWN
        try:
            self._block(function.body, variables)
        except ReturnError as end:
            return end.value
        return None

    def _block(self, statements: list[ast.stmt], variables: dict[str, Any]) -> None:
        for statement in statements:
            self._statement(statement, variables)

    def _statement(self, statement: ast.stmt, variables: dict[str, Any]) -> None:
        self.step()
        match statement:
            case ast.Assign():
                value = self.value_of(statement.value, variables)
                for target in statement.targets:
                    self._assign(target, value, variables)
            case ast.AnnAssign() if statement.value is not None:
                value = self.value_of(statement.value, variables)
                self._assign(statement.target, value, variables)
            case ast.Expr():
                self.value_of(statement.value, variables)
            case ast.Return():
                given = statement.value
                raise ReturnError(self.value_of(given, variables) if given is not None else None)
            case ast.If():
                self._branch(statement, variables)
            case ast.For():
                self._loop(statement, variables)
            case ast.While():
                self._repeat(statement, variables)
            case ast.With():
                self._block(statement.body, variables)
            case _:
                pass  # pass, assert and raise: following assumes that all is well

    def _assign(self, target: ast.expr, value: Any, variables: dict[str, Any]) -> None:
        if isinstance(target, ast.Name):
            variables[target.id] = value
        elif isinstance(target, ast.Attribute):
            owner = self.value_of(target.value, variables)
            if isinstance(owner, Object):
                owner.fields[target.attr] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts: list[Any]
            if isinstance(value, list | tuple) and len(value) == len(target.elts):
                parts = list(value)
            elif isinstance(value, Traced):
                parts = [value.part(index) for index in range(len(target.elts))]
            else:
                parts = [UNKNOWN] * len(target.elts)
            for inner, part in zip(target.elts, parts, strict=True):
                self._assign(inner, part, variables)

    def _branch(self, statement: ast.If, variables: dict[str, Any]) -> None:
        condition = self.value_of(statement.test, variables)
        if condition is None or isinstance(condition, bool | int | float | str | list | tuple):
            self._block(statement.body if condition else statement.orelse, variables)
            return
        if _raises(statement.body) != _raises(statement.orelse):
            # A check that fails ends the run: what is drawn is the run that goes on.
            self._block(statement.orelse if _raises(statement.body) else statement.body, variables)
            return
        self.met["branch"] += 1
        sides = []
        for block in (statement.body, statement.orelse):
            own = dict(variables)
            end = None
            try:
                self._block(block, own)
            except ReturnError as found:
                end = found
            sides.append((own, end))
        (first, one), (second, other) = sides
        if one is not None and other is not None:
            raise ReturnError(self._either(condition, one.value, other.value))
        if one is not None or other is not None:
            self.met["return"] += 1
            variables.update(second if one is not None else first)
            return
        for name in dict.fromkeys((*first, *second)):
            here, there = first.get(name, UNKNOWN), second.get(name, UNKNOWN)
            if here is there or name not in second:
                variables[name] = here
            elif name not in first:
                variables[name] = there
            else:
                variables[name] = self._either(condition, here, there)

    def _either(self, condition: Any, one: Any, other: Any) -> Any:
        """A value that a condition chooses."""
        if isinstance(one, Traced | Stored) or isinstance(other, Traced | Stored):
            return self.operation("if", [condition, one, other], {}, ("condition", "then", "else"))
        if isinstance(one, list | tuple) and isinstance(other, list | tuple):
            if len(one) == len(other):
                return [self._either(condition, a, b) for a, b in zip(one, other, strict=True)]
            return UNKNOWN
        if isinstance(one, Object):
            return one
        return one if type(one) is type(other) and one == other else UNKNOWN

    def _loop(self, statement: ast.For, variables: dict[str, Any]) -> None:
        items = self.value_of(statement.iter, variables)
        if isinstance(items, list | tuple | range) and len(items) <= MAX_TURNS:
            for item in items:
                self._assign(statement.target, item, variables)
                self._block(statement.body, variables)
            return
        self.met["loop"] += 1
        self._assign(statement.target, UNKNOWN, variables)
        self._block(statement.body, variables)

    def _repeat(self, statement: ast.While, variables: dict[str, Any]) -> None:
        for _ in range(MAX_TURNS):
            condition = self.value_of(statement.test, variables)
            if not isinstance(condition, bool | int):
                self.met["loop"] += 1
                self._block(statement.body, variables)
                return
            if not condition:
                return
            self._block(statement.body, variables)


def _raises(block: list[ast.stmt]) -> bool:
    """Whether a block does nothing but end with an error."""
    last = block[-1] if block else None
    if isinstance(last, ast.Raise):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and _raises(last.body) and _raises(last.orelse)
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return False
    function = last.value.func
    return isinstance(function, ast.Attribute) and function.attr == "RaiseException"


def tensors_in(value: Any) -> Iterator[tuple[str, Traced | Stored]]:
    """The tensors of a result, with the names of their places."""
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, Traced | Stored):
            yield name, item
            continue
        inner: list[tuple[Any, Any]] = []
        if isinstance(item, dict):
            inner = list(item.items())
        elif isinstance(item, list | tuple):
            inner = list(enumerate(item))
        elif isinstance(item, Object):
            inner = list(item.fields.items())
        stack += [(f"{name}.{key}" if name else str(key), part) for key, part in reversed(inner)]
