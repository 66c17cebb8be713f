"""The code of an archive: classes and functions, parsed when they are first asked for."""

from __future__ import annotations

import ast

from archviz.reading import MalformedError
from archviz.reading.archives import Archive
from archviz.reading.names import clean
from archviz.records import field, mutable

MAX_CODE = 6 << 20
"""Bytes of code that are parsed; a syntax tree takes some forty times as many."""


@mutable
class ClassCode:
    """One class.

    Attributes:
        methods: By name.
        defaults: Values of attributes that the class itself gives.
        fields: Names of attributes, in order.
    """

    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)


class Code:
    """The classes and functions of an archive by their dotted names, "__torch__.Network".

    Args:
        archive: The archive.
        folder: The folder in it that everything is in, with a slash at the end.
    """

    def __init__(self, archive: Archive, folder: str) -> None:
        self._archive = archive
        self._folder = f"{folder}code/"
        self._classes: dict[str, ClassCode] = {}
        self._functions: dict[str, ast.FunctionDef] = {}
        self._loaded: set[str] = set()
        self._size = 0

    def class_of(self, dotted: str) -> ClassCode | None:
        """The class of that name, or None.

        Raises:
            MalformedError: The code cannot be parsed, or there is too much of it.
        """
        self._load(dotted)
        return self._classes.get(dotted)

    def function_of(self, dotted: str) -> ast.FunctionDef | None:
        """The function of that name, or None.

        Raises:
            MalformedError: The code cannot be parsed, or there is too much of it.
        """
        self._load(dotted)
        return self._functions.get(dotted)

    def _load(self, dotted: str) -> None:
        module = dotted.rpartition(".")[0]
        member = f"{self._folder}{module.replace('.', '/')}.py"
        if module in self._loaded or member not in self._archive.members:
            return
        self._loaded.add(module)
        source = self._archive.read(member, MAX_CODE)
        self._size += len(source)
        if self._size > MAX_CODE:
            raise MalformedError(f"it has more than {MAX_CODE >> 20} MB of code")
        try:
            tree = ast.parse(source.decode("utf-8"))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise MalformedError(
                f"the code in it cannot be parsed: {clean(member)[:80]}: "
                f"{clean(str(error)).partition('(')[0].strip()[:80]}",
                "save the model again",
            ) from None
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self._classes[f"{module}.{node.name}"] = _class_code(node)
            elif isinstance(node, ast.FunctionDef):
                self._functions[f"{module}.{node.name}"] = node


def _class_code(node: ast.ClassDef) -> ClassCode:
    found = ClassCode()
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            found.methods[item.name] = item
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.fields.append(item.target.id)
            if item.value is not None:
                found.defaults[item.target.id] = item.value
    return found
