"""Patterns out of bug reports and of training code, each with verdicts, culprit and line."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from casebook import Made, Net, net, registrar
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.utils.checkpoint import checkpoint

CASES: list[dict[str, Any]] = []
case = registrar(CASES)


# Regions without gradient, as they hide


@case(enc=("cut", "no_grad"))
def a_decorator_of_ones_own_that_switches_gradient_off() -> Made:
    def quietly(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any) -> Any:
            with torch.no_grad():  # CUT
                return function(*args)

        return call

    class Quiet(Net):
        @quietly
        def encode(self, x: Any) -> Any:
            return self.enc(x)

        def forward(self, x: Any) -> Any:
            return self.dec(self.encode(x))

    return Quiet(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def a_context_manager_of_ones_own_that_switches_gradient_off() -> Made:
    @contextlib.contextmanager
    def frozen() -> Iterator[None]:
        with torch.no_grad():  # CUT
            yield

    class Quiet(Net):
        def forward(self, x: Any) -> Any:
            with frozen():
                h = self.enc(x)
            return self.dec(h)

    return Quiet(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def a_stack_of_contexts_with_no_grad_in_it() -> Made:
    class Tuned(Net):
        tunes_encoder = False

        def forward(self, x: Any) -> Any:
            with contextlib.ExitStack() as stack:
                if not self.tunes_encoder:
                    stack.enter_context(torch.no_grad())  # CUT
                h = self.enc(x)
            return self.dec(h)

    return Tuned(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def a_reentrant_checkpoint_of_a_dictionary() -> Made:
    class Saved(Net):
        def forward(self, x: Any) -> Any:
            state = {"hidden": self.enc(x)}
            run = functools.partial(checkpoint, use_reentrant=True)
            h = run(lambda given: given["hidden"].tanh(), state)  # CUT
            return self.dec(h)

    return Saved(), (torch.randn(3, 4),)


@case()
def a_checkpoint_that_is_not_reentrant_of_a_dictionary() -> Made:
    class Saved(Net):
        def forward(self, x: Any) -> Any:
            state = {"hidden": self.enc(x)}
            return self.dec(
                checkpoint(lambda given: given["hidden"].tanh(), state, use_reentrant=False)
            )

    return Saved(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def quantization_in_a_decorated_method_without_straight_through() -> Made:
    class Quantized(Net):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("codes", torch.randn(5, 4))

        @torch.no_grad()  # CUT
        def nearest(self, h: Any) -> Any:
            return self.codes[torch.cdist(h, self.codes).argmin(-1)]

        def forward(self, x: Any) -> Any:
            return self.dec(self.nearest(self.enc(x)))

    return Quantized(), (torch.randn(3, 4),)


@case()
def assignments_without_gradient_as_targets() -> Made:
    class Swapped(Net):
        @torch.no_grad()
        def assign(self, scores: Any) -> Any:
            q = (scores / 0.05).exp().T
            for _ in range(3):
                q = q / q.sum(1, keepdim=True)
                q = q / q.sum(0, keepdim=True)
            return q.T

        def forward(self, x: Any) -> Any:
            scores = super().forward(x)
            return -(self.assign(scores) * scores.log_softmax(-1)).sum(-1).mean()

    return Swapped(), (torch.randn(3, 4),)


# Straight through, and past it


@case(enc=("zero", "zero"))
def straight_through_with_its_sides_swapped() -> Made:
    def between(h: Any) -> Any:
        q = torch.round(h)  # CUT
        return q + (h - q).detach()

    return net(between)


@case(w=("zero", "zero"))
def binary_weights_without_straight_through() -> Made:
    class Binary(Net):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(4, 4))

        def forward(self, x: Any) -> Any:
            w = self.w.sign() * self.w.detach().abs().mean()  # CUT
            return self.dec(F.linear(self.enc(x), w))

    return Binary(), (torch.randn(3, 4),)


class Spike(torch.autograd.Function):
    """A step with the derivative of a sigmoid."""

    @staticmethod
    def forward(ctx: Any, v: Any) -> Any:
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (v,) = ctx.saved_tensors
        s = (4 * v).sigmoid()
        return grad * 4 * s * (1 - s)


def spiking(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def between(h: Any) -> Any:
        v = torch.zeros_like(h)
        spikes = []
        for _ in range(4):
            v = 0.9 * v + h
            s = step(v - 1)
            v = v * (1 - s.detach())
            spikes.append(s)
        return torch.stack(spikes).mean(0)

    return between


@case()
def spikes_with_a_surrogate_gradient() -> Made:
    return net(spiking(Spike.apply))


@case(enc=("cut", "compare"))
def spikes_without_a_surrogate_gradient() -> Made:
    return net(spiking(lambda v: (v > 0).float()))  # CUT


@case(score=("cut", "nondiff"))
def graph_nodes_pooled_by_a_score_that_is_not_used_again() -> Made:
    class Pool(Net):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            _, kept = self.score(h).squeeze(-1).topk(2)  # CUT
            return self.dec(h[kept])

    return Pool(), (torch.randn(5, 4),)


@case()
def graph_nodes_pooled_and_weighted_by_their_score() -> Made:
    class Pool(Net):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            score = self.score(h).squeeze(-1)
            kept = score.topk(2).indices
            return self.dec(h[kept] * score[kept].tanh()[:, None])

    return Pool(), (torch.randn(5, 4),)


@case(enc=("cut", "nondiff"))
def tokens_drawn_from_a_softmax() -> Made:
    class Drawn(Net):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(4, 4)

        def forward(self, x: Any) -> Any:
            token = torch.multinomial(self.enc(x).softmax(-1), 1).squeeze(-1)  # CUT
            return self.dec(self.words(token))

    return Drawn(), (torch.randn(3, 4),)


@case()
def decoding_that_feeds_its_best_token_back() -> Made:
    class Decoder(Net):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(4, 4)

        def forward(self, x: Any) -> Any:
            h, token, logits = self.enc(x), torch.zeros(3, dtype=torch.long), []
            for _ in range(3):
                h = (h + self.words(token)).tanh()
                logits.append(self.dec(h))
                token = logits[-1].argmax(-1)
            return torch.stack(logits)

    return Decoder(), (torch.randn(3, 4),)


# Out of torch and back


@case(log_scale=("cut", "leave"))
def a_scale_through_the_math_module() -> Made:
    class Scaled(Net):
        def __init__(self) -> None:
            super().__init__()
            self.log_scale = nn.Parameter(torch.tensor(0.3))

        def forward(self, x: Any) -> Any:
            scale = math.exp(self.log_scale)  # CUT
            return super().forward(x) * scale

    return Scaled(), (torch.randn(3, 4),)


@case(enc=("cut", "rewrap|leave"))
def statistics_in_a_legacy_constructor() -> Made:
    def between(h: Any) -> Any:
        both = torch.FloatTensor([h.mean(), h.std(), h.min(), h.max()])  # CUT
        return both.expand(3, 4)

    return net(between)


@case(enc=("cut", "detach|leave"))
def through_dlpack() -> Made:
    return net(lambda h: torch.from_dlpack(h.detach()) * 2)  # CUT


@case()
def rows_worked_on_in_threads() -> Made:
    def between(h: Any) -> Any:
        with ThreadPoolExecutor(2) as pool:
            return torch.stack(list(pool.map(torch.tanh, h)))

    return net(between)


@case()
def the_largest_by_python() -> Made:
    return net(lambda h: h * max(h.flatten()) + sum(h) + min(h[0], key=lambda v: v.item()))


@case(enc=("cut", "data"))
def a_buffer_filled_from_data() -> Made:
    def between(h: Any) -> Any:
        out = torch.empty(3, 4)
        out[:] = h.data  # CUT
        return out

    return net(between)


@case()
def buffers_filled_by_copy_and_by_slices() -> Made:
    def between(h: Any) -> Any:
        out = torch.empty_like(h).copy_(h)
        more = h.new_zeros(3, 6)
        more[:, 1:5] = out
        more.narrow(1, 0, 1).add_(h[:, :1])
        return more[:, :4]

    return net(between)


# Gradients of gradients


@case(enc=("cut", "create_graph|detach"))
def a_jacobian_without_a_graph() -> Made:
    class Smooth(Net):
        def forward(self, x: Any) -> Any:
            slopes = torch.autograd.functional.jacobian(lambda v: self.enc(v).tanh(), x)  # CUT
            return self.dec(slopes.sum((0, 2)))

    return Smooth(), (torch.randn(3, 4),)


@case(enc__weight="ok", enc__bias="ok")
def a_jacobian_with_a_graph() -> Made:
    class Smooth(Net):
        def forward(self, x: Any) -> Any:
            slopes = torch.autograd.functional.jacobian(
                lambda v: self.enc(v).tanh(), x, create_graph=True
            )
            return self.dec(slopes.sum((0, 2)))

    return Smooth(), (torch.randn(3, 4),)


@case()
def the_slope_that_a_differentiable_backward_left_on_the_input() -> Made:
    class Slope(Net):
        def forward(self, x: Any) -> Any:
            x = x.clone().requires_grad_()
            self.enc(x).tanh().sum().backward(create_graph=True, inputs=[x])
            return self.dec(x.grad)

    return Slope(), (torch.randn(3, 4),)


@case(enc=("cut", "create_graph"))
def the_slope_that_backward_left_on_the_input() -> Made:
    class Slope(Net):
        def forward(self, x: Any) -> Any:
            x = x.clone().requires_grad_()
            self.enc(x).tanh().sum().backward()  # CUT
            return self.dec(x.grad)

    return Slope(), (torch.randn(3, 4),)


# Custom functions and hooks


class Silent(torch.autograd.Function):
    """Hands back zeros."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return torch.zeros_like(grad)


@case(enc=("zero-here|zero|none-grad", "zero-here|custom|zero"))
def a_function_whose_backward_returns_zeros() -> Made:
    return net(lambda h: Silent.apply(h))  # CUT


class Centred(torch.autograd.Function):
    """Works on bare values in forward, as such functions do."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.data - x.detach().mean()
        return torch.from_numpy(y.numpy().copy())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        return grad - grad.mean()


@case()
def a_function_that_leaves_torch_inside() -> Made:
    return net(Centred.apply)


@case(all="zero-here|none-grad")
def a_module_hook_that_zeroes_gradient() -> Made:
    model = Net()
    model.enc.register_full_backward_hook(
        lambda module, given, got: tuple(torch.zeros_like(g) for g in given if g is not None)
    )
    model.dec.register_full_backward_pre_hook(lambda module, got: (got[0] * 0,))
    return model, (torch.randn(3, 4),)


@case()
def saved_tensors_packed_by_hooks() -> Made:
    def between(h: Any) -> Any:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(force=True), torch.tensor):
            return (h * h).tanh().exp()

    return net(between)


@case()
def saved_tensors_kept_elsewhere() -> Made:
    def between(h: Any) -> Any:
        with torch.autograd.graph.save_on_cpu():
            return (h * h).tanh()

    return net(between)


@case(enc=("cut", "detach|nondiff|nograd-formula"))
def a_stop_inside_a_scripted_function() -> Made:
    @torch.jit.script
    def stopped(h: torch.Tensor) -> torch.Tensor:
        return h.detach() * 2

    return net(lambda h: stopped(h))  # CUT


# Parameters that are not what they seem


@case(w=("cut", "data"))
def a_weight_given_to_a_function_by_its_data() -> Made:
    class Bare(Net):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(4, 4))

        def forward(self, x: Any) -> Any:
            return self.dec(F.linear(self.enc(x), self.w.data))  # CUT

    return Bare(), (torch.randn(3, 4),)


@case(A=("cut", "data"), B=("cut", "data"))
def an_adapter_added_to_the_weight_by_its_data() -> Made:
    class Lora(Net):
        def __init__(self) -> None:
            super().__init__()
            self.A, self.B = nn.Parameter(torch.randn(2, 4)), nn.Parameter(torch.randn(4, 2))

        def forward(self, x: Any) -> Any:
            w = self.dec.weight + (self.B @ self.A).data  # CUT
            return F.linear(self.enc(x), w, self.dec.bias)

    return Lora(), (torch.randn(3, 4),)


@case(inner=("cut", "detach"))
def a_functional_call_with_detached_weights() -> Made:
    class Fast(Net):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            weights = {
                name: p.detach()  # CUT
                for name, p in self.inner.named_parameters()
            }
            return self.dec(torch.func.functional_call(self.inner, weights, (self.enc(x),)))

    return Fast(), (torch.randn(3, 4),)


@case(prompts=("cut", "data"))
def a_list_of_parameters_stacked_by_their_data() -> Made:
    class Prompted(Net):
        def __init__(self) -> None:
            super().__init__()
            self.prompts = nn.ParameterList([torch.randn(4) for _ in range(3)])

        def forward(self, x: Any) -> Any:
            prompts = torch.stack([p.data for p in self.prompts])  # CUT
            return self.dec(self.enc(x) + prompts)

    return Prompted(), (torch.randn(3, 4),)


@case(bias="unused|no-effect")
def a_parameter_read_for_its_size_alone() -> Made:
    class Sized(Net):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.randn(4))

        def forward(self, x: Any) -> Any:
            return super().forward(x) + torch.zeros_like(self.bias)

    return Sized(), (torch.randn(3, 4),)


@case(enc="frozen|cut")
def a_part_frozen_by_its_own_forward() -> Made:
    class Freezing(Net):
        def forward(self, x: Any) -> Any:
            for p in self.enc.parameters():
                p.requires_grad = False
            return super().forward(x)

    return Freezing(), (torch.randn(3, 4),)


@case(levels__3="no-effect")
def a_pyramid_whose_last_level_is_dropped() -> Made:
    class Pyramid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.levels = nn.ModuleList(nn.Linear(4, 4) for _ in range(4))

        def forward(self, x: Any) -> Any:
            features = [level(x * (2 + n)) for n, level in enumerate(self.levels)]
            return torch.cat(features[:3])

    return Pyramid(), (torch.randn(3, 4),)


@case(aux="no-effect")
def a_dictionary_of_losses_with_one_left_out() -> Made:
    class Heads(Net):
        def __init__(self) -> None:
            super().__init__()
            self.aux = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            return {"loss_main": self.dec(h).pow(2).mean(), "extra": self.aux(h).pow(2).mean()}

    def loss(losses: Any) -> Any:
        return sum(value for name, value in losses.items() if name.startswith("loss_"))

    return Heads(), (torch.randn(3, 4),), loss


@case(centers=("cut", "detach"))
def class_centers_that_are_detached() -> Made:
    class Center(Net):
        def __init__(self) -> None:
            super().__init__()
            self.centers = nn.Parameter(torch.randn(5, 4))

        def forward(self, x: Any, y: Any) -> Any:
            h = self.enc(x)
            spread = (h - self.centers[y].detach()).pow(2).sum()  # CUT
            return self.dec(h).sum() + spread

    return Center(), (torch.randn(3, 4), torch.tensor([0, 4, 2]))


@case()
def two_weights_over_one_memory() -> Made:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.head = nn.Embedding(6, 4), nn.Linear(4, 6, bias=False)
            self.head.weight.data = self.words.weight.data

        def forward(self, ids: Any) -> Any:
            return self.head(self.words(ids).tanh())

    return Tied(), (torch.tensor([[1, 2, 5]]),)


@case()
def an_embedding_with_sparse_gradients() -> Made:
    class Sparse(Net):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(6, 4, sparse=True)
            self.bags = nn.EmbeddingBag(6, 4, sparse=True)

        def forward(self, ids: Any) -> Any:
            return super().forward(self.words(ids).mean(1) + self.bags(ids))

    return Sparse(), (torch.tensor([[1, 2], [0, 5], [3, 3]]),)


@case(words=("zero-here", "zero-here"))
def an_embedding_of_nothing_but_padding() -> Made:
    class Padded(Net):
        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding(6, 4, padding_idx=0)

        def forward(self, ids: Any) -> Any:
            return super().forward(self.words(ids).mean(1) + 1)  # CUT

    return Padded(), (torch.zeros(3, 2, dtype=torch.long),)


@case()
def parameters_that_are_complex() -> Made:
    class Waves(Net):
        def __init__(self) -> None:
            super().__init__()
            self.filter = nn.Parameter(torch.randn(3, dtype=torch.cfloat))

        def forward(self, x: Any) -> Any:
            spectrum = torch.fft.rfft(self.enc(x)) * self.filter
            return self.dec(torch.fft.irfft(spectrum, n=4)) + torch.view_as_real(spectrum).sum()

    return Waves(), (torch.randn(3, 4),)


# Losses


@case(all=("zero", "zero"))
def a_loss_of_rounded_predictions() -> Made:
    def loss(y: Any) -> Any:
        return F.l1_loss(
            y.round(),  # CUT
            torch.ones(3, 4),
        )

    return net(lambda h: h, loss)


@case()
def the_hardest_samples_of_a_batch() -> Made:
    def loss(y: Any) -> Any:
        each = y.pow(2).mean(-1)
        kept = each[each > each.mean().item() * 0.5]
        return (kept * (kept > 0.01)).sum() / max(1, (each > 0).sum().item())

    return net(lambda h: h, loss)


@case()
def triplets_mined_by_distance() -> Made:
    def loss(y: Any) -> Any:
        apart = torch.cdist(y, y.detach()) + torch.eye(3) * 1e6
        return F.triplet_margin_loss(y, y[apart.argmin(1)], y[apart.argmax(0)], margin=9.0)

    return net(lambda h: h, loss)


@case(all=("cut", "detach"))
def a_policy_loss_of_detached_log_probabilities() -> Made:
    def loss(logits: Any) -> Any:
        policy = torch.distributions.Categorical(logits=logits)
        action = policy.sample()
        kept = policy.log_prob(action).detach()  # CUT
        return -(kept * torch.ones(3)).mean()

    return net(lambda h: h, loss)


@case()
def fine_samples_placed_by_detached_weights() -> Made:
    class Fields(Net):
        def forward(self, x: Any) -> Any:
            coarse = self.enc(x)
            weights = coarse.softmax(-1).detach()
            places = torch.searchsorted(weights.cumsum(-1), torch.rand(3, 4)).clamp(max=3)
            return self.dec(torch.gather(x, 1, places)).pow(2).mean() + coarse.pow(2).mean()

    return Fields(), (torch.randn(3, 4),)


@case(dec__bias="ok", all=("nonfinite", "nonfinite"))
def attention_with_every_key_masked() -> Made:
    class Masked(Net):
        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            scores = (h @ h.T).masked_fill(torch.ones(3, 3, dtype=torch.bool), -math.inf)  # CUT
            return self.dec(scores.softmax(-1) @ h)  # CUT

    return Masked(), (torch.randn(3, 4),)


@case(enc=("zero-here", "zero-here"))
def everything_dropped() -> Made:
    return net(lambda h: F.dropout(h, p=1.0) + 1)  # CUT


@case()
def a_spatial_transformer() -> Made:
    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.place, self.paint = nn.Linear(16, 6), nn.Conv2d(1, 2, 3, padding=1)

        def forward(self, image: Any) -> Any:
            theta = self.place(image.flatten(1)).view(-1, 2, 3)
            grid = F.affine_grid(theta, [2, 1, 4, 4], align_corners=False)
            return self.paint(F.grid_sample(image, grid, align_corners=False))

    return Transformer(), (torch.randn(2, 1, 4, 4),)
