"""Arguments, types and sizes as the schema of ``torch.export`` writes them.

``torch/_export/serde/schema.py``, versions 5 to 8: an argument is an object with one key that says
its kind.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from archviz.ir import Attribute, ContainerType, Dim, TensorType, Type
from archviz.reading.names import clean

MAX_TEXT = 200
MAX_ITEMS = 64

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16",
    28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""Types of elements by their number in the schema."""
_LAYOUTS = {1: "sparse_coo", 2: "sparse_csr", 3: "sparse_csc", 4: "sparse_bsr", 5: "sparse_bsc"}
_MEMORY_FORMATS = {2: "channels_last", 3: "channels_last_3d"}
_SYMBOL = re.compile(r"Symbol\('(\w{1,60})'[^()]*\)")
_NUMBER = re.compile(r"(?:Integer|Float)\((-?[\d.]{1,40})[^()]*\)")
_OPERATORS = {"Add": " + ", "Mul": "*", "FloorDiv": "//", "CleanDiv": "//", "Mod": " % ",
              "PythonMod": " % ", "Pow": "**"}  # fmt: skip


def names_in(argument: Any) -> Iterator[str | None]:
    """Names of the values that an argument is, None for one that is absent."""
    if not isinstance(argument, dict):
        return
    for kind, value in argument.items():
        match kind:
            case "as_tensor" | "as_custom_obj":
                yield value["name"]
            case "as_optional_tensor":
                yield from names_in(value)
            case "as_tensors":
                for item in value:
                    yield item["name"]
            case "as_optional_tensors":
                for item in value:
                    found = list(names_in(item))
                    yield from found or [None]
            case "as_nested_tensors":
                for inner in value:
                    for item in inner:
                        yield item["name"]
            case "as_sym_int" | "as_sym_float" | "as_sym_bool":
                if "as_name" in value:
                    yield value["as_name"]
            case "as_sym_ints" | "as_sym_floats" | "as_sym_bools":
                for item in value:
                    if "as_name" in item:
                        yield item["as_name"]
            case "as_string_to_argument":
                for item in value.values():
                    yield from names_in(item)


def setting(argument: Any) -> Attribute:
    """An argument that is no value of the graph; None for one that says nothing."""
    if not isinstance(argument, dict) or not argument:
        return None
    kind, value = next(iter(argument.items()))
    match kind:
        case "as_scalar_type":
            return DTYPES.get(value)
        case "as_device":
            return clean(str(value["type"]))[:MAX_TEXT]
        case "as_layout":
            return _LAYOUTS.get(value)
        case "as_memory_format":
            return _MEMORY_FORMATS.get(value)
        case "as_int" | "as_float" | "as_bool" | "as_string" | "as_operator":
            return _plain(value)
        case "as_ints" | "as_floats" | "as_bools" | "as_strings":
            return tuple(_plain(item) for item in value[:MAX_ITEMS])
        case "as_sym_int" | "as_sym_float" | "as_sym_bool":
            return _plain(value.get("as_int", value.get("as_float", value.get("as_bool"))))
        case "as_sym_ints":
            return tuple(
                _plain(item.get("as_int", item.get("as_name"))) for item in value[:MAX_ITEMS]
            )
        case _:
            return None


def _plain(value: Any) -> Attribute:
    if isinstance(value, str):
        return clean(value)[:MAX_TEXT]
    return value if isinstance(value, bool | int | float) else None


def tensor_type(meta: Any) -> TensorType:
    """The type that a value's description gives."""
    dtype = meta["dtype"]
    return TensorType(DTYPES.get(dtype, ""), tuple(dim(size) for size in meta["sizes"][:64]))


def dim(size: Any) -> Dim:
    """One size: a number, an expression of symbols, or None."""
    if "as_int" in size:
        number = size["as_int"]
        return number if isinstance(number, int) and 0 <= number < 1 << 63 else None
    expression = size.get("as_expr")
    return expression_text(str(expression["expr_str"])) if expression else None


def scalar_type(kind: str) -> Type:
    """The type of a value that is no tensor, by the table it is listed in."""
    dtypes = {"sym_int_values": "int64", "sym_float_values": "float64", "sym_bool_values": "bool"}
    return TensorType(dtypes[kind], ()) if kind in dtypes else ContainerType("opaque")


def expression_text(text: str) -> str | None:
    """A size as sympy writes it, "Mul(Integer(2), Symbol('s0', …))", as people do: "2*s0"."""
    if len(text) > 2000:
        return None
    plain = _NUMBER.sub(r"\1", _SYMBOL.sub(r"\1", text))
    if "(" not in plain:
        return clean(plain)[:MAX_TEXT]
    try:
        return clean(_written(ast.parse(plain, mode="eval").body))[:MAX_TEXT]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return clean(plain)[:MAX_TEXT]


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        parts = [_written(item) for item in node.args]
        operator = _OPERATORS.get(node.func.id)
        if operator is None:
            return f"{node.func.id.lower()}({', '.join(parts)})"
        inner = [
            f"({part})" if operator != " + " and (" " in part or "//" in part) else part
            for part in parts
        ]
        return operator.join(inner).replace("+ -", "- ")
    return ast.unparse(node)
