"""What a reader calls an operation."""

from __future__ import annotations

from archviz.ir import Graph, Node
from archviz.ops import OTHER, category_of


def title_of(node: Node, graph: Graph) -> str:
    """The class of the PyTorch module that is this one operation, else the operation's name.

    ``linear`` in a scope of type ``Linear`` is a "Linear", as its author wrote; in a module of the
    user's own it stays ``linear``. Operators of files (``Gemm``) keep their names, which are what
    the format says.

    Args:
        node: Any node, also a part of one.
        graph: Where its scopes are.
    """
    scope = graph.scopes.get(node.scope)
    if scope is None or not node.op.islower():
        return node.op
    category = category_of(node.op)
    is_its_module = category != OTHER and category == category_of(scope.type)
    return scope.type if is_its_module else node.op
