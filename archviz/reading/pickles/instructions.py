"""The instructions of the stack machine, apart from those that its loop does in place."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from archviz.reading.pickles.containers import key_of
from archviz.reading.pickles.values import Blob, Global, Instance

if TYPE_CHECKING:
    from archviz.reading.pickles.reader import PickleReader

KEPT_BYTES = 4096
"""Longer runs of bytes are not copied but become a :class:`Blob`."""

MAX_INTEGER = 1024
"""Bytes of an integer."""

MAX_NAME = 1024
"""Characters of a dotted name."""

MAX_PROTOCOL = 5

_MAX_LINE = 1 << 16
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg", "exceptions": "builtins"}
_I32, _U32 = struct.Struct("<i"), struct.Struct("<I")
_U64, _F64 = struct.Struct("<Q"), struct.Struct(">d")


def _number(reader: PickleReader, form: struct.Struct) -> int:
    start = reader.skip(form.size)
    number: int = form.unpack_from(reader.data, start)[0]
    return number


def _text(reader: PickleReader, form: struct.Struct | None, encoding: str) -> None:
    length = reader.take(1)[0] if form is None else _number(reader, form)
    raw = reader.take(length)
    reader.charge(length)
    reader.stack.append(raw.decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict"))


def _bytes(reader: PickleReader, form: struct.Struct | None) -> None:
    length = reader.take(1)[0] if form is None else _number(reader, form)
    start = reader.skip(length)
    if length > KEPT_BYTES:
        reader.stack.append(Blob(start, length))
    else:
        reader.charge(length)
        reader.stack.append(reader.data[start : start + length])


def _integer(reader: PickleReader, form: struct.Struct | None) -> None:
    length = reader.take(1)[0] if form is None else _number(reader, form)
    if not 0 <= length <= MAX_INTEGER:
        raise reader.broken(f"it has an integer of {length:,} bytes")
    reader.stack.append(int.from_bytes(reader.take(length), "little", signed=True))


def _line(reader: PickleReader, longest: int = _MAX_LINE) -> bytes:
    """What stands up to the next line break."""
    start = reader.position
    end = reader.data.find(b"\n", start, start + longest)
    if end < 0:
        raise reader.truncated()
    reader.position = end + 1
    reader.charge(end - start)
    return reader.data[start:end]


def _line_text(reader: PickleReader) -> str:
    return _line(reader).decode("utf-8", "replace")


def _line_integer(reader: PickleReader) -> int:
    text = _line_text(reader)
    if len(text) > 2 * MAX_INTEGER:
        raise reader.broken("it has an integer of too many digits")
    return int(text.removesuffix("L"))


def _global(reader: PickleReader, module: object, name: object) -> Global:
    if not isinstance(module, str) or not isinstance(name, str):
        raise reader.broken("it names a class by something that is no text")
    found = reader.globals.get((module, name))
    if found is None:
        if len(module) + len(name) > MAX_NAME:
            raise reader.broken("it has a name of too many characters")
        found = Global(_RENAMED.get(module, module), name)
        reader.globals[module, name] = found
    reader.names[found.qualified] = reader.names.get(found.qualified, 0) + 1
    return found


def _since_mark(reader: PickleReader) -> list[Any]:
    """What was pushed since the last mark, taken off the stack."""
    if not reader.marks:
        raise reader.broken("a mark is missing")
    start = reader.marks.pop()
    items = reader.stack[start:]
    del reader.stack[start:]
    return items


def _set(reader: PickleReader, target: Any, flat: list[Any]) -> None:
    reader.charge(50 * len(flat))
    if isinstance(target, Instance):
        target = target.pairs
    if isinstance(target, dict):
        for index in range(0, len(flat) - 1, 2):
            target[key_of(flat[index], len(target))] = flat[index + 1]


def _extend(reader: PickleReader, target: Any, items: list[Any]) -> None:
    if isinstance(target, Instance):
        target = target.items
    if isinstance(target, list):
        target.extend(items)


def _build(reader: PickleReader) -> None:
    state = reader.stack.pop()
    draft = reader.stack[-1]
    build = getattr(draft, "build", None)
    if build is None:
        return
    made = build(state, reader)
    reader.stack[-1] = made
    if made is not draft:
        # What is used again later is what was made, and it was kept not long ago.
        for key in reversed(reader.memo):
            reader.charge(1)
            if reader.memo[key] is draft:
                reader.memo[key] = made
                break


def _reduce(reader: PickleReader) -> None:
    args = reader.stack.pop()
    reader.stack[-1] = reader.call(reader.stack[-1], args)


def _reduce_with_keywords(reader: PickleReader) -> None:
    kwargs, args = reader.stack.pop(), reader.stack.pop()
    reader.stack[-1] = reader.call(reader.stack[-1], args, kwargs)


def _object(reader: PickleReader) -> None:
    function, *args = _since_mark(reader)
    reader.stack.append(reader.call(function, tuple(args)))


def _instance(reader: PickleReader) -> None:
    function = _global(reader, _line_text(reader), _line_text(reader))
    reader.stack.append(reader.call(function, tuple(_since_mark(reader))))


def _stack_global(reader: PickleReader) -> None:
    name, module = reader.stack.pop(), reader.stack.pop()
    reader.stack.append(_global(reader, module, name))


def _tuple3(reader: PickleReader) -> None:
    items = tuple(reader.stack[-3:])
    del reader.stack[-2:]
    reader.stack[-1] = items


def _set_item(reader: PickleReader) -> None:
    value, key = reader.stack.pop(), reader.stack.pop()
    _set(reader, reader.stack[-1], [key, value])


def _set_items(reader: PickleReader) -> None:
    flat = _since_mark(reader)
    _set(reader, reader.stack[-1], flat)


def _append(reader: PickleReader) -> None:
    item = reader.stack.pop()
    _extend(reader, reader.stack[-1], [item])


def _append_all(reader: PickleReader) -> None:
    items = _since_mark(reader)
    _extend(reader, reader.stack[-1], items)


def _dictionary(reader: PickleReader) -> None:
    flat = _since_mark(reader)
    reader.stack.append({})
    _set(reader, reader.stack[-1], flat)


def _pop(reader: PickleReader) -> None:
    if reader.marks and reader.marks[-1] == len(reader.stack):
        reader.marks.pop()
    else:
        reader.stack.pop()


def _line_string(reader: PickleReader) -> None:
    # The escapes of Python 2, whose text may be bytes.
    reader.stack.append(_line(reader).strip()[1:-1].decode("unicode_escape"))


def _line_unicode(reader: PickleReader) -> str:
    # Before protocol 3 the bytes of arrays are such a text.
    return _line(reader, len(reader.data)).decode("raw_unicode_escape", "replace")


def _line_boolean_or_integer(reader: PickleReader) -> None:
    start = reader.position
    line = _line(reader)
    if line in (b"00", b"01"):
        reader.stack.append(line == b"01")
    else:
        reader.position = start
        reader.stack.append(_line_integer(reader))


def _protocol(reader: PickleReader) -> None:
    protocol = reader.take(1)[0]
    if protocol > MAX_PROTOCOL:
        raise reader.broken(f"it is of protocol {protocol}, and {MAX_PROTOCOL} is the newest")


def _kept_outside(reader: PickleReader, id_: object) -> None:
    reader.stack.append(reader.persistent(id_))


def _refuse(reader: PickleReader, reason: str) -> None:
    raise reader.broken(reason)


INSTRUCTIONS: Mapping[int, Callable[[PickleReader], object]] = {
    ord("0"): _pop,
    ord("1"): lambda r: _since_mark(r),
    ord("2"): lambda r: r.stack.append(r.stack[-1]),
    ord("B"): lambda r: _bytes(r, _U32),
    ord("C"): lambda r: _bytes(r, None),
    ord("F"): lambda r: r.stack.append(float(_line(r))),
    ord("G"): lambda r: r.stack.append(_F64.unpack(r.take(8))[0]),
    ord("I"): _line_boolean_or_integer,
    ord("L"): lambda r: r.stack.append(_line_integer(r)),
    ord("P"): lambda r: _kept_outside(r, _line_text(r)),
    ord("Q"): lambda r: _kept_outside(r, r.stack.pop()),
    ord("R"): _reduce,
    ord("S"): _line_string,
    ord("T"): lambda r: _text(r, _I32, "latin-1"),
    ord("U"): lambda r: _text(r, None, "latin-1"),
    ord("V"): lambda r: r.stack.append(_line_unicode(r)),
    ord("X"): lambda r: _text(r, _U32, "utf-8"),
    ord("a"): _append,
    ord("b"): _build,
    ord("c"): lambda r: r.stack.append(_global(r, _line_text(r), _line_text(r))),
    ord("d"): _dictionary,
    ord("e"): _append_all,
    ord("g"): lambda r: r.stack.append(r.memo[_line_integer(r)]),
    ord("i"): _instance,
    ord("l"): lambda r: r.stack.append(_since_mark(r)),
    ord("o"): _object,
    ord("p"): lambda r: r.memo.__setitem__(_line_integer(r), r.stack[-1]),
    ord("s"): _set_item,
    ord("t"): lambda r: r.stack.append(tuple(_since_mark(r))),
    ord("u"): _set_items,
    0x80: _protocol,
    0x81: _reduce,  # NEWOBJ
    0x82: lambda r: _refuse(r, "it uses the extension registry"),
    0x83: lambda r: _refuse(r, "it uses the extension registry"),
    0x84: lambda r: _refuse(r, "it uses the extension registry"),
    0x87: _tuple3,
    0x8A: lambda r: _integer(r, None),
    0x8B: lambda r: _integer(r, _I32),
    0x8C: lambda r: _text(r, None, "utf-8"),
    0x8D: lambda r: _text(r, _U64, "utf-8"),
    0x8E: lambda r: _bytes(r, _U64),
    0x8F: lambda r: r.stack.append([]),  # EMPTY_SET
    0x90: _append_all,  # ADDITEMS
    0x91: lambda r: r.stack.append(tuple(_since_mark(r))),  # FROZENSET
    0x92: _reduce_with_keywords,  # NEWOBJ_EX
    0x93: _stack_global,
    0x95: lambda r: r.skip(8),  # FRAME
    0x96: lambda r: _bytes(r, _U64),  # BYTEARRAY8
    0x97: lambda r: _refuse(r, "parts of it are kept outside of the file"),
    0x98: lambda r: None,  # READONLY_BUFFER
}


def _cost(code: int) -> int:
    """About the bytes that an instruction takes, what it reads apart."""
    if code in b"Rio\x81\x92":  # an Instance and its dictionaries
        return 320
    if code in b"}dsqrp\x94\x92":  # an entry, or a dictionary
        return 110
    if code in b"]lt)\x85\x86\x87\x8f\x91XUTSV\x8c\x8d":
        return 80
    return 50


COSTS = tuple(_cost(code) for code in range(256))
