"""Recognising checkpoints: by magic numbers and members, then by name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archviz.importers import Confidence
from archviz.source import ZIP_MAGIC, Source

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".index.json")

INDEX = ".index.json"
SINGLE = ("model.safetensors", "pytorch_model.bin", "consolidated.safetensors", "model.pt")
CONFIG = "config.json"
ADAPTER = "adapter_config.json"
LEGACY_HEAD = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
MAX_HEADER = 100_000_000
"""Bytes of a header; the format's own bound."""

ZIP, PICKLE, TAR, SAFETENSORS, SHARDS, FOLDER = (
    "zip", "pickle", "tar", "safetensors", "shards", "folder"
)  # fmt: skip

_INDEX = rb'\s*\{\s*"(?:metadata"\s*:\s*\{[^{}]*\}\s*,\s*")?weight_map"\s*:'
# How a pickle names what is in a module of PyTorch, in protocols before 4 and since.
_TORCH = rb"(?s)\nctorch[.\n]|[\x00-\x80(}q]ctorch[.\n]|\x8c.torch[.\x94]|^ctorch[.\n]"


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a checkpoint."""
    form = form_of(source)
    if form == PICKLE and not source.head.startswith(LEGACY_HEAD):
        if re.search(_TORCH, source.head):
            return Confidence.CONTENT
        return Confidence.SUFFIX if source.has_suffix(*SUFFIXES) else Confidence.NONE
    return Confidence.CONTENT if form else Confidence.NONE


def form_of(source: Source) -> str:
    """Which form of checkpoint it is, or "" for none."""
    if source.kind == "folder":
        top = {name for name in source.members if "/" not in name}
        stored = [name for name in top if name.endswith((INDEX, ".safetensors")) or name in SINGLE]
        return FOLDER if stored and top & {CONFIG, ADAPTER, *SINGLE} else ""
    if not source.is_file:
        return ""
    head = source.head
    if has_header(head, source.size):
        return SAFETENSORS
    if head.startswith(ZIP_MAGIC):
        return ZIP if _is_torch_zip(source) else ""
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        return PICKLE
    if is_tar(head):
        return TAR
    return SHARDS if source.begins_with(b"{") and re.match(_INDEX, head) else ""


def _is_torch_zip(source: Source) -> bool:
    members = source.members
    if not members:  # the end is missing, with the list of members
        length = int.from_bytes(source.head[26:28], "little")
        return bool(data_pickle([source.head[30 : 30 + length].decode("utf-8", "replace")]))
    name = data_pickle(members)
    folder = name.removesuffix("data.pkl")
    # With code beside it, it is TorchScript.
    return bool(name) and not any(member.startswith(f"{folder}code/") for member in members)


def data_pickle(names: Iterable[str]) -> str:
    """The member that is the structure of a zip archive; "" when there is none."""
    for name in names:
        if name == "data.pkl" or (name.endswith("/data.pkl") and name.count("/") == 1):
            folder = name.removesuffix("data.pkl")
            if folder not in ("/", "../", "./"):
                return name
    return ""


def is_tar(head: bytes) -> bool:
    """Whether it begins like the tar archives of PyTorch 0.1."""
    return head[257:262] == b"ustar" and head[:100].rstrip(b"\0") in (
        b"sys_info", b"pickle", b"tensors", b"storages", b"./sys_info", b"./pickle",
    )  # fmt: skip


def has_header(head: bytes, size: int) -> bool:
    """Whether a file of ``size`` bytes that begins with ``head`` is in the format."""
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and 2 <= length <= MAX_HEADER and head[9:].lstrip()[:1] in (b'"', b"}")
