"""From a recorded call to verdicts: the graph solved, bad gradients blamed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch

from archviz.analysis.gradient.graph import Target, ValueGraph
from archviz.analysis.gradient.report import (
    Culprit,
    GradientReport,
    Observation,
    ParameterVerdict,
)
from archviz.analysis.gradient.solver import culprit_of, solve
from archviz.analysis.gradient.words import Kind, Verdict
from archviz.importers.torch.containers import tensors_in
from archviz.importers.torch.gradient import backward
from archviz.importers.torch.gradient.convert import Converter, module_facts
from archviz.importers.torch.gradient.nodes import LEAF, reachable
from archviz.importers.torch.gradient.outcome import Outcome
from archviz.importers.torch.gradient.subject import Subject, shape_of
from archviz.importers.torch.gradient.watcher import Watcher
from archviz.importers.torch.gradient.zeros import origin_of_zeros, zeros_of
from archviz.importers.torch.recording import Recording
from archviz.importers.torch.untouched import random_state
from archviz.records import replace

NUDGE = 0.05
"""Standard deviation of what all-zero parameters get to see whether gradient flows behind them."""

ALL_ZERO = "its result is zero in every element"

_KIND_OF = {
    backward.NONE: (Verdict.NONE_GRAD, Kind.CUSTOM),
    backward.ZERO: (Verdict.ZERO_HERE, Kind.ZERO_HERE),
    backward.NONFINITE: (Verdict.NONFINITE, Kind.NONFINITE),
}


class Judge:
    """Judges one recorded call.

    Args:
        subject: What was called.
        watcher: What was seen beside the recording.
        recording: The call.
        outcome: What it left.
        inputs: Whether inputs that require gradient are judged too.
        ids: Node ids of the model's graph by position of the operation.
    """

    def __init__(
        self,
        subject: Subject,
        watcher: Watcher,
        recording: Recording,
        outcome: Outcome,
        *,
        inputs: bool,
        ids: Mapping[int, str] | None = None,
    ) -> None:
        self.subject = subject
        self.watcher = watcher
        self.recording = recording
        self.outcome = outcome
        self.targets = self._targets()
        self.asked = self._input_targets() if inputs else {}
        self.converter = Converter(watcher, recording, ids)

    @cached_property
    def graph(self) -> ValueGraph:
        """The value graph; most checks find nothing bad and never need it."""
        facts = module_facts(self.subject.module, self.recording)
        every = {**self.targets, **self.asked}
        return self.converter.convert(tuple(self.outcome.root_values), every, facts)

    def report(self) -> GradientReport:
        """All verdicts."""
        outcome, every = self.outcome, {**self.targets, **self.asked}
        if all(target.is_reached or not target.wants_gradient for target in every.values()):
            verdicts = solve(ValueGraph((), (), targets=every))
        else:
            verdicts = solve(self.graph)
        if not self.subject.is_ghost:
            outcome.follow(self.subject, self._opaque(verdicts))
        observations = self._observed()
        if outcome.missing is not None:
            self._blame_missing(verdicts, outcome.missing)
        elif outcome.gradients is not None:
            self._blame(verdicts, outcome.gradients)
            observations += [
                Observation(
                    "rounding-noise",
                    name,
                    f"its gradient is {share:.0e} of the median, rounding error",
                )
                for name, share in backward.rounding_noise(outcome.gradients).items()
                if verdicts[name].verdict is Verdict.OK
            ]
        level = "none"
        if outcome.gradients is not None:
            level = "values" if outcome.gradients.is_real else "shapes"
        return GradientReport(
            parameters={name: verdicts[name] for name in self.targets},
            inputs={name: verdicts[name] for name in self.asked},
            observations=tuple(observations),
            incomplete=(outcome.failure,) if outcome.failure else (),
            source=self.subject.source,
            facts={
                "operations": len(self.recording.operations),
                "values": len(self.recording.values),
                "torch": torch.__version__,
                "substrate": self.recording.substrate,
                "assumptions": len(self.recording.assumptions),
            },
            backward=level,
        )

    def _opaque(self, verdicts: dict[str, ParameterVerdict]) -> dict[str, torch.Tensor]:
        """Parameters that a custom Function hides, as third parties' checkpoints do."""
        return {
            name: self.subject.named[name]
            for name in self.targets
            if verdicts[name].verdict is Verdict.CUT
            and verdicts[name].culprits
            and verdicts[name].culprits[0].kind is Kind.CUSTOM
        }

    def _targets(self) -> dict[str, Target]:
        values: dict[str, int] = {}
        for index, value in enumerate(self.recording.values):
            if value.role == "parameter":
                values.setdefault(value.name, index)
        reached, attached = self.outcome.reached, self.outcome.attached
        side = (
            reachable(list(self.outcome.side.values()), through_zero=True)
            if self.outcome.side
            else {}
        )
        return {
            name: Target(
                values.get(name, -1),
                shape_of(parameter),
                parameter.requires_grad,
                id(parameter) in reached,
                id(parameter) in attached,
                id(parameter) in side,
                tuple(self.subject.aliases.get(name, ())),
            )
            for name, parameter in self.subject.named.items()
        }

    def _input_targets(self) -> dict[str, Target]:
        given = [tensor for _, tensor in tensors_in((self.subject.args, self.subject.kwargs))]
        found = {}
        for (path, reference), tensor in zip(self.recording.inputs, given, strict=False):
            if tensor.requires_grad and id(tensor) not in {
                id(p) for p in self.subject.named.values()
            }:
                found[".".join(path)] = Target(
                    reference.value,
                    shape_of(tensor),
                    True,
                    id(tensor) in self.outcome.reached,
                    id(tensor) in self.outcome.attached,
                )
        return found

    def _observed(self) -> list[Observation]:
        """Leaves that get gradient although no module and no input has them."""
        known = {id(parameter) for parameter in self.subject.named.values()}
        known |= {id(tensor) for _, tensor in tensors_in((self.subject.args, self.subject.kwargs))}
        found = []
        for identity, tensor in self.outcome.attached.items():
            value = self.watcher.ledger.leaves.get(identity)
            if identity not in known and value in self.watcher.unregistered:
                shape = "×".join(map(str, tensor.shape)) or "scalar"
                found.append(
                    Observation(
                        "unregistered",
                        shape,
                        f"a tensor of shape {shape} gets gradient, but is no registered parameter",
                    )
                )
        return found

    def _blame(
        self,
        verdicts: dict[str, ParameterVerdict],
        gradients: backward.Gradients,
    ) -> None:
        """Turns bad gradients into verdicts with culprits."""
        states = gradients.state
        for name, state in states.items():
            if verdicts[name].verdict is Verdict.CUT and state != backward.NONE:
                verdicts[name] = ParameterVerdict(
                    Verdict.OK,
                    verdicts[name].shape,
                    note="connected inside a custom Function, as backward shows",
                    aliases=verdicts[name].aliases,
                )
        bad = {
            name: state
            for name, state in states.items()
            if state != backward.OK and verdicts[name].verdict is Verdict.OK
        }
        zeros = [name for name, state in bad.items() if state == backward.ZERO]
        if zeros and not self.subject.is_ghost:
            still = self._still_zero(zeros)
            for name in zeros:
                if name not in still:
                    del bad[name]
                    verdicts[name] = replace(
                        verdicts[name], note="its gradient is zero only while others are all zero"
                    )
        if not bad or self.outcome.flow is None:
            return
        graph = self.graph
        nothing = self._zeros() if backward.ZERO in bad.values() else frozenset()
        for name, state in bad.items():
            verdict, kind = _KIND_OF[state]
            culprits: list[Culprit] = []
            note = ""
            for blame in backward.blamed(self.outcome.flow, self.subject.named[name], state):
                position = _owner(self.watcher, self.converter, blame.node)
                if position is None:
                    continue
                culprit = culprit_of(
                    graph, graph.operations[position], kind, node=blame.node.name(), note=blame.note
                )
                note = note or blame.note
                origin = origin_of_zeros(graph, position, nothing) if nothing else None
                if origin is not None and state == backward.ZERO:
                    first = culprit_of(graph, graph.operations[origin[0]], origin[1], note=ALL_ZERO)
                    culprits += [first] * (first.key not in {item.key for item in culprits})
                if culprit.key not in {item.key for item in culprits}:
                    culprits.append(culprit)
            verdicts[name] = replace(
                verdicts[name], verdict=verdict, culprits=tuple(culprits[:5]), note=note
            )

    def _zeros(self) -> frozenset[int]:
        """The values of the graph that are all zero."""
        if self.subject.is_ghost:
            return frozenset()
        place = self.converter.place
        found = zeros_of(self.subject, self.recording)
        return frozenset(place[value] for value in found if value in place)

    def _blame_missing(
        self,
        verdicts: dict[str, ParameterVerdict],
        missing: backward.MissingFormulaError,
    ) -> None:
        """Blames the operation without a formula for everything behind it."""
        node = missing.node
        graph = self.graph
        beside = _reached_without(self.outcome.roots, node)
        position = _owner(self.watcher, self.converter, node)
        for name, item in verdicts.items():
            tensor = self.subject.named.get(name)
            if item.verdict is not Verdict.OK or tensor is None or id(tensor) in beside:
                continue
            culprits: tuple[Culprit, ...] = ()
            if position is not None:
                operation = graph.operations[position]
                culprits = (culprit_of(graph, operation, Kind.NO_FORMULA, node=node.name()),)
            verdicts[name] = replace(
                item,
                verdict=Verdict.NO_FORMULA,
                culprits=culprits,
                note=" ".join(str(missing).split())[:200],
            )

    def _still_zero(self, names: list[str]) -> set[str]:
        """Those whose gradient stays zero when all-zero parameters are moved a little.

        Zero-initialised parameters (LoRA's second factor, ReZero's scale, the last norm of a
        residual block) keep gradient from what is before them at the first step alone.
        """
        still = [
            parameter
            for parameter in self.subject.named.values()
            if parameter.is_floating_point()
            and parameter.numel()
            and not bool(parameter.detach().any())
        ]
        if not still:
            return set(names)
        generator = torch.Generator().manual_seed(1)
        copies = [(parameter, parameter.detach().clone()) for parameter in still]
        try:
            with torch.no_grad():
                for parameter in still:
                    noise = torch.randn(parameter.shape, generator=generator)
                    parameter.add_(noise.to(parameter) * NUDGE)
            with torch.enable_grad(), warnings.catch_warnings(), random_state():
                warnings.simplefilter("ignore")
                roots = self.subject.roots()
                wanted = {name: self.subject.named[name] for name in names}
                states = backward.run(roots, wanted).state
            return {name for name in names if states[name] in (backward.ZERO, backward.NONE)}
        except Exception:  # what was told before the nudge stands
            return set(names)
        finally:
            with torch.no_grad():
                for parameter, copy in copies:
                    parameter.copy_(copy)


def _owner(watcher: Watcher, converter: Converter, node: Any) -> int | None:
    """Position in the graph of the operation that made an autograd node, by sequence number."""
    number = node._sequence_nr()
    recorder = watcher.recorder
    assert recorder is not None
    best: tuple[int, int] | None = None
    for (other, _), value in watcher.ledger.made.items():
        if other >= number and (best is None or other < best[0]):
            best = (other, value)
    if best is None:
        return None
    producer = recorder.values[best[1]].producer
    return converter.operation_of.get(producer)


def _reached_without(roots: list[torch.Tensor], bad: Any) -> set[int]:
    """Identities of the leaves that gradient reaches by ways around ``bad``."""
    stack = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen = {bad, *stack}
    found = set()
    while stack:
        node = stack.pop()
        if type(node).__name__ == LEAF:
            found.add(id(node.variable))
        for inner, _ in node.next_functions:
            if inner is not None and inner not in seen:
                seen.add(inner)
                stack.append(inner)
    return found
