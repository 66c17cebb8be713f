"""What a recorded call and its backward pass left, with the tensors at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from archviz.importers.torch.gradient import backward
from archviz.importers.torch.gradient.nodes import reachable
from archviz.importers.torch.gradient.subject import Subject, roots_in
from archviz.importers.torch.gradient.watcher import Watcher
from archviz.records import field, mutable


@mutable
class Outcome:
    """What the recorded call left.

    Attributes:
        roots: The loss's tensors.
        root_values: Their values.
        side: Tensors with a graph that modules keep as attributes, by name.
        gradients: What backward left, when it was followed inside the call.
        flow: The second pass, when one was needed.
        failure: Why backward could not be followed.
        missing: The node without a formula that backward ran into.
        reached: Leaves that gradient arrives at, by identity.
        attached: Leaves that the graph leads to, though perhaps through zero formulas.
    """

    roots: list[torch.Tensor] = field(default_factory=list)
    root_values: list[int] = field(default_factory=list)
    side: dict[str, torch.Tensor] = field(default_factory=dict)
    gradients: backward.Gradients | None = None
    flow: backward.Flow | None = None
    failure: str = ""
    missing: backward.MissingFormulaError | None = None
    reached: dict[int, torch.Tensor] = field(default_factory=dict)
    attached: dict[int, torch.Tensor] = field(default_factory=dict)

    def look(self, value: Any, watcher: Watcher, module: torch.nn.Module | None) -> None:
        """Notes the roots in ``value``, the loss, and what the graph behind them reaches."""
        recorder = watcher.recorder
        assert recorder is not None
        self.roots = roots_in(value)
        self.root_values = [recorder.identities.settled(root).value for root in self.roots]
        if not self.roots:
            self.root_values = sorted(watcher.provenance.origins(value))
        self.reached = reachable(self.roots, through_zero=False)
        self.attached = reachable(self.roots, through_zero=True)
        known = {id(root) for root in self.roots}
        if module is not None:
            for path, part in module.named_modules():
                for name, item in vars(part).items():
                    if (
                        isinstance(item, torch.Tensor)
                        and item.grad_fn is not None
                        and id(item) not in known
                    ):
                        self.side[f"{path}.{name}" if path else name] = item

    def follow(self, subject: Subject, opaque: Mapping[str, torch.Tensor] | None = None) -> None:
        """Follows one backward pass, and a second one when the first shows something bad.

        Args:
            subject: Whose parameters are looked at.
            opaque: Parameters behind custom Functions, which may hand them gradient in ways that
                the graph does not show.
        """
        wanted = {
            name: parameter
            for name, parameter in subject.named.items()
            if parameter.requires_grad and id(parameter) in self.reached
        }
        wanted.update(opaque or {})
        if not wanted or not backward.differentiable(self.roots):
            return
        try:
            self.gradients = backward.run(self.roots, wanted, through_opaque=bool(opaque))
        except backward.MissingFormulaError as error:
            self.missing = error
        except Exception as error:  # a kernel's own limits are no finding about the model
            self.failure = f"backward raised {type(error).__name__}: {str(error)[:200]}"
        else:
            if any(state != backward.OK for state in self.gradients.state.values()):
                self.flow = backward.watched(self.roots)
