"""Bugs and legitimate patterns as people write them, each with verdicts, culprit and line."""

from __future__ import annotations

import copy
import functools
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from casebook import Made, Net, net, registrar
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name
from torch.utils.checkpoint import checkpoint

CASES: list[dict[str, Any]] = []
case = registrar(CASES)


# Losses of one's own


@case(enc=("cut", "nondiff"), dec=("cut", "nondiff"))
def a_rank_correlation_as_loss() -> Made:
    def loss(y: Any) -> Any:
        ranks = y[:, 0].argsort().argsort().float()  # CUT
        return (ranks - torch.arange(3.0)).pow(2).mean()

    return net(lambda h: h, loss)


@case(enc=("cut", "nondiff"), dec=("cut", "nondiff"))
def the_share_of_hits_as_loss() -> Made:
    def loss(y: Any) -> Any:
        hits = (
            y.argmax(-1)  # CUT
            == torch.tensor([0, 1, 2])
        )
        return 1 - hits.float().mean()

    made = net(lambda h: h, loss)

    return made


@case(enc=("cut", "rewrap"), dec=("cut", "rewrap"))
def a_sum_of_terms_wrapped_anew() -> Made:
    def loss(y: Any) -> Any:
        terms = [row.pow(2).mean() for row in y]
        return torch.tensor(terms, requires_grad=True).sum()  # CUT

    return net(lambda h: h, loss)


@case(enc=("cut", "leave"), dec=("cut", "leave"))
def a_loss_summed_up_by_python_floats() -> Made:
    def loss(y: Any) -> Any:
        total = 0.0
        for row in y:
            total += row.pow(2).sum().item()  # CUT
        return torch.tensor(total, requires_grad=True)

    return net(lambda h: h, loss)


@case()
def a_focal_loss_with_detached_weights() -> Made:
    def loss(y: Any) -> Any:
        p = y.softmax(-1)[:, 0]
        return -((1 - p.detach()) ** 2 * p.log()).mean()

    return net(lambda h: h, loss)


@case(enc=("cut", "numpy|leave"), dec=("cut", "numpy|leave"))
def a_metric_of_another_library_as_loss() -> Made:
    def loss(y: Any) -> Any:
        import numpy as np

        values = y.detach().numpy()  # CUT
        return torch.as_tensor(np.abs(values).mean()).requires_grad_()

    return net(lambda h: h, loss)


@case(log_sigma="ok")
def uncertainty_weights_of_several_terms() -> Made:
    class Weighted(Net):
        def __init__(self) -> None:
            super().__init__()
            self.log_sigma = nn.Parameter(torch.zeros(2))

        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            terms = torch.stack([y.pow(2).mean(), y.abs().mean()])
            return (terms * (-self.log_sigma).exp() + self.log_sigma).sum()

    return Weighted(), (torch.randn(3, 4),)


@case(log_sigma=("cut", "data"))
def uncertainty_weights_read_through_data() -> Made:
    class Weighted(Net):
        def __init__(self) -> None:
            super().__init__()
            self.log_sigma = nn.Parameter(torch.zeros(2))

        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            terms = torch.stack([y.pow(2).mean(), y.abs().mean()])
            return (terms * (-self.log_sigma.data).exp()).sum()  # CUT

    return Weighted(), (torch.randn(3, 4),)


# Adversaries, teachers, contrasts


class Adversary(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.G = nn.Linear(4, 4)
        self.D = nn.Linear(4, 1)


@case(G=("cut", "detach"), D__bias="zero-here")
def a_discriminator_step() -> Made:
    class Step(Adversary):
        def forward(self, z: Any) -> Any:
            fake = self.G(z).detach()  # CUT
            return self.D(fake).mean() - self.D(torch.ones_like(fake)).mean()

    return Step(), (torch.randn(3, 4),)


@case(G=("cut", "no_grad"))
def a_generator_run_without_gradient() -> Made:
    class Step(Adversary):
        def forward(self, z: Any) -> Any:
            with torch.no_grad():  # CUT
                fake = self.G(z)
            return F.softplus(self.D(fake)).mean()

    return Step(), (torch.randn(3, 4),)


@case()
def a_generator_step_through_the_discriminator() -> Made:
    class Step(Adversary):
        def forward(self, z: Any) -> Any:
            return F.softplus(-self.D(self.G(z))).mean()

    return Step(), (torch.randn(3, 4),)


@case(D__bias="ok|zero-here|none-grad|unused|cut|no-effect")
def a_gradient_penalty_with_a_graph() -> Made:
    class Step(Adversary):
        def forward(self, z: Any) -> Any:
            fake = self.G(z)
            score = self.D(torch.tanh(fake)).sum()
            (slope,) = torch.autograd.grad(score, fake, create_graph=True)
            return score + (slope.norm(dim=1) - 1).pow(2).mean()

    return Step(), (torch.randn(3, 4),)


@case(all=("cut", "create_graph"))
def a_gradient_penalty_without_a_graph() -> Made:
    class Step(Adversary):
        def forward(self, z: Any) -> Any:
            fake = self.G(z)
            (slope,) = torch.autograd.grad(self.D(torch.tanh(fake)).sum(), fake)  # CUT
            return (slope.norm(dim=1) - 1).pow(2).mean()

    return Step(), (torch.randn(3, 4),)


@case(teacher="frozen")
def distillation_from_a_frozen_teacher() -> Made:
    class Distill(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.student, self.teacher = nn.Linear(4, 5), nn.Linear(4, 5)
            self.teacher.requires_grad_(False)

        def forward(self, x: Any) -> Any:
            wanted = self.teacher(x).softmax(-1)
            return F.kl_div(self.student(x).log_softmax(-1), wanted, reduction="batchmean")

    return Distill(), (torch.randn(3, 4),)


@case(student=("cut", "detach"))
def distillation_with_the_wrong_side_detached() -> Made:
    class Distill(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.student, self.mentor = nn.Linear(4, 5), nn.Linear(4, 5)

        def forward(self, x: Any) -> Any:
            given = self.student(x).detach()  # CUT
            return F.kl_div(given.log_softmax(-1), self.mentor(x).softmax(-1))

    return Distill(), (torch.randn(3, 4),)


@case()
def contrast_with_stopped_targets_on_both_sides() -> Made:
    class Contrast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.pred = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, one: Any, two: Any) -> Any:
            z, w = self.enc(one), self.enc(two)
            first = F.cosine_similarity(self.pred(z), w.detach()).mean()
            return -first - F.cosine_similarity(self.pred(w), z.detach()).mean()

    return Contrast(), (torch.randn(3, 4), torch.randn(3, 4))


@case(enc=("cut", "detach"))
def contrast_with_both_sides_stopped() -> Made:
    class Contrast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.pred = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, one: Any, two: Any) -> Any:
            z = self.enc(one).detach()  # CUT
            w = self.enc(two).detach()  # CUT
            return -F.cosine_similarity(self.pred(z), w).mean()

    return Contrast(), (torch.randn(3, 4), torch.randn(3, 4))


@case(temperature="ok")
def a_clip_loss_with_its_temperature() -> Made:
    class Clip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image, self.text = nn.Linear(4, 4), nn.Linear(4, 4)
            self.temperature = nn.Parameter(torch.tensor(0.5))

        def forward(self, a: Any, b: Any) -> Any:
            one, two = F.normalize(self.image(a), dim=-1), F.normalize(self.text(b), dim=-1)
            logits = self.temperature.exp().clamp(max=100) * one @ two.T
            return F.cross_entropy(logits, torch.arange(3))

    return Clip(), (torch.randn(3, 4), torch.randn(3, 4))


@case(temperature=("cut", "leave"))
def a_clip_loss_with_its_temperature_read_out() -> Made:
    class Clip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image, self.text = nn.Linear(4, 4), nn.Linear(4, 4)
            self.temperature = nn.Parameter(torch.tensor(0.5))

        def forward(self, a: Any, b: Any) -> Any:
            one, two = self.image(a), self.text(b)
            scale = float(self.temperature)  # CUT
            return F.cross_entropy(scale * one @ two.T, torch.arange(3))

    return Clip(), (torch.randn(3, 4), torch.randn(3, 4))


@case(momentum_encoder=("cut", "no_grad"))
def a_momentum_encoder_that_asks_for_gradient() -> Made:
    class Moco(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(4, 4)
            self.momentum_encoder = copy.deepcopy(self.encoder)

        def forward(self, q: Any, k: Any) -> Any:
            with torch.no_grad():  # CUT
                for slow, fast in zip(
                    self.momentum_encoder.parameters(), self.encoder.parameters(), strict=True
                ):
                    slow.mul_(0.99).add_(fast, alpha=0.01)
                keys = self.momentum_encoder(k)
            return (self.encoder(q) * keys).sum()

    return Moco(), (torch.randn(3, 4), torch.randn(3, 4))


# Discrete middles


@case()
def vector_quantization_with_all_its_losses() -> Made:
    class Vq(Net):
        def __init__(self) -> None:
            super().__init__()
            self.codes = nn.Embedding(8, 4)

        def forward(self, x: Any) -> Any:
            z = self.enc(x)
            q = self.codes(torch.cdist(z, self.codes.weight).argmin(-1))
            loss = (q - z.detach()).pow(2).mean() + 0.25 * (q.detach() - z).pow(2).mean()
            return self.dec(z + (q - z).detach()).pow(2).mean() + loss

    return Vq(), (torch.randn(3, 4),)


@case(enc=("cut", "nondiff"))
def vector_quantization_without_straight_through() -> Made:
    class Vq(Net):
        def __init__(self) -> None:
            super().__init__()
            self.codes = nn.Embedding(8, 4)

        def forward(self, x: Any) -> Any:
            z = self.enc(x)
            index = torch.cdist(z, self.codes.weight).argmin(-1)  # CUT
            return self.dec(self.codes(index))

    return Vq(), (torch.randn(3, 4),)


@case(enc="ok", codes=("cut", "detach"))
def vector_quantization_without_a_loss_of_the_codes() -> Made:
    class Vq(Net):
        def __init__(self) -> None:
            super().__init__()
            self.codes = nn.Embedding(8, 4)

        def forward(self, x: Any) -> Any:
            z = self.enc(x)
            q = self.codes(torch.cdist(z, self.codes.weight).argmin(-1))
            q = z + (q - z).detach()  # CUT
            return self.dec(q)

    return Vq(), (torch.randn(3, 4),)


@case()
def gumbel_softmax_hard() -> Made:
    return net(lambda h: F.gumbel_softmax(h, tau=0.7, hard=True))


@case(enc=("cut", "nondiff"))
def the_largest_as_one_hot_rows_of_an_identity() -> Made:
    return net(lambda h: torch.eye(4)[h.softmax(-1).argmax(-1)])  # CUT


@case(enc=("zero|cut", "zero|no_grad|nondiff"))
def a_bernoulli_mask_drawn_from_a_probability() -> Made:
    return net(lambda h: torch.bernoulli(h.sigmoid()))  # CUT


@case()
def a_relaxed_bernoulli() -> Made:
    return net(
        lambda h: torch.distributions.RelaxedBernoulli(torch.tensor(0.5), logits=h).rsample()
    )


@case(enc=("cut", "nondiff"))
def the_best_positions_without_their_values() -> Made:
    def between(h: Any) -> Any:
        chosen = h.topk(2, dim=-1).indices  # CUT
        return torch.zeros_like(h).scatter(-1, chosen, 1.0)

    return net(between)


@case()
def the_best_values_with_their_positions() -> Made:
    def between(h: Any) -> Any:
        values, chosen = h.topk(2, dim=-1)
        return torch.zeros_like(h).scatter(-1, chosen, values)

    return net(between)


@case()
def a_sorted_sequence() -> Made:
    return net(lambda h: h.sort(-1).values)


@case(enc=("cut", "nondiff"))
def a_digitized_feature_looked_up() -> Made:
    class Buckets(Net):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(6, 4)

        def forward(self, x: Any) -> Any:
            edges = torch.linspace(-1, 1, 5)
            bucket = torch.searchsorted(edges, self.enc(x).mean(-1))  # CUT
            return self.dec(self.table(bucket))

    return Buckets(), (torch.randn(3, 4),)


@case(gate="ok")
def routing_by_the_best_expert_with_its_weight() -> Made:
    class Routed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(4, 3)
            self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            weight, index = self.gate(x).softmax(-1).topk(1)
            rows = [expert(x) for expert in self.experts]
            chosen = torch.stack(rows, 1)[torch.arange(len(x)), index[:, 0]]
            return chosen * weight

    torch.manual_seed(2)
    return Routed(), (torch.randn(64, 4),)


@case(gate=("cut", "nondiff"))
def routing_by_the_best_expert_without_its_weight() -> Made:
    class Routed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(4, 3)
            self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            _, index = self.gate(x).softmax(-1).max(-1)  # CUT
            rows = [expert(x) for expert in self.experts]
            return torch.stack(rows, 1)[torch.arange(len(x)), index]

    return Routed(), (torch.randn(64, 4),)


# Policies


@case()
def reinforce_with_a_reward() -> Made:
    class Policy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            chosen = torch.distributions.Categorical(logits=self.policy(x))
            action = chosen.sample()
            return -(chosen.log_prob(action) * (action.float() + 1)).mean()

    return Policy(), (torch.randn(5, 4),)


@case(policy=("cut", "nondiff|no_grad"))
def a_reward_of_sampled_actions_alone() -> Made:
    class Policy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy, self.value = nn.Linear(4, 3), nn.Linear(1, 1)

        def forward(self, x: Any) -> Any:
            action = torch.distributions.Categorical(logits=self.policy(x)).sample()  # CUT
            return self.value(action.float()[:, None]).mean()

    return Policy(), (torch.randn(5, 4),)


@case(policy="ok")
def a_clipped_objective_with_old_log_probabilities() -> Made:
    class Policy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy = nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            chosen = torch.distributions.Categorical(logits=self.policy(x))
            action = chosen.sample()
            new = chosen.log_prob(action)
            ratio = (new - new.detach()).exp()
            gain = torch.linspace(-1, 1, 5)
            return -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()

    return Policy(), (torch.randn(5, 4),)


@case(critic=("cut", "no_grad"))
def a_bootstrapped_target_that_never_trains_its_critic() -> Made:
    class Actor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.actor, self.critic = nn.Linear(4, 3), nn.Linear(4, 1)

        @torch.no_grad()  # CUT
        def advantage(self, x: Any) -> Any:
            return 1.0 - self.critic(x)

        def forward(self, x: Any) -> Any:
            return (self.actor(x).log_softmax(-1) * self.advantage(x)).mean()

    return Actor(), (torch.randn(5, 4),)


# Shapes and tensors of other kinds


@case()
def views_and_permutations_as_einops_does_them() -> Made:
    def between(h: Any) -> Any:
        h = h.reshape(3, 2, 2).permute(0, 2, 1).flatten(1)
        return torch.einsum("bi,ij->bj", h, torch.eye(4)).unflatten(1, (2, 2)).reshape(3, -1)

    return net(between)


@case()
def a_sparse_adjacency_in_the_middle() -> Made:
    graph = torch.eye(3).to_sparse()
    return net(lambda h: torch.sparse.mm(graph, h))


@case()
def a_spectrum_and_back() -> Made:
    return net(lambda h: torch.fft.irfft(torch.fft.rfft(h) * 1j, n=4))


@case(enc=("cut", "cast|nondiff"))
def a_complex_number_kept_as_its_integer_part() -> Made:
    return net(lambda h: torch.complex(h, h).real.to(torch.int16).float())  # CUT


@case()
def the_phase_of_a_complex_number() -> Made:
    return net(lambda h: torch.complex(h, h + 1).angle())


@case()
def per_sample_work_under_vmap() -> Made:
    class Mapped(Net):
        def forward(self, x: Any) -> Any:
            row = torch.vmap(lambda r: r * torch.tanh(self.dec.bias))
            return self.dec(row(self.enc(x)))

    return Mapped(), (torch.randn(3, 4),)


@case(dec__bias=("cut", "detach"))
def a_closure_of_vmap_over_a_detached_parameter() -> Made:
    class Mapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.dec = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            shift = self.dec.bias.detach()  # CUT
            return torch.vmap(lambda r: F.linear(r, self.dec.weight, shift))(self.enc(x))

    return Mapped(), (torch.randn(3, 4),)


@case(main__weight="unused")
def a_functional_call_with_generated_weights() -> Made:
    class Hyper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hyper = nn.Linear(4, 16)
            self.main = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            weight = self.hyper(x).mean(0).view(4, 4)
            return torch.func.functional_call(self.main, {"weight": weight}, (x,))

    return Hyper(), (torch.randn(3, 4),)


@case()
def a_jacobian_of_torch_func() -> Made:
    class Smooth(Net):
        def forward(self, x: Any) -> Any:
            slope = torch.func.vmap(torch.func.jacrev(lambda r: torch.tanh(self.enc(r))))(x)
            return self.dec(self.enc(x)).sum() + slope.pow(2).sum()

    return Smooth(), (torch.randn(3, 4),)


# Memory, precision, compilation


@case()
def checkpoints_of_either_kind() -> Made:
    class Saved(Net):
        def forward(self, x: Any) -> Any:
            h = checkpoint(self.enc, x.requires_grad_(), use_reentrant=True)
            return checkpoint(self.dec, h, use_reentrant=False)

    return Saved(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad"))
def a_reentrant_checkpoint_of_an_input_without_gradient() -> Made:
    class Saved(Net):
        def forward(self, x: Any) -> Any:
            h = checkpoint(self.enc, x, use_reentrant=True)  # CUT
            return self.dec(h)

    return Saved(), (torch.randn(3, 4),)


@case()
def mixed_precision_with_a_scaled_loss() -> Made:
    class Mixed(Net):
        def forward(self, x: Any) -> Any:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                y = super().forward(x)
            return y.float().pow(2).mean() * 1024

    return Mixed(), (torch.randn(3, 4),)


@case()
def a_scripted_part() -> Made:
    @torch.jit.script
    def squashed(h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(h) * 2

    return net(squashed)


@case(enc=("cut", "inference_mode"))
def a_cache_filled_in_inference_mode() -> Made:
    class Cached(Net):
        @torch.inference_mode()  # CUT
        def keys(self, x: Any) -> Any:
            return self.enc(x)

        def forward(self, x: Any) -> Any:
            return self.dec(self.keys(x).clone())

    return Cached(), (torch.randn(3, 4),)


# Weights that are made


@case()
def weight_norm_and_spectral_norm() -> Made:
    model = Net()
    nn.utils.parametrizations.weight_norm(model.enc)
    nn.utils.parametrizations.spectral_norm(model.dec)
    return model, (torch.randn(3, 4),)


@case()
def a_symmetric_parametrization() -> Made:
    class Symmetric(nn.Module):
        def forward(self, w: Any) -> Any:
            return w.triu() + w.triu(1).mT

    model = Net()
    nn.utils.parametrize.register_parametrization(model.enc, "weight", Symmetric())
    return model, (torch.randn(3, 4),)


@case(enc__parametrizations__weight__original=("zero", "zero"))
def a_parametrization_that_rounds() -> Made:
    class Rounded(nn.Module):
        def forward(self, w: Any) -> Any:
            return (w * 8).round() / 8  # CUT

    model = Net()
    nn.utils.parametrize.register_parametrization(model.enc, "weight", Rounded())
    return model, (torch.randn(3, 4),)


@case(base="frozen")
def a_low_rank_adapter_at_its_start() -> Made:
    class Lora(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = nn.Linear(4, 4).requires_grad_(False)
            self.A = nn.Parameter(torch.randn(2, 4))
            self.B = nn.Parameter(torch.zeros(4, 2))

        def forward(self, x: Any) -> Any:
            return self.base(x) + x @ self.A.T @ self.B.T

    return Lora(), (torch.randn(3, 4),)


@case(A=("cut", "no_grad"), B=("cut", "no_grad"), base="ok")
def a_low_rank_adapter_merged_without_gradient() -> Made:
    class Lora(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = nn.Linear(4, 4)
            self.A = nn.Parameter(torch.randn(2, 4))
            self.B = nn.Parameter(torch.randn(4, 2))

        def forward(self, x: Any) -> Any:
            with torch.no_grad():  # CUT
                delta = self.B @ self.A
            return F.linear(x, self.base.weight + delta, self.base.bias)

    return Lora(), (torch.randn(3, 4),)


@case()
def fake_quantization_for_training() -> Made:
    def between(h: Any) -> Any:
        return torch.fake_quantize_per_tensor_affine(h, 0.1, 0, -128, 127)

    return net(between)


@case(scale="ok")
def a_learned_step_size_with_straight_through_rounding() -> Made:
    class Lsq(Net):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(0.13))

        def forward(self, x: Any) -> Any:
            h = self.enc(x) / self.scale
            h = h + (h.round() - h).detach()
            return self.dec(h * self.scale)

    return Lsq(), (torch.randn(3, 4),)


@case(enc=("zero", "zero"))
def a_learned_step_size_with_plain_rounding() -> Made:
    class Lsq(Net):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(0.13))

        def forward(self, x: Any) -> Any:
            h = self.enc(x) / self.scale
            h = torch.clamp(
                torch.round(h),  # CUT
                -8,
                7,
            )
            return self.dec(h * self.scale)

    return Lsq(), (torch.randn(3, 4),)


# Hooks, decorators, closures


@case(enc=("cut", "detach"))
def a_forward_hook_that_detaches() -> Made:
    model = Net()
    model.enc.register_forward_hook(lambda module, given, made: made.detach())  # CUT
    return model, (torch.randn(3, 4),)


@case(enc=("cut", "data"))
def a_pre_hook_that_takes_the_data() -> Made:
    model = Net()

    def plain(module: Any, given: Any) -> Any:
        return (given[0].data,)  # CUT

    model.dec.register_forward_pre_hook(plain)
    return model, (torch.randn(3, 4),)


def as_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return torch.tensor(function(*args, **kwargs).tolist())  # NUMBERS

    return inner


@case(enc=("cut", "leave|rewrap"))
def a_decorator_that_leaves_torch() -> Made:
    class Wrapped(Net):
        @as_numbers
        def encoded(self, x: Any) -> Any:
            return self.enc(x)

        def forward(self, x: Any) -> Any:
            return self.dec(self.encoded(x))

    return Wrapped(), (torch.randn(3, 4),)


@case(enc=("cut", "leave"))
def numbers_out_of_a_comprehension() -> Made:
    def between(h: Any) -> Any:
        return torch.stack([torch.full((4,), float(v)) for v in h.mean(-1)])  # CUT

    return net(between)


@case(enc=("cut", "detach"))
def a_chain_over_several_lines() -> Made:
    def between(h: Any) -> Any:
        return (
            h.relu()
            .mul(2)
            .detach()  # CUT
            .add(1)
        )

    return net(between)


@case()
def outputs_in_a_dataclass_with_predictions() -> Made:
    @dataclass
    class Out:
        logits: Any
        predictions: Any
        hidden: Any

    class Told(Net):
        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            y = self.dec(h)
            return Out(y, y.argmax(-1), h.detach())

    return Told(), (torch.randn(3, 4),)


@case()
def outputs_in_a_named_tuple() -> Made:
    out = namedtuple("Out", "mean spread")

    class Told(Net):
        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            return out(y.mean(), y.std())

    return Told(), (torch.randn(3, 4),)


@case()
def modules_in_modules_called_by_index() -> Made:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleDict(
                {"a": nn.ModuleList([nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh())])}
            )

        def forward(self, x: Any) -> Any:
            return self.blocks["a"][1](self.blocks["a"][0](x))

    return Deep(), (torch.randn(3, 4),)


@case(a__inner__enc=("cut", "detach"))
def a_cut_deep_inside_modules() -> Made:
    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.post = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.post(self.enc(x).detach())  # CUT

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self, x: Any) -> Any:
            return torch.relu(self.inner(x))

    return nn.Sequential(dict_of(a=Outer(), b=nn.Linear(4, 2))), (torch.randn(3, 4),)


def dict_of(**modules: nn.Module) -> Any:
    from collections import OrderedDict

    return OrderedDict(modules)


# Writes


@case()
def statistics_kept_without_gradient() -> Made:
    class Kept(Net):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.zeros(4))
            self.register_buffer("count", torch.zeros((), dtype=torch.long))

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            with torch.no_grad():
                self.mean.lerp_(h.mean(0), 0.1)
                self.count += 1
            return self.dec(h - self.mean)

    return Kept(), (torch.randn(3, 4),)


@case(enc=("cut", "no_grad|data-write"))
def a_buffer_filled_without_gradient_and_used() -> Made:
    class Kept(Net):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("memory", torch.zeros(3, 4))

        def forward(self, x: Any) -> Any:
            with torch.no_grad():  # CUT
                self.memory.copy_(self.enc(x))
            return self.dec(self.memory * 2)

    return Kept(), (torch.randn(3, 4),)


@case()
def rows_written_by_index_and_mask() -> Made:
    def between(h: Any) -> Any:
        out = torch.zeros(3, 4)
        out[torch.tensor([0, 2])] = h[:2]
        out[torch.tensor([False, True, False])] = h[2]
        return out.index_put((torch.tensor([1]),), h[:1], accumulate=True)

    return net(between)


@case()
def sums_scattered_by_group() -> Made:
    return net(lambda h: torch.zeros(2, 4).index_add(0, torch.tensor([0, 1, 0]), h)[[0, 1, 0]])


@case(enc=("cut", "nondiff|leave"))
def groups_counted_by_predicted_class() -> Made:
    def between(h: Any) -> Any:
        groups = h.argmax(-1)  # CUT
        return F.one_hot(groups, 4).float().cumsum(0)

    return net(between)


@case()
def an_embedding_with_a_largest_norm() -> Made:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.head = nn.Embedding(9, 4, max_norm=1.0), nn.Linear(4, 2)

        def forward(self, ids: Any) -> Any:
            return self.head(self.table(ids))

    return Words(), (torch.tensor([[1, 2, 3]]),)


# Flat places


@case(enc=("cut", "compare"))
def where_between_two_constants() -> Made:
    def between(h: Any) -> Any:
        positive = h > 0  # CUT
        return torch.where(positive, 1.0, -1.0).expand(3, 4)

    return net(between)


@case(enc=("zero", "zero"))
def the_sign_of_the_hidden() -> Made:
    return net(lambda h: h.sign())  # CUT


@case(enc=("zero", "zero"))
def hidden_values_cut_to_whole_numbers() -> Made:
    return net(lambda h: torch.trunc(h * 3))  # CUT


@case(enc=("cut", "compare"))
def the_share_of_positive_units() -> Made:
    def between(h: Any) -> Any:
        return (h > 0).float().mean(-1, keepdim=True).expand(3, 4)  # CUT

    return net(between)


@case(enc=("zero-here", "zero-here"))
def a_saturated_hard_sigmoid() -> Made:
    return net(lambda h: F.hardsigmoid(h + 50))  # CUT


@case(enc=("zero-here", "zero-here"))
def a_relu_shifted_out_of_reach() -> Made:
    def between(h: Any) -> Any:
        return F.relu6(h - 100) + 1  # CUT

    return net(between)


@case(enc=("nonfinite", "nonfinite"), dec__weight="ok|zero-here")
def the_norm_of_nothing() -> Made:
    def between(h: Any) -> Any:
        return (h * 0).pow(2).sum(-1, keepdim=True).sqrt().expand(3, 4)  # CUT

    return net(between)


@case(enc=("nonfinite", "nonfinite"), dec__weight="ok|zero-here|nonfinite")
def a_logarithm_of_zero() -> Made:
    def between(h: Any) -> Any:
        return torch.xlogy(torch.zeros(3, 4), h * 0) + (h * 0).pow(0.5)  # CUT

    return net(between)


@case(enc="zero-here")
def distances_of_a_set_from_itself_scaled_away() -> Made:
    return net(lambda h: torch.cdist(h, h).diagonal()[:, None].expand(3, 4) + 1)


@case(enc="ok|zero-here", gain=("zero-here", "zero-here"))
def a_softmax_over_one_choice() -> Made:
    class Single(Net):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            weight = self.gain(x).softmax(-1)  # CUT
            return self.dec(self.enc(x) * weight)

    return Single(), (torch.randn(3, 4),)


# Parts that are not used


@case(spare=("unused"))
def a_layer_only_used_in_evaluation() -> Made:
    class Sometimes(Net):
        def __init__(self) -> None:
            super().__init__()
            self.spare = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            return y if self.training else self.spare(y)

    return Sometimes(), (torch.randn(3, 4),)


@case(aux="side")
def an_auxiliary_loss_kept_on_the_module() -> Made:
    class Aux(Net):
        def __init__(self) -> None:
            super().__init__()
            self.aux = nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            self.balance = self.aux(h).mean()
            return self.dec(h)

    return Aux(), (torch.randn(3, 4),)


@case(norm="no-effect|unused")
def a_result_that_is_computed_and_dropped() -> Made:
    class Dropped(Net):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(4)

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            self.norm(h)
            return self.dec(h)

    return Dropped(), (torch.randn(3, 4),)


@case(first="no-effect")
def one_output_of_two_in_the_loss() -> Made:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc, self.first, self.second = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            return {"first": self.first(h), "second": self.second(h)}

    return Two(), (torch.randn(3, 4),), lambda out: out["second"].sum()


# Functions of one's own


class Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.round()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        return gradient.clamp(-1, 1)


class Forgetful(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, scale: Any) -> Any:
        ctx.save_for_backward(scale)
        return x * scale

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        (scale,) = ctx.saved_tensors
        return gradient * scale, None


@case()
def a_function_with_a_straight_through_backward() -> Made:
    return net(Clipped.apply)


@case(scale=("none-grad", "custom"))
def a_function_that_forgets_one_input() -> Made:
    class Scaled(Net):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, x: Any) -> Any:
            return self.dec(Forgetful.apply(self.enc(x), self.scale))  # CUT

    return Scaled(), (torch.randn(3, 4),)


# More of the middle


@case(enc=("cut", "leave|leave-control"))
def a_list_that_is_sorted_by_python() -> Made:
    def between(h: Any) -> Any:
        order = sorted(range(3), key=lambda i: h[i, 0].item())  # CUT
        return torch.tensor(order, dtype=torch.float)[:, None].expand(3, 4)

    return net(between)


@case(k=("cut", "leave|leave-control"))
def a_learned_count_of_repetitions() -> Made:
    class Repeated(Net):
        def __init__(self) -> None:
            super().__init__()
            self.k = nn.Parameter(torch.tensor(2.4))

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            for _ in range(int(self.k)):  # CUT
                h = torch.tanh(h)
            return self.dec(h)

    return Repeated(), (torch.randn(3, 4),)


@case(threshold=("cut", "compare"))
def a_learned_threshold_of_a_mask() -> Made:
    class Masked(Net):
        def __init__(self) -> None:
            super().__init__()
            self.threshold = nn.Parameter(torch.tensor(0.1))

        def forward(self, x: Any) -> Any:
            h = self.enc(x)
            keep = h.abs().ge(self.threshold)  # CUT
            return self.dec(h.masked_fill(~keep, 0.0))

    return Masked(), (torch.randn(3, 4),)


@case()
def attention_with_masks_of_its_own_scores() -> Made:
    class Attended(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            scores = self.q(x) @ self.k(x).mT / 2
            floor = scores.topk(2, -1).values[..., -1:]
            scores = scores.masked_fill(scores < floor, float("-inf"))
            return scores.softmax(-1) @ self.v(x)

    return Attended(), (torch.randn(1, 5, 4),)


@case(enc=("cut", "nondiff"))
def a_hard_attention_by_the_best_score() -> Made:
    class Hard(Net):
        def forward(self, x: Any) -> Any:
            best = self.enc(x).mean(-1).argmax(0)  # CUT
            return self.dec(x[best])

    return Hard(), (torch.randn(5, 4),)


@case()
def recurrence_with_detached_state_between_chunks() -> Made:
    class Chunks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = nn.GRU(4, 4, batch_first=True), nn.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            state, total = None, 0.0
            for chunk in x.chunk(2, 1):
                y, state = self.cell(chunk, state)
                state = state.detach()
                total = total + self.head(y).pow(2).mean()
            return total

    return Chunks(), (torch.randn(2, 6, 4),)


@case(enc=("cut", "rewrap|leave"))
def rows_made_tensors_again_one_by_one() -> Made:
    def between(h: Any) -> Any:
        return torch.stack([torch.tensor(row.tolist()) for row in h])  # CUT

    return net(between)


@case(enc=("cut", "leave"))
def through_a_list_of_floats() -> Made:
    def between(h: Any) -> Any:
        rows = [[v.item() for v in row] for row in h]  # CUT
        return torch.FloatTensor(rows)

    return net(between)


@case(shift=("cut", "detach"))
def a_parameter_detached_by_a_property() -> Made:
    class Shifted(Net):
        def __init__(self) -> None:
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(4))

        @property
        def offset(self) -> Any:
            return self.shift.detach() * 2  # CUT

        def forward(self, x: Any) -> Any:
            return super().forward(x) + self.offset

    return Shifted(), (torch.randn(3, 4),)


@case()
def a_score_estimated_with_two_backward_passes() -> Made:
    class Energy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 8), nn.Softplus(), nn.Linear(8, 1, bias=False))

        def forward(self, x: Any) -> Any:
            x = x.clone().requires_grad_()
            force = torch.autograd.grad(self.net(x).sum(), x, create_graph=True)[0]
            return (force - 1).pow(2).mean()

    return Energy(), (torch.randn(3, 4),)


# Ways out of autograd that are seldom thought of


@case(enc=("cut", "detach|data"))
def weights_taken_from_a_state_dict() -> Made:
    class Shared(Net):
        def forward(self, x: Any) -> Any:
            weight = self.enc.state_dict()["weight"]  # CUT
            return self.dec(F.linear(x, weight))

    made = Shared()
    made.enc.bias = None
    return made, (torch.randn(3, 4),)


@case(enc=("cut", "leave|detach|data|rewrap"))
def through_the_array_protocol() -> Made:
    def between(h: Any) -> Any:
        import numpy as np

        values = np.asarray(h.detach())  # CUT
        return torch.from_numpy(values * 2)

    return net(between)


@case(enc=("cut", "leave|detach|data"))
def saved_and_loaded_again() -> Made:
    def between(h: Any) -> Any:
        import io

        memory = io.BytesIO()
        torch.save(h.detach(), memory)  # CUT
        memory.seek(0)
        return torch.load(memory)

    return net(between)


@case(enc=("cut", "detach"))
def detached_in_place() -> Made:
    def between(h: Any) -> Any:
        h = h * 2
        h.detach_()  # CUT
        return h + 1

    return net(between)


@case(enc=("cut", "no_grad"))
def gradient_switched_off_and_on_by_calls() -> Made:
    def between(h: Any) -> Any:
        torch.set_grad_enabled(False)  # CUT
        h = h * 2
        torch.set_grad_enabled(True)
        return h

    return net(between)


@case(enc=("cut", "no_grad"))
def a_lambda_wrapped_in_no_grad() -> Made:
    quiet = torch.no_grad()(lambda h: h * 2)  # CUT
    return net(lambda h: quiet(h))


@case(enc=("cut", "detach"))
def a_copy_that_is_detached() -> Made:
    return net(lambda h: h.clone().detach().requires_grad_(True) * 2)  # CUT


@case(w=("cut", "reparam|rewrap|detach|data"))
def a_parameter_wrapped_again_in_forward() -> Made:
    class Again(Net):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.eye(4))

        def forward(self, x: Any) -> Any:
            w = nn.Parameter(self.w * 2)  # CUT
            return super().forward(x) @ w

    return Again(), (torch.randn(3, 4),)


@case(w=("cut", "detach|data|data-write|no_grad"))
def a_deep_copy_of_a_layer_made_in_forward() -> Made:
    class Copied(Net):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Linear(4, 4, bias=False)

        def forward(self, x: Any) -> Any:
            twin = nn.Linear(4, 4, bias=False)
            twin.load_state_dict(self.w.state_dict())  # CUT
            return super().forward(x) + twin(x)

    return Copied(), (torch.randn(3, 4),)


@case(w=("cut", "data-write|data|no_grad"), out="frozen")
def a_weight_written_from_another_parameter() -> Made:
    class Tied(Net):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.eye(4))
            self.out = nn.Linear(4, 4, bias=False)
            self.out.weight.requires_grad_(False)

        def forward(self, x: Any) -> Any:
            self.out.weight.data.copy_(self.w)  # CUT
            return self.out(super().forward(x))

    return Tied(), (torch.randn(3, 4),)


@case(enc=("zero-here", "zero-here"))
def a_hook_that_zeroes_the_gradient_of_the_hidden() -> Made:
    def between(h: Any) -> Any:
        h = h * 1  # CUT
        h.register_hook(lambda g: g * 0)
        return h

    return net(between)


@case()
def a_hook_that_clips_the_gradient() -> Made:
    def between(h: Any) -> Any:
        h = h * 1
        h.register_hook(lambda g: g.clamp(-1, 1))
        return h

    return net(between)


@case()
def targets_mixed_in_where_they_are_known() -> Made:
    known = torch.tensor([True, False, True])[:, None]
    return net(lambda h: torch.where(known, h, h.detach()))


@case()
def selected_by_a_mask_of_its_own() -> Made:
    return net(lambda h: torch.zeros(3, 4).masked_scatter(h > 0, h[h > 0]))


@case(enc=("cut", "nondiff"))
def the_distinct_classes() -> Made:
    def between(h: Any) -> Any:
        classes = h.argmax(-1)  # CUT
        return classes.unique(return_inverse=True)[1].float()[:, None].expand(3, 4)

    return net(between)


@case()
def the_median_and_the_largest_so_far() -> Made:
    return net(lambda h: h.median(-1, keepdim=True).values + h.cummax(-1).values)


@case(enc=("cut", "nondiff|nograd-formula"))
def a_histogram_of_the_hidden() -> Made:
    return net(lambda h: torch.histc(h, bins=4, min=-2, max=2).expand(3, 4))  # CUT


@case(grid="zero|zero-here")
def an_image_sampled_at_the_nearest_place() -> Made:
    class Sampled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)
            self.grid = nn.Parameter(torch.rand(1, 4, 4, 2) - 0.5)

        def forward(self, x: Any) -> Any:
            return F.grid_sample(self.conv(x), self.grid, mode="nearest", align_corners=False)

    return Sampled(), (torch.randn(1, 1, 4, 4),)


@case(enc=("nonfinite", "nonfinite"), dec__weight="ok|nonfinite|zero-here")
def the_spread_of_one_value() -> Made:
    def between(h: Any) -> Any:
        return h[:, :1].std(-1, keepdim=True).nan_to_num() + h  # CUT

    return net(between)


@case(enc=("nonfinite", "nonfinite"), dec__weight="zero-here")
def an_arc_cosine_at_its_end() -> Made:
    def between(h: Any) -> Any:
        return torch.acos(h / h)  # CUT

    return net(between)


@case()
def a_safe_square_root() -> Made:
    return net(lambda h: (h * h + 1e-6).sqrt())


@case(enc=("zero", "zero"))
def a_bucket_number_by_division() -> Made:
    return net(lambda h: torch.div(h, 0.25, rounding_mode="floor"))  # CUT


@case()
def the_fraction_of_a_phase() -> Made:
    return net(lambda h: (h * 3) % 1.0)


@case(enc=("cut", "cast"))
def clamped_to_bytes_and_back() -> Made:
    def between(h: Any) -> Any:
        pixels = (h * 255).clamp(0, 255).to(torch.uint8)  # CUT
        return pixels.to(torch.float32) / 255

    return net(between)


@case(enc=("cut", "cast"))
def truncated_by_type() -> Made:
    return net(lambda h: h.type(torch.IntTensor).type(torch.FloatTensor))  # CUT


@case()
def lower_precision_and_back() -> Made:
    return net(lambda h: h.half().float() + h.double().float() + h.bfloat16().to(h))


@case(enc=("cut", "leave"))
def a_scale_by_a_formatted_number() -> Made:
    def between(h: Any) -> Any:
        scale = h.abs().max().item()  # CUT
        return torch.ones(3, 4) * scale

    return net(between)


@case(enc=("cut", "leave-control|leave"))
def early_exit_by_confidence() -> Made:
    def between(h: Any) -> Any:
        if (h.softmax(-1).max() > 0.1).item():  # CUT
            return torch.ones(3, 4)
        return torch.zeros(3, 4)

    return net(between)


@case(dec=("no-effect"), enc="no-effect")
def a_result_of_inputs_alone() -> Made:
    class Lost(Net):
        def forward(self, x: Any) -> Any:
            super().forward(x)
            return x * self.last.sum()

    made = Lost()
    made.last = nn.Parameter(torch.ones(3))
    return made, (torch.randn(3, 4),)


@case(experts="ok|not-run")
def an_expert_that_is_never_chosen() -> Made:
    class Routed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: Any) -> Any:
            return self.experts[int(x.shape[0] > 2)](x)

    return Routed(), (torch.randn(3, 4),)


@case()
def a_shared_embedding_and_head() -> Made:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(7, 4)
            self.head = nn.Linear(4, 7, bias=False)
            self.head.weight = self.table.weight

        def forward(self, ids: Any) -> Any:
            return self.head(self.table(ids))

    return Tied(), (torch.tensor([1, 2, 3]),)


@case(layers__0=("cut", "detach"), layers__1=("cut", "detach"))
def a_stack_cut_in_the_middle() -> Made:
    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(
                nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)) for _ in "abcd"
            )

        def forward(self, x: Any) -> Any:
            for number, layer in enumerate(self.layers):
                x = layer(x)
                if number == 1:
                    x = x.detach()  # CUT
            return x

    return Stack(), (torch.randn(3, 4),)


@case(w=("cut", "create_graph"))
def an_inner_step_without_a_graph() -> Made:
    class Maml(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.lr = nn.Parameter(torch.randn(4)), nn.Parameter(torch.tensor(0.1))

        def forward(self, x: Any) -> Any:
            inner = (x @ self.w).pow(2).mean()
            slope = torch.autograd.grad(inner, self.w)[0]  # CUT
            return (x @ (torch.zeros(4) - self.lr * slope)).pow(2).mean()

    return Maml(), (torch.randn(3, 4),)


@case()
def an_inner_step_of_the_first_order() -> Made:
    class Maml(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w, self.lr = nn.Parameter(torch.randn(4)), nn.Parameter(torch.tensor(0.1))

        def forward(self, x: Any) -> Any:
            slope = torch.autograd.grad((x @ self.w).pow(2).mean(), self.w)[0]
            return (x @ (self.w - self.lr * slope)).pow(2).mean()

    return Maml(), (torch.randn(3, 4),)


@case(enc=("cut", "rewrap"))
def a_batch_gathered_in_a_new_tensor() -> Made:
    return net(lambda h: torch.tensor(h))  # CUT


@case(enc=("cut", "nondiff"), dec=("cut", "nondiff"))
def a_loss_on_the_greedy_tokens() -> Made:
    def loss(y: Any) -> Any:
        tokens = y.log_softmax(-1).max(-1)[1]  # CUT
        return F.mse_loss(tokens.float(), torch.zeros(3))

    return net(lambda h: h, loss)


# Formulas that are zero for one input, or written as such


@case(enc=("zero", "zero"))
def counts_drawn_at_a_rate() -> Made:
    return net(lambda h: torch.poisson(h.exp()))  # CUT


@case(enc=("zero", "zero"))
def a_sign_given_to_a_constant() -> Made:
    return net(lambda h: torch.copysign(torch.ones(3, 4), h))  # CUT


@case(enc=("zero|cut", "zero|compare"))
def compared_in_place() -> Made:
    def between(h: Any) -> Any:
        h = h * 1
        h.lt_(10.0)  # CUT
        return h

    return net(between)
