"""Values of expressions in TorchScript code, and the operations that come of calls."""

from __future__ import annotations

import ast
import math
import re
from abc import ABC, abstractmethod
from collections import Counter
from typing import Any

from archviz.importers.torchscript.code import Code
from archviz.importers.torchscript.operations import (
    ARGUMENTS,
    CREATING,
    IN_SHAPES,
    MAX_LIST,
    PURE,
    WITHOUT_RESULT,
)
from archviz.importers.torchscript.values import (
    UNKNOWN,
    Call,
    Name,
    Object,
    Stored,
    Traced,
    Unknown,
)
from archviz.ir import Attribute
from archviz.ir.module_calls import Entry
from archviz.reading import MalformedError
from archviz.reading.names import clean
from archviz.reading.pickles import Global, Instance
from archviz.reading.torch_pickles import Tensor

MAX_STEPS = 300_000
MAX_CALLS = 40_000
MAX_DEPTH = 60
"""Calls of functions and modules inside one another."""

_LIBRARY = ("__torch__.torch.nn.functional.", "__torch__.torch.functional.")
_KNOWN_NAMES = {"True": True, "False": False, "None": None, "inf": math.inf, "nan": math.nan}
FORWARD = re.compile(r"^(?:forward|__call__)(?:\d*|__\d+)$")
"""Methods that are a call of a module: later calls have a number, overloads two underscores."""


class Expressions(ABC):
    """The part of following code that is about expressions.

    Args:
        code: The archive's code.
        constants: Its constants.

    Attributes:
        code: The archive's code.
        calls: The operations, in order.
    """

    def __init__(self, code: Code, constants: tuple[Any, ...]) -> None:
        self.code = code
        self.calls: list[Call] = []
        self._constants = constants
        self._steps = 0
        self._depth = 0
        self._stack: tuple[Entry, ...] = ()
        self._times: Counter[str] = Counter()

    @abstractmethod
    def run(self, function: ast.FunctionDef, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a function gives."""

    def step(self) -> None:
        """Counts one step.

        Raises:
            MalformedError: There were too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise MalformedError(f"following its code takes more than {MAX_STEPS:,} steps")

    def operation(
        self, op: str, args: list[Any], kwargs: dict[str, Any], names: tuple[str, ...] = ()
    ) -> Traced:
        """Notes an operation and returns its first result.

        Args:
            op: Its name.
            args: Positional arguments.
            kwargs: Named arguments.
            names: What positional arguments are called.
        """
        if len(self.calls) >= MAX_CALLS:
            raise MalformedError(f"its code runs more than {MAX_CALLS:,} operations")
        inputs: list[tuple[str, Traced | Stored]] = []
        attributes: dict[str, Attribute] = {}
        given = [(names[i] if i < len(names) else "", value) for i, value in enumerate(args)]
        for name, value in (*given, *kwargs.items()):
            found = list(_tensors(value))
            inputs += [(name, tensor) for tensor in found]
            if name and not found:
                setting = _setting(value)
                if setting is not None:
                    attributes[name] = setting
        call = Call(clean(op)[:200], inputs, attributes, self._stack)
        self.calls.append(call)
        written = args[0] if args else None
        if op.endswith("_") and not op.endswith("__") and isinstance(written, Traced):
            # Frozen as it was for what has been noted, the variable stands for the new tensor.
            call.inputs[0] = (call.inputs[0][0], Traced(written.source, written.index))
            written.source, written.index = call, 0
            return written
        return Traced(call)

    def call_method(self, owner: Object, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What a method gives; that of a module is a call of the module."""
        code = self.code.class_of(owner.instance.qualified)
        method = code.methods.get(name) if code is not None else None
        if method is None:
            return self.operation(name, args, kwargs)
        if not FORWARD.match(name):
            return self._enter(method, [owner, *args], kwargs)
        self._times[owner.path] += 1
        number = self._times[owner.path]
        type_ = owner.instance.qualified.rpartition(".")[2]
        around = self._stack
        entry = Entry(f"{owner.path}@{number}", owner.path, clean(type_)[:200], number)
        self._stack = (*around, entry)
        try:
            return self._enter(method, [owner, *args], kwargs)
        finally:
            self._stack = around

    def _enter(self, function: ast.FunctionDef, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if self._depth >= MAX_DEPTH:
            raise MalformedError(f"the code in it nests more than {MAX_DEPTH} calls deep")
        self._depth += 1
        try:
            return self.run(function, args, kwargs)
        finally:
            self._depth -= 1

    def value_of(self, node: ast.expr, variables: dict[str, Any]) -> Any:
        """The value of an expression."""
        match node:
            case ast.Name():
                if node.id in variables:
                    return variables[node.id]
                return _KNOWN_NAMES[node.id] if node.id in _KNOWN_NAMES else Name(node.id)
            case ast.Constant():
                return node.value if not isinstance(node.value, bytes | complex) else UNKNOWN
            case ast.Attribute():
                return self._attribute(node, variables)
            case ast.Call():
                return self._call(node, variables)
            case ast.List():
                return [self.value_of(item, variables) for item in node.elts]
            case ast.Tuple():
                return tuple(self.value_of(item, variables) for item in node.elts)
            case ast.Dict():
                return self._dictionary(node, variables)
            case ast.UnaryOp():
                operand = self.value_of(node.operand, variables)
                if isinstance(operand, bool | int | float):
                    return -operand if isinstance(node.op, ast.USub) else not operand
                return UNKNOWN
            case ast.IfExp():
                test = self.value_of(node.test, variables)
                taken = node.orelse if isinstance(test, bool) and not test else node.body
                return self.value_of(taken, variables)
            case ast.Subscript():
                return self._item(
                    self.value_of(node.value, variables), self.value_of(node.slice, variables)
                )
            case _:
                return UNKNOWN

    def _dictionary(self, node: ast.Dict, variables: dict[str, Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            name = self.value_of(key, variables) if key is not None else None
            shown = name if isinstance(name, str | int) else len(found)
            found[shown] = self.value_of(item, variables)
        return found

    def _item(self, value: Any, index: Any) -> Any:
        if isinstance(value, list | tuple | dict) and isinstance(index, int | str):
            try:
                return value[index]  # type: ignore[index]
            except (IndexError, KeyError, TypeError):
                return UNKNOWN
        if isinstance(value, Traced):
            return value.part(index) if isinstance(index, int) and index < MAX_LIST else value
        return UNKNOWN

    def _attribute(self, node: ast.Attribute, variables: dict[str, Any]) -> Any:
        dotted = _dotted(node)
        root = dotted.partition(".")[0]
        if root in ("torch", "ops", "__torch__") and root not in variables:
            return Name(dotted)
        if root == "CONSTANTS":
            index = int(node.attr[1:]) if node.attr[1:].isdecimal() else -1
            value = self._constants[index] if 0 <= index < len(self._constants) else UNKNOWN
            return Stored(dotted, value, True) if isinstance(value, Tensor) else _known(value)
        return self._member(self.value_of(node.value, variables), node.attr)

    def _member(self, owner: Any, name: str) -> Any:
        if not isinstance(owner, Object):
            return UNKNOWN
        if name in owner.fields:
            return owner.fields[name]
        attributes = owner.instance.attributes
        if name in attributes:
            return _of_instance(attributes[name], f"{owner.path}.{name}" if owner.path else name)
        code = self.code.class_of(owner.instance.qualified)
        if code is not None and name in code.defaults:
            return self.value_of(code.defaults[name], {})
        return UNKNOWN

    def _call(self, node: ast.Call, variables: dict[str, Any]) -> Any:
        self.step()
        args = [self.value_of(item, variables) for item in node.args]
        kwargs = {
            item.arg: self.value_of(item.value, variables) for item in node.keywords if item.arg
        }
        if isinstance(node.func, ast.Attribute):
            dotted = _dotted(node.func)
            root = dotted.partition(".")[0]
            if root not in ("torch", "ops", "__torch__") or root in variables:
                owner = self.value_of(node.func.value, variables)
                if isinstance(owner, Object):
                    return self.call_method(owner, node.func.attr, args, kwargs)
                return self._method_of_value(owner, node.func.attr, args, kwargs)
            return self._named(dotted, args, kwargs)
        function = self.value_of(node.func, variables)
        if isinstance(function, Name):
            return self._named(function.dotted, args, kwargs)
        if isinstance(function, Object):
            return self.call_method(function, "__call__", args, kwargs)
        return UNKNOWN

    def _method_of_value(
        self, owner: Any, name: str, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        if isinstance(owner, Traced | Stored):
            return self.operation(name, [owner, *args], kwargs)
        return UNKNOWN

    def _named(self, dotted: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What calling a function by its dotted name gives."""
        name = dotted.rpartition(".")[2]
        if dotted.startswith("__torch__."):
            return self._of_archive(dotted, args, kwargs)
        match name:
            case "annotate" | "unchecked_cast" if len(args) == 2:
                return args[1]
            case "unchecked_unwrap_optional" | "int" | "float" | "bool" | "str" if args:
                is_kept = isinstance(args[0], Traced) or not isinstance(args[0], Stored)
                return args[0] if is_kept else UNKNOWN
            case "getattr" if len(args) == 2 and isinstance(args[1], str):
                return self._member(args[0], args[1])
            case "range" if all(isinstance(item, int) for item in args) and 1 <= len(args) <= 3:
                return range(*args) if len(args) < 3 or args[2] else UNKNOWN
            case "append" if len(args) == 2 and isinstance(args[0], list):
                if len(args[0]) < MAX_LIST:
                    args[0].append(args[1])
                return args[0]
            case "uninitialized" | "range" | "isinstance":
                return UNKNOWN
        if name in WITHOUT_RESULT:
            return None
        return self._of_torch(name, args, kwargs)

    def _of_torch(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        has_tensor = any(True for value in (*args, *kwargs.values()) for _ in _tensors(value))
        if name in ("__is__", "__isnot__") and len(args) == 2 and args[1] is None:
            if isinstance(args[0], Unknown):
                return UNKNOWN
            return (args[0] is None) == (name == "__is__")
        if not has_tensor and name in PURE and not any(isinstance(a, Unknown) for a in args):
            try:
                found = PURE[name](*args)
            except (ArithmeticError, TypeError, ValueError):
                return UNKNOWN
            is_huge = isinstance(found, int) and abs(found) >= 1 << 63
            return UNKNOWN if is_huge else found
        if name in IN_SHAPES:
            return _shape_fact(name, args)
        if has_tensor or name in CREATING:
            return self.operation(name, args, kwargs, ARGUMENTS.get(name, ()))
        return UNKNOWN

    def _of_archive(self, dotted: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        function = self.code.function_of(dotted)
        name = dotted.rpartition(".")[2]
        if function is not None:
            gives = ast.unparse(function.returns) if function.returns is not None else ""
            if dotted.startswith(_LIBRARY) and "Tensor" in gives:
                # What the library does inside is its business; the call is one operation.
                names = tuple(item.arg for item in function.args.args)
                return self.operation(name.lstrip("_"), args, kwargs, names)
            return self._enter(function, args, kwargs)
        code = self.code.class_of(dotted)
        if code is None:
            return self.operation(name, args, kwargs)
        made = Object(Instance(Global(*_split(dotted))), f"<{name}>")
        if "__init__" in code.methods:
            self._enter(code.methods["__init__"], [made, *args], kwargs)
        else:
            made.fields.update(zip(code.fields, args, strict=False))
        return made


def _split(dotted: str) -> tuple[str, str]:
    module, _, name = dotted.rpartition(".")
    return module, name


def _of_instance(value: Any, path: str) -> Any:
    """An attribute of a pickled object."""
    if isinstance(value, Tensor):
        return Stored(path, value)
    if isinstance(value, Instance) and value.qualified.startswith("__torch__"):
        return Object(value, path)
    return _known(value)


def _known(value: Any) -> Any:
    """A pickled value as code sees it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list) and len(value) <= MAX_LIST:
        found = [
            Stored("constant", item, True) if isinstance(item, Tensor) else _known(item)
            for item in value
        ]
        return found if isinstance(value, list) else tuple(found)
    return UNKNOWN


def _tensors(value: Any) -> list[Traced | Stored]:
    if isinstance(value, Traced | Stored):
        return [value]
    found: list[Traced | Stored] = []
    if isinstance(value, list | tuple):
        for item in value:
            found += _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            found += _tensors(item)
    return found


def _shape_fact(name: str, args: list[Any]) -> Any:
    """What a stored tensor's description tells; nothing is known of others."""
    first = args[0] if args else None
    if isinstance(first, Stored) and first.tensor.shape is not None:
        shape = first.tensor.shape
        if name in ("dim", "ndimension"):
            return len(shape)
        if name == "size" and len(args) == 1:
            return list(shape)
        if name == "size" and isinstance(args[1], int) and -len(shape) <= args[1] < len(shape):
            return shape[args[1]]
    return UNKNOWN


def _setting(value: Any) -> Attribute:
    """A plain argument as an attribute; None for one that is not known or says nothing."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return clean(value)[:200]
    if isinstance(value, list | tuple) and 0 < len(value) <= 16:
        found = tuple(item for item in value if isinstance(item, bool | int | float))
        return found if len(found) == len(value) else None
    return None


def _dotted(node: ast.expr) -> str:
    """The dotted name that an expression spells, "" when it is none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
