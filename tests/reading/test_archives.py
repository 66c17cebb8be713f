"""The bounded zip reader and JSON parser: equal to the library's, within bounds."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archviz.reading import MalformedError
from archviz.reading.archives import Archive
from archviz.reading.json import parse


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def opened(data: bytes) -> Archive:
    return Archive(io.BytesIO(data), len(data))


MEMBERS = {"a/data.pkl": b"one", "a/ü.txt": b"two" * 1000, "empty": b""}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_what_was_written(method: int) -> None:
    archive = opened(zipped(MEMBERS, method))
    assert {name: archive.read(name, 1 << 20) for name in archive.members} == MEMBERS


def test_bytes_before_the_archive_are_passed_over() -> None:
    archive = opened(b"#!/bin/sh\n" + zipped(MEMBERS))
    assert archive.read("a/data.pkl", 10) == b"one"


def test_archives_with_64_bit_records_are_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        with archive.open("big", "w", force_zip64=True) as member:
            member.write(b"content")
        for number in range(70_000):
            archive.writestr(f"d/{number}", b"")
    found = opened(stream.getvalue())
    assert len(found.members) == 70_001
    assert found.read("big", 100) == b"content"


def test_of_equal_names_the_last_counts() -> None:
    stream = io.BytesIO(zipped({"a": b"first"}))
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a", b"second")
    found = opened(stream.getvalue())
    assert found.read("a", 10) == b"second"
    assert list(found.repeated) == ["a"]


def flipped(data: bytes, index: int, mask: int = 0xFF) -> bytes:
    return data[:index] + bytes([data[index] ^ mask]) + data[index + 1 :]


STORED = zipped({"a": b"content"})
ENTRY = STORED.index(b"PK\x01\x02")
BOMB = zipped({"a": bytes(50 << 20)}, zipfile.ZIP_DEFLATED)
BOMB_ENTRY = BOMB.index(b"PK\x01\x02")


def with_field(data: bytes, index: int, value: int) -> bytes:
    return data[:index] + struct.pack("<L", value) + data[index + 4 :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (STORED[:-30], "cut short: its list of members"),
        (STORED[:40], "cut short: its list of members"),
        (b"PK\x03\x04", "cut short"),
        (flipped(STORED, STORED.index(b"content")), "checksum"),
        (flipped(STORED, ENTRY + 8, 1), "encrypted"),
        (flipped(STORED, ENTRY + 10, 99), "compressed by method 99"),
        (with_field(STORED, ENTRY + 42, 5), "not where the archive says"),
        (with_field(STORED, ENTRY + 42, 1 << 31), "cut short"),
        (flipped(STORED, ENTRY, 1), "damaged"),
        (BOMB, "claims 52,428,800 bytes, and 1,048,576"),
        (with_field(BOMB, BOMB_ENTRY + 24, 1000), "checksum"),
        (with_field(STORED, len(STORED) - 10, 1 << 30), "not where it says"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_a_broken_archive_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        opened(data).read("a", 1 << 20)


@settings(max_examples=200)
@given(st.data())
def test_a_mutated_archive_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(zipped({"a": b"content", "b": b"x" * 50}, zipfile.ZIP_DEFLATED))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        archive = opened(bytes(whole))
    except MalformedError:
        return
    for name in archive.members:
        try:
            assert len(archive.read(name, 1 << 16)) <= 1 << 16
        except MalformedError as error:
            assert "\n" not in error.message  # noqa: PT017


def test_json_is_what_the_library_makes_of_it() -> None:
    value = {"a": [1, 2.5, None, True, "ü"], "b": {}}
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "no JSON at character 1"),
        (b"\xff{}", "no UTF-8"),
        (b"[" * 200_000 + b"]" * 200_000, "nests too deep"),
        (b"[" + b"9" * 100_000 + b"]", "too many digits"),
        (b"[" + b"{}," * 2_000_000 + b"{}]", "MB of memory"),
    ],
    ids=["cut", "bytes", "deep", "digits", "large"],
)
def test_hostile_json_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message):
        parse(data)
