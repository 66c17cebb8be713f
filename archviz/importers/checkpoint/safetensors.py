"""The safetensors format: a JSON header with every tensor's dtype, shape and place.

A file is 8 bytes with the header's length, the header, and the elements, which are not read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, BinaryIO

from archviz.importers.checkpoint.contents import MAX_TENSORS
from archviz.importers.checkpoint.sniff import MAX_HEADER
from archviz.importers.checkpoint.stored import Stored
from archviz.ir import TensorType
from archviz.ir.types import dtype_bits
from archviz.reading import MalformedError, json
from archviz.reading.names import clean

_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16", "I32": "int32",
    "U32": "uint32", "I64": "int64", "U64": "uint64", "F16": "float16", "BF16": "bfloat16",
    "F32": "float32", "F64": "float64", "C64": "complex64", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu", "F4": "float4_e2m1fn",
    "F6_E2M3": "float6_e2m3fn", "F6_E3M2": "float6_e3m2fn",
}  # fmt: skip


def read_header(
    stream: BinaryIO, size: int, location: str = ""
) -> tuple[list[Stored], Mapping[str, str], list[str]]:
    """The tensors of a file, its metadata, and what is wrong with single tensors.

    Args:
        stream: The file.
        size: Its length in bytes.
        location: What to note as the place of the tensors.

    Raises:
        MalformedError: The header is missing, cut short or too large.
    """
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if not 2 <= length <= MAX_HEADER:
        raise MalformedError(f"its header claims {length:,} bytes", "download it again")
    raw = stream.read(min(length, max(size - 8, 0)))
    if len(raw) < length:
        raise MalformedError(
            f"it is cut short: its header alone has {length:,} bytes, and {len(raw):,} are there",
            "download it again",
        )
    header = json.parse(raw)
    if not isinstance(header, dict):
        raise MalformedError("its header is no JSON object", "download it again")
    if len(header) > MAX_TENSORS:
        raise MalformedError(f"it has more than {MAX_TENSORS:,} tensors")
    metadata = header.pop("__metadata__", {})
    faults: list[str] = []
    found = []
    end = 0
    for name, entry in header.items():
        type_, fault, last = _entry(entry)
        if fault:
            faults.append(f"{clean(name)[:80]} {fault}")
        end = max(end, last)
        found.append(Stored(name, type_, location=location))
    if end > size - 8 - length:
        faults.append(
            f"the file is cut short: {end - (size - 8 - length):,} bytes of elements are missing"
        )
    texts = metadata if isinstance(metadata, dict) else {}
    return found, {clean(str(k)): clean(str(v)) for k, v in texts.items()}, faults


def _entry(entry: Any) -> tuple[TensorType, str, int]:
    """Type of a tensor, what is wrong with it, and where its elements end."""
    if not isinstance(entry, dict):
        return TensorType(""), "has no description", 0
    dtype = entry.get("dtype")
    dtype = _DTYPES.get(dtype, clean(dtype).lower()[:40]) if isinstance(dtype, str) else ""
    shape = entry.get("shape")
    if not isinstance(shape, list) or len(shape) > 64 or not all(map(_is_size, shape)):
        return TensorType(dtype), "has no shape that a tensor can have", 0
    offsets = entry.get("data_offsets")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not all(map(_is_size, offsets))
        or offsets[0] > offsets[1]
    ):
        return TensorType(dtype, tuple(shape)), "has no place in the file", 0
    bits = dtype_bits(dtype)
    if bits and (math.prod(shape) * bits + 7) // 8 != offsets[1] - offsets[0]:
        return TensorType(dtype), "has a shape that does not fit its bytes", 0
    return TensorType(dtype, tuple(shape)), "", offsets[1]


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63
