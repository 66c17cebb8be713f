"""Facts about the file: who wrote it, in which versions, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archviz.importers.onnx.notes import Notes
from archviz.ir import Diagnostic, Severity
from archviz.reading.names import clean, clean_text

if TYPE_CHECKING:
    from onnx import ModelProto

MAX_ENTRIES = 64
"""Metadata entries of the file that are kept."""


def metadata_of(model: ModelProto, opsets: Mapping[str, int]) -> dict[str, str]:
    """Facts as text; what the file does not say is left out."""
    producer = f"{clean(model.producer_name)} {clean(model.producer_version)}".strip()
    found = {
        "producer": producer,
        "ir_version": str(model.ir_version) if model.ir_version else "",
        "opsets": ", ".join(f"{name or 'ai.onnx'} {version}" for name, version in opsets.items()),
        "model_version": str(model.model_version) if model.model_version else "",
        "domain": clean(model.domain),
        "description": clean_text(model.doc_string or model.graph.doc_string),
        "functions": str(len(model.functions)) if model.functions else "",
        "training_graphs": str(len(model.training_info)) if model.training_info else "",
    }
    for entry in model.metadata_props[:MAX_ENTRIES]:
        found[f"metadata.{clean(entry.key)[:200]}"] = clean_text(entry.value)
    return {key: text for key, text in found.items() if text}


def note_versions(model: ModelProto, opsets: Mapping[str, int], notes: Notes) -> None:
    """Notes versions that the official package does not know."""
    from onnx import IR_VERSION, defs

    newest = defs.onnx_opset_version()
    version = opsets.get("", 1)
    if not 1 <= version <= newest:
        notes.add(
            Diagnostic(
                "unknown-opset",
                Severity.WARNING,
                f"the file uses operator set {version}, and the installed onnx package knows "
                f"1 to {newest}",
                hint="run: pip install --upgrade onnx",
            )
        )
    if not 1 <= model.ir_version <= IR_VERSION:
        notes.add(
            Diagnostic(
                "unknown-ir-version",
                Severity.WARNING,
                f"the file has IR version {model.ir_version}, and the installed onnx package "
                f"knows 1 to {IR_VERSION}",
                hint="run: pip install --upgrade onnx",
            )
        )
    if not opsets and model.ir_version >= 3:
        notes.add(
            Diagnostic(
                "no-opset", Severity.WARNING, "the file imports no operator set; 1 is assumed"
            )
        )
