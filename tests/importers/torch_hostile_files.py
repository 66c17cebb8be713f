"""Files made to do harm, with what reading them has to say: a part of the sentence, or "" for a
picture."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from torch_bytes import Call, archive, legacy, module, opcodes, pickled, tensor, zipped

SAMPLES = Path(__file__).resolve().parents[1] / "samples"

RUN = Call("os.system", ("touch executed",))
WEIGHT = {"w.weight": tensor(2, 2)}
SCRIPT = {
    "a/data.pkl": b"\x80\x02c__torch__.m\nM\n)\x81}b.",
    "a/constants.pkl": b"\x80\x02).",
}


def beside(value: Any) -> dict[str, Any]:
    """A state dictionary with ``value`` in it."""
    return {**WEIGHT, "more": value}


def state(*parts: bytes) -> bytes:
    """A pickle of a state dictionary with an entry that ``parts`` push."""
    return b"\x80\x02" + opcodes(WEIGHT) + opcodes("more") + b"".join(parts) + b"s."


def script(*lines: str) -> bytes:
    code = "class M(Module):\n  def forward(self: __torch__.m.M,\n    x: Tensor) -> Tensor:\n"
    code += "".join(f"    {line}\n" for line in lines)
    return zipped({**SCRIPT, "a/code/__torch__/m.py": code.encode()})


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    made = bytearray(data)
    for place, content in changes:
        made[place : place + len(content)] = content
    return bytes(made)


def bomb() -> bytes:
    """A zip that claims 1 GB of zeros, and has a good many of them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = packer.compress(bytes(8 << 20)) + packer.flush()
    name = b"a/data.pkl"
    fields = (20, 0, 8, 0, 0, 0, len(raw), 1 << 30, len(name))
    local = b"PK\x03\x04" + struct.pack("<5H3L2H", *fields, 0) + name
    entry = b"PK\x01\x02" + struct.pack("<6H3L5H2L", 20, *fields, *[0] * 6) + name
    start = len(local) + len(raw)
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(entry), start, 0)
    return local + raw + entry + end


def twice() -> bytes:
    """A zip with two members of one name."""
    members = {"a/data.pkl": pickled(WEIGHT), "b/data.pkl": pickled(beside(RUN))}
    return zipped(members).replace(b"b/data.pkl", b"a/data.pkl")


def safetensors(header: object) -> bytes:
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw


def nested_modules(depth: int) -> bytes:
    around = b"ctorch.nn.modules.container\nSequential\n)\x81}(" + b"".join(
        opcodes(part) for part in ("_parameters", {}, "_buffers", {}, "_modules")
    )
    return b"\x80\x02" + (around + b"}" + opcodes("0")) * depth + b"N" + b"sub" * depth + b"."


def shared_modules(depth: int) -> bytes:
    """Modules that each hold the next one twice: as a tree they would be 2 to the 40."""
    made = opcodes(module("torch.nn.modules.activation.ReLU"))
    for level in range(depth):
        kept = b"q" + bytes([level]) + b"0"
        again = b"h" + bytes([level])
        made += kept + b"cm\nBlock\n)\x81}(" + opcodes("_parameters") + b"}"
        made += opcodes("_buffers") + b"}" + opcodes("_modules") + b"}("
        made += opcodes("a") + again + opcodes("b") + again + b"uub"
    return b"\x80\x02" + made + b"."


ONE = archive(WEIGHT)
ENTRY = ONE.index(b"PK\x01\x02")
HUGE = (1 << 64) - 1
LOOPS = [f"{'  ' * depth}for i{depth} in range(500):" for depth in range(3)]


def files() -> dict[str, tuple[bytes, str]]:
    """Content and what is to be said, by file name."""
    network = (SAMPLES / "torch-export" / "network.pt2").read_bytes()
    whole = (SAMPLES / "checkpoint" / "network_module.pt").read_bytes()
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 1234567\n"
    names = {"\x1b[31mred\x1b[0m<script>alert(1)</script>\u202e\x00.weight": tensor(2, 2),
             f"{'x' * 1_000_000}.weight": tensor(2, 2), "a]]>&.bias": tensor(2)}  # fmt: skip
    return {
        "01_system.pt": (archive(beside(RUN)), ""),
        "02_raw.pt": (b"\x80\x04" + opcodes(RUN) + b".", "holds no tensor"),
        "03_legacy.pt": (legacy(beside(RUN)), ""),
        "04_stack_global.pt": (
            state(b"\x8c\x02os\x8c\x06system\x93\x8c\x0etouch executed\x85R"), ""),
        "05_resolve_name.pt": (
            state(b"cpkgutil\nresolve_name\n\x8c\x09os:system\x85R\x8c\x0etouch executed\x85R"),
            ""),
        "06_instance.pt": (state(b"(S'touch executed'\nios\nsystem\n"), ""),
        "07_object.pt": (state(b"(cos\nsystem\nS'touch executed'\no"), ""),
        "08_dropped_call.pt": (state(b"cos\nsystem\n\x8c\x0etouch executed\x85R0N"), ""),
        "09_hash_bomb.pt": (state(b"}K\x01K\x02\x86" + b"2\x86" * 60 + b"K\x01s"), ""),
        "10_laughs.pt": (state(b"](K\x01K\x02e" + b"".join(
            b"q%c0](h%ch%ce" % (i, i, i) for i in range(60))), ""),
        "11_long.pt": (state(b"\x8b", struct.pack("<i", 200_000_000), b"\xff" * 1000), "integer"),
        "12_memo.pt": (state(b"Nr\xff\xff\xff\xff"), ""),
        "13_bytes.pt": (state(b"\x8e" + struct.pack("<Q", 1 << 62)), "cut short"),
        "14_cut.pt2": (network[: len(network) // 2], "cut short"),
        "15_cut.pt": (whole[:4000], "cut short"),
        "15_cut_behind_the_structure.pt": (whole[:-3000], ""),
        "16_bomb.pt": (bomb(), "claims 1,073,741,824 bytes"),
        "17_bomb_that_lies.pt": (
            bomb().replace(struct.pack("<L", 1 << 30), struct.pack("<L", 100)), "checksum"),
        "18_traversal.pt": (
            zipped({"../../../evil/data.pkl": b"N.", "/etc/passwd": b"x"}), "zip archive"),
        "18_parent.pt": (zipped({"../data.pkl": pickled(WEIGHT)}), "zip archive"),
        "19_deep.pt": (state(b"]" * 1_000_000 + b"a" * 999_999), "nest more than 64 deep"),
        "20_deep_modules.pt": (nested_modules(20_000), "deep"),
        "21_cycle.pt": (state(b"]q\x00h\x00a"), ""),
        "22_shapes.pt": (archive({"a.weight": tensor(HUGE, HUGE), "b.weight": tensor(-1, 2)}), ""),
        "23_twice.pt": (twice(), ""),
        "24_encrypted.pt": (patched(ONE, (ENTRY + 8, b"\x01"), (6, b"\x01")), "encrypted"),
        "25_checksum.pt": (patched(ONE, (ENTRY + 16, b"\0\0\0\0"), (14, b"\0\0\0\0")), "checksum"),
        "26_empty.pt": (b"", "the file is empty"),
        "27_lfs.pt": (lfs, "Git LFS pointer"),
        "28_page.pt": (b"<!DOCTYPE html><html>404</html>", "web page"),
        "29_names.pt": (archive(names), ""),
        "30_json_deep.pt2": (
            zipped({"a/models/m.json": b"[" * 200_000 + b"]" * 200_000}), "nests too deep"),
        "31_json_digits.pt2": (
            zipped({"a/models/m.json": b'{"schema_version": {"major": ' + b"9" * 100_000 + b"}}"}),
            "too many digits"),
        "31_json_wide.pt2": (
            zipped({"a/models/m.json": b"[" + b"{}," * 3_000_000 + b"{}]"}), "MB of memory"),
        "32_no_pickle.pt": (zipped({"a/readme.txt": b"hi"}), "zip archive"),
        "33_extension.pt": (state(b"\x82\x01"), "extension registry"),
        "34_many_instructions.pt": (state(b"N0" * 5_000_000 + b"N"), "too much work"),
        "35_parens.pt": (script("return " + "(" * 100_000 + "x" + ")" * 100_000), ""),
        "36_recursion.pt": (script("return (self).forward(x, )"), ""),
        "37_loops.pt": (script(*LOOPS, "      x = torch.relu(x)", "return x"), ""),
        "38_many_members.pt": (
            zipped({"a/data.pkl": pickled(WEIGHT), **{f"a/data/{i}": b"" for i in range(70_000)}}),
            ""),
        "39_header.safetensors": (struct.pack("<Q", 1 << 60) + b"{" * 100, "no importer"),
        "40_shape.safetensors": (
            safetensors({"w.weight": {"dtype": "F32", "shape": [1 << 40, 1 << 40],
                                      "data_offsets": [0, 4]}}), ""),
        "41_offsets.safetensors": (
            safetensors({"w.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                         "v": {"dtype": "F32", "shape": [-2], "data_offsets": [9, 2]}}), ""),
        "42_many_modules.pt": (
            archive({f"m{i}.sub{j}.weight": tensor(2) for i in range(40) for j in range(25)}),
            ""),
        "43_shared_modules.pt": (shared_modules(40), ""),
        "44_executorch.pte": (b"\x18\0\0\0ET12" + bytes(64), "ExecuTorch"),
    }  # fmt: skip
