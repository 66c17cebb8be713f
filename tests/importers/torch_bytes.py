"""Files as torch.save writes them, put together without PyTorch."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archviz.importers.checkpoint import IMPORTER
from archviz.ir import Model
from archviz.source import Source


@dataclass(frozen=True)
class Named:
    """A class or function, named and not called."""

    name: str


@dataclass(frozen=True)
class Call:
    """What calling a function gives; a state is handed to what that made."""

    name: str
    args: tuple[Any, ...] = ()
    state: Any = None


@dataclass(frozen=True)
class Kept:
    """An object that is kept outside, by its persistent id."""

    id: tuple[Any, ...]


def opcodes(value: Any) -> bytes:
    """The instructions that push ``value``, in protocol 2."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(raw)) + raw
    if isinstance(value, tuple):
        return b"(" + b"".join(map(opcodes, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(opcodes, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(opcodes(k) + opcodes(v) for k, v in value.items()) + b"u"
    if isinstance(value, Named):
        module, _, name = value.name.rpartition(".")
        return f"c{module}\n{name}\n".encode()
    if isinstance(value, Call):
        made = opcodes(Named(value.name)) + opcodes(value.args) + b"R"
        return made + (opcodes(value.state) + b"b" if value.state is not None else b"")
    assert isinstance(value, Kept)
    return opcodes(value.id) + b"Q"


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + opcodes(value) + b"."


def tensor(*shape: int, key: str = "0", kind: str = "FloatStorage", offset: int = 0) -> Call:
    """A tensor as ``torch.save`` describes it."""
    storage = Kept(("storage", Named(f"torch.{kind}"), key, "cpu", 1 << 20))
    strides = tuple(1 for _ in shape)
    args = (storage, offset, shape, strides, False, Call("collections.OrderedDict"))
    return Call("torch._utils._rebuild_tensor_v2", args)


def parameter(*shape: int, key: str = "0", trainable: bool = True) -> Call:
    args = (tensor(*shape, key=key), trainable, Call("collections.OrderedDict"))
    return Call("torch._utils._rebuild_parameter", args)


def module(
    name: str,
    children: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
    buffers: dict[str, Any] | None = None,
    **settings: Any,
) -> Call:
    """A pickled ``nn.Module`` of the class ``name``."""
    state = {
        "training": True,
        "_parameters": parameters or {},
        "_buffers": buffers or {},
        "_modules": children or {},
        **settings,
    }
    return Call(name, (), state)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def archive(value: Any, **more: bytes) -> bytes:
    """A file as torch.save has written it since 1.6."""
    return zipped({"a/data.pkl": pickled(value), "a/version": b"3\n", **more})


def legacy(value: Any) -> bytes:
    """A file as torch.save wrote it before 1.6."""
    from archviz.importers.checkpoint.sniff import LEGACY_HEAD

    rest = [pickled(1001), pickled({"little_endian": True}), pickled(value), pickled(["0"])]
    return LEGACY_HEAD + b"".join(rest) + bytes(64)


def saved(folder: Path, content: bytes, name: str = "model.pt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, **options: Any) -> Model:
    return IMPORTER.read(Source.of(path), **options)


def names_of(model: Model) -> list[str]:
    """Names of the diagnostics."""
    return [item.name for item in model.diagnostics]
