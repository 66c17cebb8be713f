"""JSON, read within bounds: memory, nesting and digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from archviz.reading import MalformedError

MEMORY = 256 << 20
"""About the bytes that the parsed values may take."""


def parse(
    data: bytes,
    *,
    memory: int = MEMORY,
    object_hook: Callable[[dict[str, Any]], Any] | None = None,
) -> Any:
    """The values in a JSON text.

    Args:
        data: UTF-8.
        memory: About the bytes that they may take.
        object_hook: Gives what stands in an object's place, as :func:`json.loads` has it.

    Raises:
        MalformedError: It is no JSON, nests too deep or takes more memory.
    """
    # What strings hold counts as well, which is on the safe side.
    needed = 2 * len(data) + 64 * data.count(b"[") + 240 * data.count(b"{")
    needed += 40 * data.count(b",")
    if needed > memory:
        raise MalformedError(f"the JSON in it would take {needed >> 20:,} MB of memory")
    try:
        return json.loads(data, object_hook=object_hook)
    except json.JSONDecodeError as error:
        raise MalformedError(
            f"it is no JSON at character {error.pos:,}: {error.msg.lower()}", offset=error.pos
        ) from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"it is no UTF-8 at byte {error.start:,}") from None
    except RecursionError:
        raise MalformedError("the JSON in it nests too deep") from None
    except ValueError:  # more digits than Python converts
        raise MalformedError("the JSON in it has a number of too many digits") from None
