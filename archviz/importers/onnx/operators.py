"""What the official schemas say of operators: names of inputs and defaults of attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archviz.reading.names import clean

if TYPE_CHECKING:
    from onnx import AttributeProto
    from onnx.defs import OpSchema


class Operators:
    """The operators of one set of imported opsets.

    Args:
        opsets: Version by domain, "" for the standard operators.

    Attributes:
        standard: Standard operators that were asked for and exist.
    """

    def __init__(self, opsets: Mapping[str, int]) -> None:
        self.opsets = dict(opsets)
        self._schemas: dict[tuple[str, str], OpSchema | None] = {}
        self.standard: set[str] = set()
        self._roles: dict[tuple[str, str], tuple[tuple[str, ...], bool]] = {}
        self._defaults: dict[tuple[str, str], dict[str, AttributeProto]] = {}

    def schema(self, domain: str, op: str) -> OpSchema | None:
        """The schema, or None for an operator that the official package does not know."""
        key = (domain, op)
        try:
            return self._schemas[key]
        except KeyError:
            from onnx import defs

            newest = defs.onnx_opset_version()
            version = self.opsets.get(domain, newest if not domain else 1)
            try:
                self._schemas[key] = defs.get_schema(op, min(max(version, 1), 2**31 - 1), domain)
            except defs.SchemaError:
                self._schemas[key] = None
            return self._schemas[key]

    def has(self, op: str) -> bool:
        """Whether it is one of the standard operators."""
        if self.schema("", op) is None:
            return False
        self.standard.add(op)
        return True

    def role(self, domain: str, op: str, index: int) -> str:
        """What the operator calls its input at ``index``; "input_3" when nobody knows."""
        key = (domain, op)
        found = self._roles.get(key)
        if found is None:
            schema = self.schema(domain, op)
            formal = schema.inputs if schema else []
            variadic = bool(formal) and str(formal[-1].option).endswith("Variadic")
            found = self._roles[key] = (tuple(parameter.name for parameter in formal), variadic)
        names, variadic = found
        if index < len(names):
            return names[index]
        return names[-1] if variadic else f"input_{index}"

    def defaults(self, domain: str, op: str) -> Mapping[str, AttributeProto]:
        """The default of each attribute that has one."""
        key = (domain, op)
        if key not in self._defaults:
            schema = self.schema(domain, op)
            self._defaults[key] = {
                name: attribute.default_value
                for name, attribute in (schema.attributes.items() if schema else ())
                if attribute.default_value.type
            }
        return self._defaults[key]


def opsets_of(imports: object) -> dict[str, int]:
    """Version by domain; the newest counts when a domain is imported twice."""
    found: dict[str, int] = {}
    for item in imports:  # type: ignore[attr-defined]
        domain = standard(clean(item.domain))
        found[domain] = max(item.version, found.get(domain, item.version))
    return found


def standard(domain: str) -> str:
    """``domain``, "" for the standard operators' full name."""
    return "" if domain == "ai.onnx" else domain
