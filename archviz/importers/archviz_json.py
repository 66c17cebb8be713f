"""archviz's own format: a Model as JSON, described by docs/archviz.schema.json."""

from __future__ import annotations

import json
import re

from archviz.errors import ImporterError
from archviz.importers import Confidence, Importer
from archviz.ir import Model
from archviz.source import Source

SUFFIX = ".archviz.json"

# The version comes first in what archviz writes; others may put it anywhere.
_HEAD = rb'\s*\{\s*"archviz"\s*:\s*\d'


def sniff(source: Source) -> Confidence:
    """How sure it is that ``source`` is a Model as JSON."""
    if not source.is_file:
        return Confidence.NONE
    if source.begins_with(b"{") and re.match(_HEAD, source.head):
        return Confidence.CONTENT
    return Confidence.SUFFIX if source.has_suffix(SUFFIX) else Confidence.NONE


def read(source: Source, *, max_megabytes: int = 64) -> Model:
    """The model in ``source``.

    Args:
        source: A file or standard input.
        max_megabytes: A larger file is refused.

    Raises:
        ImporterError: It is no JSON, breaks the schema, or is too large.
    """
    from archviz.ir import serde
    from archviz.ir.verify import verify

    problem = source.recognised_problem()
    if problem:
        raise ImporterError(f"{source.name}: {problem[0]}", problem[1])
    if not source.is_file:
        raise ImporterError(f"{source.name}: this {source.kind} is no JSON file")
    limit = max_megabytes << 20
    with source.open() as stream:
        parts = []
        length = 0
        while length <= limit and (part := stream.read(limit + 1 - length)):
            parts.append(part)
            length += len(part)
    if length > limit:
        raise ImporterError(
            f"{source.name}: it is larger than {max_megabytes} MB",
            "allow more with the option max-megabytes",
        )
    try:
        model = serde.from_json(json.loads(b"".join(parts)))
    except json.JSONDecodeError as error:
        raise ImporterError(
            f"{source.name}: it is no JSON at byte {error.pos}: {error.msg.lower()}",
            offset=error.pos,
        ) from None
    except UnicodeDecodeError as error:
        raise ImporterError(
            f"{source.name}: it is no UTF-8 at byte {error.start}", offset=error.start
        ) from None
    except RecursionError:
        raise ImporterError(f"{source.name}: its values nest too deep") from None
    except ValueError as error:  # a number of more digits than Python converts
        raise ImporterError(f"{source.name}: {str(error).partition(';')[0].lower()}") from None
    except serde.ModelFormatError as error:
        raise ImporterError(f"{source.name}: {error.message}", error.hint) from None
    broken = verify(model.body)
    if broken:
        raise ImporterError(
            f"{source.name}: the model is not sound: {broken[0][:200]}", "write the file again"
        )
    return model


IMPORTER = Importer("archviz-json", "archviz model (JSON)", sniff, read, (SUFFIX,))
