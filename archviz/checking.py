"""Checks: what the rules find in a model, and in the gradients of a call of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archviz import baseline as baselines
from archviz.analysis.gradient.expectations import with_expectations
from archviz.analysis.gradient.report import GradientReport
from archviz.diagnostics import Diagnostic, Severity
from archviz.errors import MissingDependencyError, OptionError
from archviz.importers.keras.sniff import is_keras
from archviz.ir import Model
from archviz.options import nearest
from archviz.records import replace
from archviz.rules import RULES
from archviz.source import Source

if TYPE_CHECKING:
    from archviz.analysis.gradient.flow import GradientFlow

UNFINISHED = "AVG090"
"""The rule that says that an analysis could not finish."""

_CALL = ("args", "kwargs", "input")
"""Options of importers that say what a live object is called with."""


_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def check_gradients(
    model: Callable[..., Any] | Model,
    args: object = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    inputs: bool = False,
    frozen: Sequence[str] = (),
    expect_cut: Sequence[str] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    baseline: str | Path | None = None,
    source: str = "",
) -> GradientReport:
    """Which parameters of a PyTorch model get gradient, and which line keeps it from the others.

    One call of the model, and of the loss, is recorded and followed backwards. Real tensors are
    computed with; a model on the meta device is checked on shapes alone. Nothing of the model is
    changed.

    A Model that was read from a file is judged by its operations alone: only weights that get no
    gradient whatever the loss are told, with the confidence "static".

    Args:
        model: A module, or a method of one; or a Model of a file.
        args: Positional arguments: a tuple, or the only one.
        kwargs: Named arguments.
        loss: A function of the model's result, and of ``target`` when there is one; None takes
            everything that the model returns.
        target: What the loss compares the result with.
        inputs: Whether inputs that require gradient are judged too.
        frozen: Patterns of parameters that should get no gradient, such as "backbone.*"; one
            that gets some is a finding.
        expect_cut: As ``frozen``, for parts that are cut off on purpose.
        select: Codes or names of the only rules to apply, or beginnings of codes; () for all.
        ignore: Codes or names of rules to leave out, or beginnings of codes.
        baseline: A file of known findings, which are marked as suppressed.
        source: What reports call the model; "" for its class.

    Returns:
        The report: ``.ok``, ``.parameters[name].verdict``, ``.culprits``, ``.findings``.

    Raises:
        ArchvizError: The model raised an exception, or a pattern or rule is unknown.
    """
    if isinstance(model, Model):
        report = with_expectations(check_static(model), [*frozen, *expect_cut])
        return judged(report, select=select, ignore=ignore, baseline=baseline)
    if is_keras(model):
        from archviz.importers.keras import gradient

        positional = _positional(args)
        found = gradient.check(
            model,
            positional,
            kwargs,
            loss=loss,
            target=target,
            source=source,
            modules=_check_module,
        )
        found = with_expectations(found, [*frozen, *expect_cut])
        return judged(found, select=select, ignore=ignore, baseline=baseline)
    _require_torch("to check gradients")
    from archviz.importers.torch.gradient.check import check

    report = check(
        model, _positional(args), kwargs, loss=loss, target=target, inputs=inputs, source=source
    )
    report = with_expectations(report, [*frozen, *expect_cut])
    return judged(report, select=select, ignore=ignore, baseline=baseline)


def gradient_flow(
    model: Callable[..., Any],
    args: object = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    seed: int = 0,
    source: str = "",
) -> GradientFlow:
    """How large the gradient of each parameter of a PyTorch model is, in layer order.

    One call and one backward pass on the model's own tensors; nothing of it is changed. Without a
    loss the gradient is that of the result's ``loss``, of the result when it is one number, or of
    a fixed random projection of it.

    Args:
        model: A module, or a method of one.
        args: Positional arguments: a tuple, or the only one.
        kwargs: Named arguments.
        loss: A function of the model's result, and of ``target`` when there is one.
        target: What the loss compares the result with.
        seed: Of random operations, such as dropout.
        source: What reports call the model; "" for its class.

    Returns:
        The flow: ``.rows`` with norm, mean and max, ``.warnings``, ``.ratio``.

    Raises:
        ArchvizError: The model raised an exception, or nothing asks for gradient.
    """
    _require_torch("to measure gradients")
    from archviz.importers.torch.gradient.measuring import measure

    return measure(
        model, _positional(args), kwargs, loss=loss, target=target, source=source, seed=seed
    )


def live_flow(
    source: Source,
    importer_options: Mapping[str, Any],
    *,
    loss: str | Callable[..., Any] | None = None,
    target: str = "",
    seed: int = 0,
) -> GradientFlow:
    """The gradient flow of the live object that ``source`` names or holds; see ``check_live``.

    Raises:
        ArchvizError: It cannot be called, or the call raises.
    """
    _require_torch("to measure gradients")
    from archviz.importers.torch.gradient.measuring import measure
    from archviz.importers.torch.gradient.sources import check_source

    options = {key: value for key, value in importer_options.items() if key in _CALL}
    seeded = partial(measure, seed=seed)
    return check_source(source, how=seeded, loss=loss, target=target, seed=seed, **options)


def _check_module(*args: Any, **kwargs: Any) -> GradientReport:
    """The check of a PyTorch module, which a Keras layer is on that backend."""
    from archviz.importers.torch.gradient.check import check

    return check(*args, **kwargs)


def _require_torch(purpose: str) -> None:
    try:
        import torch  # noqa: F401 - says in one sentence what is missing
    except ImportError:
        raise MissingDependencyError("torch", purpose) from None


def _positional(args: object) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else tuple(args) if isinstance(args, list) else (args,)


def check_live(
    source: Source,
    importer_options: Mapping[str, Any],
    *,
    loss: str | Callable[..., Any] | None = None,
    target: str = "",
    frozen: Sequence[str] = (),
    expect_cut: Sequence[str] = (),
) -> GradientReport:
    """The gradient check of the live object that ``source`` names or holds.

    Args:
        source: The source.
        importer_options: Options of the importer that say what it is called with.
        loss: A function, or "package.module:function".
        target: The loss's target, written as an input is.
        frozen: Patterns of parameters that should get no gradient.
        expect_cut: As ``frozen``, for parts that are cut off on purpose.

    Raises:
        ArchvizError: It cannot be called, or the call raises.
    """
    options = {key: value for key, value in importer_options.items() if key in _CALL}
    options.update(loss=loss, target=target)
    if is_keras(source.object):
        from archviz.importers.keras import gradient

        report = gradient.check_source(source, modules=_check_module, **options)
    else:
        from archviz.importers.torch.gradient.sources import check_source

        report = check_source(source, **options)
    return judged(with_expectations(report, [*frozen, *expect_cut]))


def filtered(
    items: Sequence[Diagnostic],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    known: Collection[str] = (),
) -> tuple[Diagnostic, ...]:
    """The diagnostics that rules were selected for, those that are known or allowed marked.

    What importers report has no code and stays.
    """
    _known_rules([*select, *ignore])
    chosen = [
        item for item in items if not item.code or is_chosen(item.code, item.name, select, ignore)
    ]
    return baselines.suppressed(chosen, known)


def check_static(model: Model) -> GradientReport:
    """What a model read from a file says of gradients: weights that get none, whatever the loss.

    Args:
        model: From ONNX, a program of torch.export, TorchScript or a TensorFlow graph.

    Raises:
        OptionError: The operators of its format are not known that well.
    """
    from archviz.analysis.gradient.static import is_judged, static_report
    from archviz.analysis.gradient.static_rules import RULES as STATIC_FORMATS

    if not is_judged(model):
        raise OptionError(
            f"{model.source or 'the model'}: a file of the format {model.format!r} does not tell "
            "where gradient passes",
            f"it can be told of: {', '.join(STATIC_FORMATS)}; or name a live PyTorch module",
        )
    return judged(static_report(model))


def judged(
    report: GradientReport,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    baseline: str | Path | None = None,
) -> GradientReport:
    """The report with what the rules about gradients find in it, errors first."""
    found: list[Diagnostic] = []
    for rule in RULES.all():
        if rule.about == "gradients" and is_chosen(rule.code, rule.name, select, ignore):
            found += rule.check(report)
    _known_rules([*select, *ignore])
    known = baselines.read(Path(baseline)) if baseline else frozenset()
    marked = baselines.suppressed(found, known)
    order = sorted(marked, key=lambda item: (item.is_suppressed, _ORDER.index(item.severity)))
    return replace(report, findings=tuple(order))


def is_chosen(code: str, name: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    """Whether a rule is selected and not ignored."""

    def matches(wanted: Sequence[str]) -> bool:
        return any(name == text or code.startswith(text.upper()) for text in wanted)

    return (not select or matches(select)) and not matches(ignore)


def _known_rules(wanted: Sequence[str]) -> None:
    rules = list(RULES.all())
    for text in wanted:
        if not any(rule.name == text or rule.code.startswith(text.upper()) for rule in rules):
            names = [rule.name for rule in rules]
            raise OptionError(f"there is no rule {text!r}", nearest(text, names))


def is_failing(findings: Sequence[Diagnostic], fail_on: Severity = Severity.WARNING) -> bool:
    """Whether a finding that nothing suppresses is at least as severe as ``fail_on``."""
    worst = _ORDER[: _ORDER.index(fail_on) + 1]
    return any(item.severity in worst and not item.is_suppressed for item in findings)
