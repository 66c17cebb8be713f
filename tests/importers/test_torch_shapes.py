"""Shapes that archviz computes itself are those that PyTorch computes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch

from archviz.importers.torch.quick_shapes import quick_rules

aten = torch.ops.aten

PLAIN = torch.rand(2, 4, 6)
TURNED = torch.rand(2, 6, 4).transpose(1, 2)
GAPPED = torch.rand(2, 4, 12)[..., ::2]
STRETCHED = torch.rand(2, 1, 6).expand(2, 4, 6)
IMAGE = torch.rand(2, 4, 9, 9)
LAST = torch.rand(2, 4, 9, 9).to(memory_format=torch.channels_last)
MATRIX, OTHER = torch.rand(4, 6), torch.rand(6, 3)
OPERANDS = [PLAIN, TURNED, GAPPED, STRETCHED, IMAGE, LAST, torch.rand(6), torch.rand(4, 1)]

CASES: list[tuple[Any, tuple[Any, ...]]] = [
    *[(aten.relu.default, (x,)) for x in OPERANDS],
    *[(aten.neg.default, (x.double(),)) for x in OPERANDS],
    *[(aten.pow.Tensor_Scalar, (x, 2)) for x in OPERANDS],
    *[(aten._softmax.default, (x, -1, False)) for x in OPERANDS],
    *[(aten.mul.Tensor, (x, y)) for x in OPERANDS[:4] for y in (*OPERANDS[:4], *OPERANDS[6:])],
    *[(aten.add.Tensor, (x, 2.0)) for x in OPERANDS],
    *[(aten.add.Tensor, (x, torch.tensor(1))) for x in OPERANDS],
    *[(aten.mean.dim, (x, [-1], keep)) for x in OPERANDS for keep in (False, True)],
    *[(aten.cat.default, ([x, x], -1)) for x in OPERANDS],
    (aten.cat.default, ([torch.rand(0), PLAIN], 1)),
    (aten.mm.default, (MATRIX, OTHER)),
    (aten.addmm.default, (torch.rand(3), MATRIX, OTHER)),
    (aten.bmm.default, (PLAIN, TURNED.transpose(1, 2))),
    (aten.native_layer_norm.default, (PLAIN, [6], torch.rand(6), None, 1e-5)),
    (aten.native_layer_norm.default, (TURNED, [4, 6], None, None, 1e-5)),
    *[
        (aten.native_batch_norm.default, (x, s, s, s, s, training, 0.1, 1e-5))
        for x in (IMAGE, LAST)
        for s in (torch.rand(4),)
        for training in (False, True)
    ],
    (aten.embedding.default, (MATRIX, torch.zeros(2, 5, dtype=torch.long))),
    *[
        (aten.convolution.default, (x, torch.rand(8, 2, 3, 3), None, *window, False, [0, 0], 2))
        for x in (IMAGE, LAST)
        for window in ([[1, 1], [0, 0], [1, 1]], [[2, 1], [1, 2], [2, 3]])
    ],
]


def described(result: Any) -> list[Any]:
    tensors = result if isinstance(result, tuple) else (result,)
    return [(t.shape, t.dtype, t.contiguous().stride(), strides_that_matter(t)) for t in tensors]


def strides_that_matter(tensor: torch.Tensor) -> list[int]:
    """Strides of the axes along which there is more than one element."""
    return [s for s, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1]


def on_meta(thing: Any) -> Any:
    if isinstance(thing, torch.Tensor):
        return torch.empty_strided(thing.shape, thing.stride(), dtype=thing.dtype, device="meta")
    if isinstance(thing, list | tuple):
        return type(thing)(on_meta(item) for item in thing)
    return thing


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{CASES[n][0]}-{n}")
def test_a_rule_gives_what_the_kernel_gives_or_leaves_it_to_the_kernel(number: int) -> None:
    kernel, args = CASES[number]
    made = quick_rules()[kernel](*on_meta(args))
    if made is not NotImplemented:
        assert described(made) == described(kernel(*args))


def test_most_plain_cases_are_decided_by_a_rule() -> None:
    rules = quick_rules()
    decided = sum(rules[kernel](*on_meta(args)) is not NotImplemented for kernel, args in CASES)
    assert decided > 0.75 * len(CASES)


@pytest.mark.parametrize(
    ("kernel", "args"),
    [
        (aten.mm.default, (MATRIX, MATRIX)),
        (aten.addmm.default, (torch.rand(4), MATRIX, OTHER)),
        (aten.mul.Tensor, (PLAIN, torch.rand(5))),
        (aten.native_layer_norm.default, (PLAIN, [5], None, None, 1e-5)),
        (
            aten.convolution.default,
            (IMAGE, torch.rand(8, 3, 3, 3), None, [1], [0], [1], False, [0], 1),
        ),
        (aten.cat.default, ([PLAIN, MATRIX], 0)),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_to_the_kernel(kernel: Any, args: Any) -> None:
    assert quick_rules()[kernel](*on_meta(args)) is NotImplemented
