"""The symbolic pickle reader: equal to pickle for plain values, inert for everything else."""

from __future__ import annotations

import collections
import contextlib
import os
import pickle
import pickletools
import struct
import sys
import tracemalloc
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archviz.reading import MalformedError
from archviz.reading.pickles import Blob, Global, Instance, OrderedDictionary, PickleReader
from archviz.reading.pickles.instructions import INSTRUCTIONS

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(data: bytes, **options: Any) -> Any:
    return PickleReader(data, **options).load()


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=300),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(-99, 99) | st.none(), inner)
    ),
    max_leaves=30,
)


@given(plain, st.sampled_from(PROTOCOLS))
def test_plain_values_are_what_pickle_makes_of_them(value: object, protocol: int) -> None:
    assert read(pickle.dumps(value, protocol)) == value


class Layer:
    """Stands for a class that the reader never sees."""

    def __init__(self, size: int) -> None:
        self.size = size


class Slotted:
    __slots__ = ("rate",)

    def __init__(self) -> None:
        self.rate = 0.5


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_keeps_its_class_and_its_attributes(protocol: int) -> None:
    found = read(pickle.dumps({"layer": Layer(3)}, protocol))["layer"]
    assert isinstance(found, Instance)
    assert found.qualified == f"{__name__}.Layer"
    assert found.attributes == {"size": 3}


def test_attributes_in_slots_are_attributes() -> None:
    assert read(pickle.dumps(Slotted(), 4)).attributes == {"rate": 0.5}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_of_the_library_are_containers(protocol: int) -> None:
    value = {
        "ordered": collections.OrderedDict(b=1, a=2),
        "default": collections.defaultdict(list, {"x": [1]}),
        "deque": collections.deque([1, 2]),
        "set": {7},
        "frozen": frozenset({8}),
        "array": bytearray(b"abc"),
        "bytes": b"\x00\xff",
    }
    found = read(pickle.dumps(value, protocol))
    assert list(found["ordered"].items()) == [("b", 1), ("a", 2)]
    assert found["default"] == {"x": [1]}
    assert (found["deque"], list(found["set"]), list(found["frozen"])) == ([1, 2], [7], [8])
    assert (found["array"], found["bytes"]) == (b"abc", b"\x00\xff")


def test_attributes_of_an_ordered_dictionary_are_kept() -> None:
    value = collections.OrderedDict(a=1)
    value._metadata = {"": 2}  # type: ignore[attr-defined]
    found = read(pickle.dumps(value, 2))
    assert isinstance(found, OrderedDictionary)
    assert found == {"a": 1}
    assert found.state == {"_metadata": {"": 2}}


def test_an_object_that_comes_twice_is_one_object() -> None:
    layer = Layer(1)
    first, second = read(pickle.dumps([layer, layer], 2))
    assert first is second


def test_a_cycle_is_a_cycle() -> None:
    value: list[Any] = []
    value.append(value)
    found = read(pickle.dumps(value))
    assert found[0] is found


def test_items_and_pairs_of_an_unknown_container_are_kept() -> None:
    data = b"cm\nBag\n)\x81(K\x01K\x02e(\x8c\x01aK\x03u."
    found = read(data)
    assert found.items == [1, 2]
    assert found.pairs == {"a": 3}


COMMAND = "touch executed"
CALLS = {
    "reduce": b"cos\nsystem\n(X\x0e\x00\x00\x00touch executedtR.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0etouch executed\x85R.",
    "instance": b"(S'touch executed'\nios\nsystem\n.",
    "object": b"(cos\nsystem\nS'touch executed'\no.",
    "new with keywords": b"cos\nsystem\n\x8c\x0etouch executed\x85}\x92.",
    "new": b"cos\nsystem\n\x8c\x0etouch executed\x85\x81.",
}


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS)
def test_no_call_is_made(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reader = PickleReader(data)
    found = reader.load()
    assert isinstance(found, Instance)
    assert (found.qualified, found.args) == ("os.system", (COMMAND,))
    assert reader.calls == {"os.system": 1}
    assert list(reader.names) == ["os.system"]
    assert not os.listdir(tmp_path)


def test_what_a_call_would_give_is_not_called_either() -> None:
    data = b"cpkgutil\nresolve_name\n\x8c\x09os:system\x85R\x8c\x02ls\x85R."
    reader = PickleReader(data)
    found = reader.load()
    assert isinstance(found.callable, Instance)
    assert reader.calls == {"pkgutil.resolve_name": 1, "?": 1}


def test_nothing_is_imported() -> None:
    before = set(sys.modules)
    read(b"cantigravity\nfly\n)R.")
    read(b"cthis_module.does_not_exist\nfly\n)R.")
    assert set(sys.modules) == before


@pytest.mark.parametrize("value", [Decimal("1.5"), Fraction(1, 3)])
def test_what_no_reducer_vouches_for_is_not_computed(value: object) -> None:
    assert isinstance(read(pickle.dumps(value, 4)), Instance)


def test_a_reducer_computes_what_it_vouches_for() -> None:
    reader = PickleReader(
        pickle.dumps(Decimal("1.5"), 4), reducers={"decimal.Decimal": lambda args, _: args}
    )
    assert reader.load() == ("1.5",)
    assert reader.calls == {}


def test_a_reducer_that_fails_or_declines_leaves_a_description() -> None:
    for reducer in (lambda args, _: args[7], lambda args, _: NotImplemented):
        found = read(pickle.dumps(Decimal("1.5"), 4), reducers={"decimal.Decimal": reducer})
        assert isinstance(found, Instance)


class Inline:
    """Reads bytes that stand behind its state."""

    def build(self, state: Any, reader: PickleReader) -> object:
        return reader.take(state["length"])


def test_data_may_stand_inline_in_the_stream() -> None:
    data = b"cm\nArray\n)\x81}\x8c\x06lengthK\x03sb\x01\x02\x03\x94h\x00\x86."
    reducers = {"m.Array": lambda args, _: Inline()}
    # The array alone is in the memo; what stood behind it is no instruction.
    assert read(data, reducers=reducers) == (b"\x01\x02\x03", b"\x01\x02\x03")


class Nested:
    def build(self, state: Any, reader: PickleReader) -> object:
        return reader.load()


def test_a_pickle_may_stand_inline_in_a_pickle() -> None:
    inner = pickle.dumps({"a": [1]}, 4)
    data = b"]cm\nArray\n)\x81}b" + inner + b"aK\x07a."
    assert read(data, reducers={"m.Array": lambda args, _: Nested()}) == [{"a": [1]}, 7]
    endless = b"cm\nArray\n)\x81}b" * 40
    with pytest.raises(MalformedError, match="nest too deep"):
        read(endless, reducers={"m.Array": lambda args, _: Nested()})


def test_pickles_may_follow_one_another() -> None:
    reader = PickleReader(pickle.dumps(1, 2) + pickle.dumps([2], 4) + b"rest")
    assert (reader.load(), reader.load()) == (1, [2])
    assert reader.data[reader.position :] == b"rest"


def test_persistent_ids_go_to_the_caller() -> None:
    data = b"\x80\x02(X\x07\x00\x00\x00storageK\x05tQ."
    assert read(data, persistent=lambda id_: id_[::-1]) == (5, "storage")
    assert read(data).id == ("storage", 5)
    assert read(b"Pweights\n.", persistent=str.upper) == "WEIGHTS"


def test_long_bytes_stay_where_they_are() -> None:
    data = pickle.dumps(bytes(range(256)) * 100, 4)
    found = read(data)
    assert isinstance(found, Blob)
    assert data[found.start : found.start + found.length] == bytes(range(256)) * 100


def test_names_of_python_2_are_those_of_python_3() -> None:
    assert read(b"c__builtin__\nset\n(]K\x01atR.") == [1]
    assert read(b"c__builtin__\neval\n.") == Global("builtins", "eval")


HOSTILE = {
    "empty": (b"", "cut short behind byte 0"),
    "no pickle": (b"\x01hello", "no instruction 0x01"),
    "no end": (b"\x80\x02}", "cut short behind byte 3"),
    "protocol": (b"\x80\x06N.", "protocol 6"),
    "underflow": (b"\x85" + b"N" * 20 + b".", "empty stack"),
    "no mark": (b"Nt.", "mark is missing"),
    "memo": (b"h\x05" + b"N" * 20 + b".", "object 5"),
    "long integer": (b"\x8b" + struct.pack("<i", 200_000_000) + b"\xff" * 1000 + b".", "integer"),
    "negative integer": (b"\x8b" + struct.pack("<i", -1) + b"\xff" * 1000 + b".", "integer"),
    "text integer": (b"I" + b"9" * 20_000 + b"\n.", "digits"),
    "bytes beyond": (b"\x8e" + struct.pack("<Q", 1 << 62) + b".", "cut short"),
    "text beyond": (b"X" + struct.pack("<I", 1 << 31) + b"abc.", "cut short"),
    "negative text": (b"T" + struct.pack("<i", -5) + b"abc.", "cut short"),
    "line": (b"c" + b"a" * 100_000, "cut short"),
    "long name": (b"c" + b"a" * 5000 + b"\nb\n.", "too many characters"),
    "odd name": (b"K\x01K\x02\x93.", "no text"),
    "extension": (b"\x82\x01.", "extension registry"),
    "outside buffer": (b"\x97.", "outside of the file"),
    "bad utf-8": (b"\x8c\x02\xff\xff.", "broken near byte"),
    "many instructions": (b"N0" * 3_000_000 + b"N.", "too much work"),
    "many containers": (b"(" + b"}" * 3_000_000, "too much work"),
    "one list set again": (
        b"](" + b"N" * 50_000 + b"eq\x000cbuiltins\nset\nq\x01" + b"0h\x01h\x00\x85R" * 1000 + b".",
        "too much work",
    ),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle_is_refused_with_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        read(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_keys_that_are_dear_to_hash_are_not_hashed() -> None:
    bomb = b"}K\x01K\x02\x86" + b"2\x86" * 60 + b"K\x01s."
    assert list(read(bomb)) == ["<tuple 0>"]
    modulus = (1 << 61) - 1
    colliding = {modulus * i: None for i in range(1, 50)}
    assert list(read(pickle.dumps(colliding)))[:2] == ["<int 0>", "<int 1>"]
    assert list(read(pickle.dumps({(1, "a"): 2}))) == [(1, "a")]
    assert len(next(iter(read(pickle.dumps({"x" * 1_000_000: 2}))))) == 4096


def test_a_memo_index_takes_no_memory() -> None:
    assert read(b"\x80\x02Nr\xff\xff\xff\xff.") is None


def test_shared_parts_are_not_multiplied() -> None:
    data = b"](K\x01K\x02e" + b"".join(
        b"q" + bytes([i]) + b"](h" + bytes([i]) + b"h" + bytes([i]) + b"e" for i in range(60)
    )
    found = read(data + b".")
    assert found[0] is found[1]


def test_deep_nesting_is_read_and_freed() -> None:
    found = read(b"]" * 1_000_000 + b"a" * 999_999 + b".")
    assert len(found) == 1


def test_memory_stays_in_the_budget() -> None:
    budget = 8 << 20
    for data in (
        b"}",
        b"]",
        b"K\x01\x85",
        b"cm\nA\n)\x81",
        b"}K\x01K\x02s",
        b"Nq\x01",
        b"\x8c\x01a",
    ):
        tracemalloc.start()
        with pytest.raises(MalformedError):
            read(data * 400_000, budget=budget)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1.3 * budget + len(data) * 400_000, data


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_pickle_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(
        pickle.dumps(
            [Layer(1), {"a": (1, 2.5, b"x")}, {3}, "text"], data.draw(st.sampled_from(PROTOCOLS))
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedError):
        read(bytes(whole))


def test_every_instruction_of_pickle_is_known() -> None:
    done_in_place = {0x28, 0x29, 0x2E, 0x4A, 0x4B, 0x4D, 0x4E, 0x5D, 0x68, 0x6A, 0x71, 0x72, 0x7D}
    done_in_place |= {0x85, 0x86, 0x88, 0x89, 0x94}
    assert {ord(opcode.code) for opcode in pickletools.opcodes} == done_in_place | set(INSTRUCTIONS)
