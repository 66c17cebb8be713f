"""A model known by its modules alone: what contains what, without what is computed.

Checkpoints and modules that are not run give this much and no more. Only the order of modules that
are called one behind the other, as in a Sequential, becomes edges.
"""

from __future__ import annotations

from collections.abc import Mapping

from archviz.ir.build import GraphBuilder
from archviz.ir.graph import Attribute, Graph, Parameter, ParameterUse, ScopePath
from archviz.records import field, record

OWN = "Parameters"
"""Operator of the node for parameters of a module that has modules inside as well."""


@record
class Module:
    """A module with what is directly inside.

    Attributes:
        type: Its class; "" when unknown.
        attributes: Its settings, without those left at their default.
        parameters: What it owns, by role; tied ones have one name.
        children: Modules by name, in order.
        is_guessed: Whether the class was concluded from names and shapes.
        is_sequence: Whether it does nothing but call its children in order.
    """

    type: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    children: Mapping[str, Module] = field(default_factory=dict)
    is_guessed: bool = False
    is_sequence: bool = False


def graph_of(root: Module, name: str = "") -> Graph:
    """The graph of a model that is known as a tree of modules.

    Each module is a scope; each without modules inside is a node as well.

    Args:
        root: The whole model.
        name: What the graph is called.
    """
    builder = GraphBuilder(name)
    is_whole = _is_certain(root)
    first = None
    if is_whole:
        first = builder.value("input")
        builder.inputs.append(first)
    last = _add(builder, root, (), first, is_whole)
    if last is not None:
        builder.outputs.append(last)
    return builder.build()


def _add(
    builder: GraphBuilder, module: Module, path: ScopePath, given: str | None, is_used: bool
) -> str | None:
    """Adds a module and all inside; returns the value that it gives, where that is known."""
    if path:
        # A guess is the node's alone: a scope says the class as if the file did.
        builder.scope(path, "" if module.is_guessed else module.type)
    if not module.children:
        result = builder.value("/".join(path) or "output") if is_used else None
        _node(builder, module, path, given, result)
        return result
    if module.parameters:
        builder.node(OWN, label="parameters", parameters=_uses(builder, module), scope=path)
    children = list(module.children.items())
    value = given if module.is_sequence else None
    for index, (name, child) in enumerate(children):
        following = children[index + 1][1] if index + 1 < len(children) else None
        if not module.is_sequence:
            wanted = False
        elif following is None:
            wanted = is_used
        else:
            wanted = _gives(child) and _takes(following)
        value = _add(builder, child, (*path, name), value, wanted)
        if not module.is_sequence:
            value = None
    return value


def _node(
    builder: GraphBuilder, module: Module, path: ScopePath, given: str | None, result: str | None
) -> None:
    attributes = dict(module.attributes)
    if module.is_guessed:
        attributes["guessed"] = True
    uses = _uses(builder, module)
    builder.node(
        module.type or "Module",
        (given,) if given is not None else (),
        (result,) if result is not None else (),
        label=path[-1] if path else "",
        parameters=uses,
        attributes=attributes,
        scope=path,
        node_id=builder.reserve("/".join(path) or module.type or "Module"),
    )


def _uses(builder: GraphBuilder, module: Module) -> tuple[ParameterUse, ...]:
    for parameter in module.parameters.values():
        if parameter.name not in builder.parameters:
            builder.parameter(parameter)
    return tuple(
        ParameterUse(parameter.name, role) for role, parameter in module.parameters.items()
    )


def _is_certain(module: Module) -> bool:
    """Whether the order of everything inside is known."""
    if not module.children:
        return True
    return module.is_sequence and all(map(_is_certain, module.children.values()))


def _takes(module: Module) -> bool:
    """Whether it is certain which node inside gets what the module gets."""
    if not module.children:
        return True
    return module.is_sequence and _takes(next(iter(module.children.values())))


def _gives(module: Module) -> bool:
    """Whether it is certain which node inside gives what the module gives."""
    if not module.children:
        return True
    return module.is_sequence and _gives(list(module.children.values())[-1])
