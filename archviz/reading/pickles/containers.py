"""Reducers for the containers of Python's library, which every pickle may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archviz.reading.pickles.values import Blob, OrderedDictionary

MAX_KEY = 4096
"""Characters of a dictionary's key that are kept."""

_MAX_KEY_PARTS = 16
# Ints are hashed modulo this prime: multiples of it would all fall into one slot.
_HASH_MODULUS = (1 << 61) - 1


def key_of(key: Any, count: int) -> Any:
    """A key that is safe to hash and compare: ``key``, or text that stands for it.

    Hashing a tuple goes through all that it holds, which shared tuples make exponential; equal
    long texts are compared to their ends again and again.

    Args:
        key: What the pickle gives.
        count: How many keys there are already, to tell the stand-ins apart.
    """
    if isinstance(key, str):
        return key if len(key) <= MAX_KEY else f"{key[: MAX_KEY - 1]}…"
    if _is_plain(key) or (
        isinstance(key, tuple)
        and len(key) <= _MAX_KEY_PARTS
        and all(_is_plain(part) for part in key)
    ):
        return key
    return f"<{type(key).__name__.lower()} {count}>"


def _is_plain(key: Any) -> bool:
    if isinstance(key, str | bytes):
        return len(key) <= MAX_KEY
    if isinstance(key, int):
        return -_HASH_MODULUS < key < _HASH_MODULUS
    return key is None or isinstance(key, float)


def _pairs_into(target: dict[Any, Any], args: tuple[Any, ...]) -> dict[Any, Any]:
    if args and isinstance(args[0], dict):
        target.update(args[0])
    elif args:
        for key, value in args[0]:
            target[key_of(key, len(target))] = value
    return target


def _ordered(args: tuple[Any, ...], reader: object) -> object:
    return _pairs_into(OrderedDictionary(), args)


def _dict(args: tuple[Any, ...], reader: object) -> object:
    return _pairs_into({}, args)


def _default_dict(args: tuple[Any, ...], reader: object) -> object:
    return _pairs_into({}, args[1:])


def _list(args: tuple[Any, ...], reader: object) -> object:
    # A set stays in the order of the file, which does not depend on the hash seed.
    return list(args[0]) if args and isinstance(args[0], list | tuple) else []


def _tuple(args: tuple[Any, ...], reader: object) -> object:
    return tuple(args[0]) if args and isinstance(args[0], list | tuple) else ()


def _bytes(args: tuple[Any, ...], reader: object) -> object:
    if not args:
        return b""
    if isinstance(args[0], str):  # how Python 3 writes bytes for Python 2
        return args[0].encode("latin-1")
    return args[0] if isinstance(args[0], bytes | Blob) else NotImplemented


def _reconstructed(args: tuple[Any, ...], reader: Any) -> object:
    return reader.call(args[0], ())


def _new(args: tuple[Any, ...], reader: Any) -> object:
    return reader.call(args[0], args[1:])


CONTAINERS: Mapping[str, Callable[[tuple[Any, ...], Any], object]] = {
    "collections.OrderedDict": _ordered,
    "collections.Counter": _dict,
    "collections.defaultdict": _default_dict,
    "collections.deque": _list,
    "builtins.dict": _dict,
    "builtins.list": _list,
    "builtins.set": _list,
    "builtins.frozenset": _tuple,
    "builtins.tuple": _tuple,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "_codecs.encode": _bytes,
    "copyreg._reconstructor": _reconstructed,
    "copyreg.__newobj__": _new,
}
