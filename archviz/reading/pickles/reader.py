"""The stack machine that reads a pickle.

Work and memory are bounded by one budget that every instruction, string and item draws from.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from mmap import mmap
from typing import Any, TypeAlias

from archviz.reading import MalformedError
from archviz.reading.pickles.containers import CONTAINERS
from archviz.reading.pickles.instructions import COSTS, INSTRUCTIONS
from archviz.reading.pickles.values import Global, Instance, Persistent

BUDGET = 256 << 20
"""What one reader may spend: about a byte of memory each, and 50 for any instruction."""

_MAX_NESTED_CALLS = 16
_MAX_NESTED_PICKLES = 8
_U16, _I32, _U32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")

Reducer: TypeAlias = Callable[[tuple[Any, ...], "PickleReader"], object]
"""Computes what a call with these arguments would have given, or returns NotImplemented.

It runs no code of the pickle, takes time in proportion to its arguments and takes any value for
them; arguments that make it fail leave an :class:`Instance`. What it returns may have a method
``build(state, reader)``, which gets the state and returns what takes the object's place; it may
read data that sits inline in the stream with :meth:`PickleReader.take`.
"""


class PickleReader:
    """Reads one pickle after another from a buffer.

    Args:
        data: The bytes; a memory map is as good.
        start: Where the first pickle begins.
        reducers: What to compute, by the dotted name of the function or class, in addition to the
            containers of Python's own library.
        persistent: Gives the object for a persistent id; otherwise it is a :class:`Persistent`.
        budget: What may be spent, see :data:`BUDGET`.

    Attributes:
        data: The bytes.
        position: The next byte to be read.
        names: How often each class or function is named, in order of first mention.
        calls: How often each that no reducer vouches for would be called, by its dotted name.
        first_args: The arguments of the first of these calls, by the dotted name.
        persistent: Gives the object for a persistent id.
        stack: What instructions take from and leave on; with ``marks``, ``memo`` and ``globals``
            it is their business alone.
    """

    def __init__(
        self,
        data: bytes | mmap,
        start: int = 0,
        *,
        reducers: Mapping[str, Reducer] | None = None,
        persistent: Callable[[Any], object] | None = None,
        budget: int = BUDGET,
    ) -> None:
        self.data = data
        self.position = start
        self.names: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self.first_args: dict[str, tuple[Any, ...]] = {}
        self._reducers = {**CONTAINERS, **(reducers or {})}
        self.persistent = persistent or Persistent
        self._budget = budget
        self.globals: dict[tuple[str, str], Global] = {}
        self._nested = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """What the pickle at ``position`` describes; the position is behind it afterwards.

        The ``build`` of what a reducer gave may call it for a pickle inside the pickle.

        Raises:
            MalformedError: It is no pickle, is cut short or spends more than the budget.
        """
        if self._nested >= _MAX_NESTED_PICKLES:
            raise self.broken("pickles nest too deep in it")
        around = self.stack, self.marks, self.memo
        self.stack, self.marks, self.memo = [], [], {}
        self._nested += 1
        try:
            return self._run()
        except (IndexError, struct.error):
            if self.position + 8 >= len(self.data):
                raise self.truncated() from None
            raise self.broken("it takes from an empty stack") from None
        except KeyError as error:
            raise self.broken(f"object {error} is used and not there") from None
        except (AttributeError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise self.broken(str(error).partition("\n")[0][:100]) from None
        finally:
            self._nested -= 1
            self.stack, self.marks, self.memo = around

    def take(self, length: int) -> bytes:
        """The next bytes of the stream, which is ``length`` further afterwards.

        Raises:
            MalformedError: There are fewer.
        """
        start = self.skip(length)
        return self.data[start : start + length]

    def skip(self, length: int) -> int:
        """Passes over bytes of the stream and returns where they begin.

        Raises:
            MalformedError: There are fewer.
        """
        start = self.position
        if not 0 <= length <= len(self.data) - start:
            raise self.truncated()
        self.position = start + length
        return start

    def charge(self, amount: int) -> None:
        """Draws from the budget.

        Raises:
            MalformedError: There is not so much left.
        """
        self._budget -= amount
        if self._budget < 0:
            raise MalformedError(
                "the pickle in it asks for too much work or memory",
                "a file this large is no model, or one made to do harm",
                offset=self.position,
            )

    def call(self, function: object, args: object, kwargs: Mapping[Any, Any] | None = None) -> Any:
        """What calling ``function`` would give: what its reducer says, or an Instance."""
        given = args if isinstance(args, tuple) else (args,)
        name = function.qualified if isinstance(function, Global) else ""
        reducer = self._reducers.get(name)
        if reducer and not kwargs and self._nested < _MAX_NESTED_CALLS:
            for argument in given:
                if isinstance(argument, str | bytes):
                    self.charge(len(argument))
                elif isinstance(argument, list | tuple | dict):
                    self.charge(100 * len(argument))
            self._nested += 1
            try:
                result = reducer(given, self)
            except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
                result = NotImplemented
            finally:
                self._nested -= 1
            if result is not NotImplemented:
                return result
        called = name or "?"
        self.calls[called] = self.calls.get(called, 0) + 1
        self.first_args.setdefault(called, given)
        return Instance(function, given, kwargs if isinstance(kwargs, dict) else None)

    def vouches_for(self, name: str) -> bool:
        """Whether there is a reducer for the function or class of that dotted name."""
        return name in self._reducers

    def _run(self) -> Any:
        """The loop over instructions; those that make up most of real files are done in place."""
        data, stack, memo, costs = self.data, self.stack, self.memo, COSTS
        push = stack.append
        position, size, budget = self.position, len(data), self._budget
        try:
            while True:
                if position >= size:
                    self.position = position
                    raise self.truncated()
                code = data[position]
                position += 1
                budget -= costs[code]
                if budget < 0:
                    self._budget, self.position = budget, position
                    self.charge(0)
                if code == 0x68:  # BINGET
                    push(memo[data[position]])
                    position += 1
                elif code == 0x71:  # BINPUT
                    memo[data[position]] = stack[-1]
                    position += 1
                elif code == 0x72:  # LONG_BINPUT
                    memo[_U32.unpack_from(data, position)[0]] = stack[-1]
                    position += 4
                elif code == 0x6A:  # LONG_BINGET
                    push(memo[_U32.unpack_from(data, position)[0]])
                    position += 4
                elif code == 0x94:  # MEMOIZE
                    memo[len(memo)] = stack[-1]
                elif code == 0x4B:  # BININT1
                    push(data[position])
                    position += 1
                elif code == 0x4D:  # BININT2
                    push(_U16.unpack_from(data, position)[0])
                    position += 2
                elif code == 0x4A:  # BININT
                    push(_I32.unpack_from(data, position)[0])
                    position += 4
                elif code == 0x28:  # MARK
                    self.marks.append(len(stack))
                elif code == 0x85:  # TUPLE1
                    stack[-1] = (stack[-1],)
                elif code == 0x86:  # TUPLE2
                    last = stack.pop()
                    stack[-1] = (stack[-1], last)
                elif code == 0x29:  # EMPTY_TUPLE
                    push(())
                elif code == 0x89:  # NEWFALSE
                    push(False)
                elif code == 0x88:  # NEWTRUE
                    push(True)
                elif code == 0x4E:  # NONE
                    push(None)
                elif code == 0x7D:  # EMPTY_DICT
                    push({})
                elif code == 0x5D:  # EMPTY_LIST
                    push([])
                elif code == 0x2E:  # STOP
                    self._budget, self.position = budget, position
                    return stack.pop()
                else:
                    instruction = INSTRUCTIONS.get(code)
                    self._budget, self.position = budget, position
                    if instruction is None:
                        raise self.broken(f"it has no instruction 0x{code:02x}")
                    instruction(self)
                    position, budget = self.position, self._budget
        except (IndexError, KeyError, struct.error):
            self.position = max(position, self.position)
            raise

    def truncated(self) -> MalformedError:
        """The error for a pickle that ends too early."""
        return MalformedError(
            f"the pickle in it is cut short behind byte {min(self.position, len(self.data)):,}",
            "download or save it again",
            offset=min(self.position, len(self.data)),
        )

    def broken(self, reason: str) -> MalformedError:
        """The error for a pickle that means nothing, for a ``reason`` told as a clause."""
        return MalformedError(
            f"the pickle in it is broken near byte {self.position:,}: {reason}",
            "download or save it again",
            offset=self.position,
        )
