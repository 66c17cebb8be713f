"""The inputs of a call, from what users write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from archviz.errors import OptionError

MOST_ELEMENTS = 1 << 40
"""Elements of an input; more are a slip of the pen."""

_SPEC = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?:(?P<dtype>[A-Za-z]\w*):)?(?P<shape>.*)", re.S)
_SHORT = {
    "int": "int64",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "half": "float16",
}
_EXAMPLE = "write 1x3x224x224, ids=int64:1x128 or lengths=[3,5]"


def parse_inputs(texts: Sequence[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and named arguments from texts such as "1x3x224x224" and "ids=int64:1x128".

    Raises:
        OptionError: A text cannot be read.
    """
    args: list[Any] = []
    named: dict[str, Any] = {}
    for text in texts:
        match = _SPEC.fullmatch(text.strip())
        assert match is not None
        value = _value(match["shape"].strip(), match["dtype"] or "", text)
        if match["name"]:
            named[match["name"]] = value
        elif named:
            raise OptionError(
                f"--input {text} has no name but stands behind one that has",
                "put inputs without a name first",
            )
        else:
            args.append(value)
    return tuple(args), named


def parse_kwargs(given: str | Mapping[str, Any]) -> dict[str, Any]:
    """Named arguments from a mapping or JSON.

    Raises:
        OptionError: The text is no JSON object.
    """
    if isinstance(given, Mapping):
        return dict(given)
    if not given.strip():
        return {}
    try:
        found = json.loads(given)
    except json.JSONDecodeError as error:
        raise OptionError(
            f"--kwargs is no JSON at character {error.pos + 1}: {error.msg.lower()}",
            'write {"use_cache": false}',
        ) from None
    if not isinstance(found, dict):
        raise OptionError("--kwargs is no JSON object", 'write {"use_cache": false}')
    return found


def _value(text: str, dtype: str, whole: str) -> Any:
    if text[:1] in '[{"' and text:
        return _literal(text, dtype, whole)
    if text == "scalar":
        return _filled((), dtype, whole)
    if not re.fullmatch(r"\d+([x×,]\d+)*", text):
        if not dtype and text in ("true", "false", "null"):
            return json.loads(text)
        raise OptionError(f"--input {whole} cannot be read", _EXAMPLE)
    return _filled(tuple(int(part) for part in re.split("[x×,]", text)), dtype, whole)


def _literal(text: str, dtype: str, whole: str) -> Any:
    """A list of numbers is a tensor of them; anything else is what the JSON says."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        raise OptionError(f"--input {whole} is no JSON behind its name", _EXAMPLE) from None
    if isinstance(found, list) and found:
        try:
            return torch.tensor(found, dtype=_dtype(dtype, whole) if dtype else None)
        except (TypeError, ValueError):
            return [_nested(item) for item in found]
    return _nested(found)


def _nested(item: Any) -> Any:
    """JSON whose texts that read as shapes are tensors."""
    if isinstance(item, str):
        match = _SPEC.fullmatch(item)
        if match and re.fullmatch(r"\d+(x\d+)+", match["shape"]):
            return _value(match["shape"], match["dtype"] or "", item)
        return item
    if isinstance(item, list):
        return [_nested(part) for part in item]
    if isinstance(item, dict):
        return {key: _nested(part) for key, part in item.items()}
    return item


def _filled(shape: tuple[int, ...], dtype: str, whole: str) -> torch.Tensor:
    """A tensor of that size, on the meta device where large.

    Whole numbers are one and zero in turn: valid indices, and not those of padding alone, which
    gets no gradient.
    """
    kind = _dtype(dtype or "float32", whole)
    size = 1
    for dim in shape:
        size *= dim
    if size > MOST_ELEMENTS:
        raise OptionError(f"--input {whole} has {size:,} elements", _EXAMPLE)
    if kind.is_floating_point or kind.is_complex or size > 1 << 20:
        return torch.empty(shape, dtype=kind, device="meta")
    return (1 - torch.arange(size) % 2).reshape(shape).to(kind)


def _dtype(name: str, whole: str) -> torch.dtype:
    found = getattr(torch, _SHORT.get(name, name), None)
    if not isinstance(found, torch.dtype):
        raise OptionError(
            f"--input {whole}: torch has no type {name!r}",
            "it takes float32, float16, bfloat16, int64, bool and so on",
        )
    return found
