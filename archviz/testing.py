"""For tests of models: assertions whose message is the report.

    from archviz.testing import assert_gradients

    def test_everything_trains():
        assert_gradients(Model(), torch.randn(2, 3), loss=my_loss, frozen=["backbone.*"])

With archviz installed, pytest has a fixture of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archviz.analysis.gradient.report import GradientReport
from archviz.checking import check_gradients, is_failing
from archviz.diagnostics import Severity


def assert_gradients(
    model: Callable[..., Any],
    inputs: object = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    loss: Callable[..., Any] | None = None,
    target: Any = None,
    frozen: Sequence[str] = (),
    expect_cut: Sequence[str] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    fail_on: str = "warning",
) -> GradientReport:
    """Fails unless every parameter gets gradient that should.

    Args:
        model: A module, or a method of one.
        inputs: Positional arguments: a tuple, or the only one.
        kwargs: Named arguments.
        loss: A function of the model's result, and of ``target`` when there is one.
        target: What the loss compares the result with.
        frozen: Patterns of parameters that should get no gradient.
        expect_cut: As ``frozen``, for parts that are cut off on purpose.
        select: Codes or names of the only rules to apply.
        ignore: Codes or names of rules to leave out.
        fail_on: "error", "warning" or "info": the mildest finding that fails.

    Returns:
        The report.

    Raises:
        AssertionError: There are findings, or the analysis could not finish; it says the report.
    """
    __tracebackhide__ = True
    report = check_gradients(
        model,
        inputs,
        kwargs,
        loss=loss,
        target=target,
        frozen=frozen,
        expect_cut=expect_cut,
        select=select,
        ignore=ignore,
    )
    if report.incomplete or is_failing(report.findings, Severity(fail_on)):
        raise AssertionError(str(report))
    return report
