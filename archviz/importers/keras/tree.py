"""Models without a call graph: the tree of their layers, from the stored weights.

A subclassed model's calls are in its code alone. What its file has is which layer holds which, and
what each weighs.
"""

from __future__ import annotations

import re

from archviz.importers.keras.container import Container
from archviz.importers.keras.hdf5 import Group
from archviz.importers.keras.shapes import SHAPES
from archviz.importers.keras.stored import name_of, snake_case
from archviz.importers.keras.weights import WEIGHTS
from archviz.ir import Diagnostic, Graph, Parameter, ParameterUse, ScopePath, Severity
from archviz.ir.build import GraphBuilder
from archviz.reading import MalformedError

_NUMBER = re.compile(r"_\d+$")
_BUFFERS = ("moving_mean", "moving_variance")


def containment(container: Container, class_name: str) -> tuple[Graph, Diagnostic]:
    """The tree of layers in a file, and why there are no edges.

    Args:
        container: The file.
        class_name: The model's class; "" when the file holds weights alone.

    Raises:
        MalformedError: It has no stored weights either.
    """
    if container.stored is None:
        raise MalformedError(
            f"the model's class {class_name} keeps its calls in code, and there are no weights to "
            "show its layers by",
            "give the .keras file, or load the model and give the object",
        )
    root = container.stored().root
    builder = GraphBuilder(class_name)
    _Tree(builder).group(root, ())
    if not builder.nodes:
        raise MalformedError(
            "it holds no layers and no weights", "give the file of the whole model"
        )
    if class_name:
        message = (
            f"{class_name} keeps its calls in code, so that the file has no edges; its layers are "
            "shown in the order of their names"
        )
        hint = "load the model and give the object to see them"
    else:
        message = "the file holds weights alone: layers in the order of their names, and no edges"
        hint = "give the file of the whole model to see them"
    return builder.build(), Diagnostic("no-call-graph", Severity.INFO, message, hint=hint)


class _Tree:
    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder
        self.classes = {snake_case(name): name for name in (*WEIGHTS, *SHAPES) if "." not in name}

    def group(self, group: Group, path: ScopePath) -> None:
        """Adds a layer and those inside it."""
        own = dict(group.datasets)
        inside = group.groups.get("vars")
        if inside is not None:
            own.update(inside.datasets)
        children = {
            name: inner
            for name, inner in group.groups.items()
            if name not in ("vars", "optimizer", "optimizer_weights", "top_level_model_weights")
            and not _is_empty(inner)
        }
        if ("layers" in children and "vars" in group.groups) or (
            not path and set(children) == {"layers"}
        ):
            children = {**children.pop("layers").groups, **children}
            children = {name: inner for name, inner in children.items() if not _is_empty(inner)}
        if len(children) == 1 and path and next(iter(children)) == path[-1] and not own:
            # Layers of .h5 files hold their weights in a group of their own name.
            self.group(next(iter(children.values())), path)
            return
        shown = name_of(group)
        class_name = self._class(shown, path[-1] if path else "")
        if own:
            uses = []
            for name, type_ in own.items():
                role = name.removesuffix(":0")
                full = "/".join((*path, role))
                buffer = role in _BUFFERS
                self.builder.parameter(
                    Parameter(full, type_, "buffer" if buffer else "weight", None)
                )
                uses.append(
                    ParameterUse(full, role if not role.isdecimal() else f"variable {role}")
                )
            scope = path if children else path[:-1]
            label = (path[-1] if path else "variables") if not children else "variables"
            self.builder.node(class_name, label=label, parameters=tuple(uses), scope=scope)
        if children and path:
            self.builder.scope(path, class_name if class_name != "Layer" else "")
        for name, inner in children.items():
            self.group(inner, (*path, name))

    def _class(self, shown: str, key: str) -> str:
        """The class that Keras names a layer after when nobody else does; "Layer" if none."""
        for name in (shown, key):
            found = self.classes.get(_NUMBER.sub("", name)) or self.classes.get(name)
            if found:
                return found
        return "Layer"


def _is_empty(group: Group) -> bool:
    return not group.datasets and all(map(_is_empty, group.groups.values()))
