"""The text forms of ONNX, read by the official package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archviz.errors import ImporterError
from archviz.importers.onnx.sniff import JSON, TEXTPROTO
from archviz.reading.names import clean
from archviz.source import Source

if TYPE_CHECKING:
    from onnx import ModelProto

MAX_SIZE = 64 << 20


def parse_text(source: Source, form: str) -> ModelProto:
    """The model in a file of one of the text forms.

    Raises:
        ImporterError: The file is too large, or the official parser refuses it.
    """
    from google.protobuf import json_format, text_format
    from onnx import ModelProto, parser

    if source.size > MAX_SIZE:
        raise ImporterError(
            f"{source.name}: a text form of {source.size >> 20} MB is too large "
            f"(at most {MAX_SIZE >> 20} MB)",
            "give the binary .onnx file",
        )
    with source.open() as stream:
        data = stream.read(MAX_SIZE)
    try:
        text = data.decode("utf-8")
        model = ModelProto()
        if form == JSON:
            json_format.Parse(text, model)
        elif form == TEXTPROTO:
            text_format.Parse(text, model)
        else:
            model = parser.parse_model(text)
    except (json_format.ParseError, text_format.ParseError, parser.ParseError) as error:
        reason = clean(str(error).replace("\n", " "))[:200]
    except UnicodeDecodeError as error:
        reason = f"it is no UTF-8 at byte {error.start}"
    except (RecursionError, ValueError, TypeError, MemoryError) as error:
        reason = f"{type(error).__name__}: {clean(str(error))[:100]}"
    else:
        return model
    raise ImporterError(f"{source.name}: the {form} form does not parse ({reason})")
