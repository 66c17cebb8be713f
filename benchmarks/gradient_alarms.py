"""False alarms of the gradient check: real architectures, training mode, a plain loss.

    python benchmarks/gradient_alarms.py [NAME ...] [--zoo FILE] [--results FILE] [--seconds 120]

The architectures are those of ``torch_models.py`` that have weights, by name or by kind ("small",
"zoo", "timm", "tv"), in training mode, detectors with targets; the loss is the mean square of the
first floating-point tensor that the model returns, so that heads beside it are outside the loss, or
the sum of the losses where a detector returns these. The truth is a plain call and a backward pass
on real tensors, with the same random numbers: a parameter is bad when its gradient is None or zero
in every element. A finding about any other parameter is a false alarm; a bad parameter that the
check calls fine is missed, unless its gradient is zero only because others are all zero, or it is
frozen. The check on shapes alone (the same model without memory for its weights) is held to the
same truth. Models run one after another in processes of their own, and what was found is added to
``--results`` at once.

Seen so far (torch 2.13, torchvision 0.28, timm 1.0.31, transformers 5.23), on real tensors:

- "tv": 121 of 121, with 29,218 parameters, 1,524 of them really without gradient; no false alarm,
  none missed.
- "timm": 115 of 116, with 25,138 parameters, 3,663 really without; no false alarm, none missed.
  deepseek_vit_412m was stopped when it had taken 15 GB.
- "small": 65, with 2,652 parameters, 100 really without; no false alarm, none missed. Three more
  cannot be built or called.
- "zoo": 46, with 5,041 parameters, 213 really without; no false alarm, none missed. Three more
  cannot be trained as they are called: two detectors without targets, one that writes in place.

Eight of these prove little, as all their parameters are without gradient: the head starts at zero,
so that the mean square of its result has none (vit_b_16, vit_b_32, sequencer2d_s, gmlp_s16_224,
resmlp_12_224, hiera_tiny_224, hieradet_small, mixer_b16_224).

On shapes alone no false alarm in "tv" (106; RegNets cannot be made without memory), "timm" (115),
"small" (65) and "zoo" (46); missed are 42 parameters of two of "zoo" that branch on data.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from torch_models import build, chosen, in_a_fork, names_of, prepare, said

KINDS = ("small", "zoo", "timm", "tv")


def loss(result: Any) -> Any:
    """The mean square of the first floating-point tensor; of losses by name their sum."""
    from archviz.importers.torch.containers import tensors_in

    found = [tensor for _, tensor in tensors_in(result)]
    if isinstance(result, dict) and found and all(not tensor.dim() for tensor in found):
        return sum(found[1:], found[0])
    for _, tensor in tensors_in(result):
        if tensor.is_floating_point() and tensor.requires_grad:
            return tensor.float().pow(2).mean()
    for _, tensor in tensors_in(result):
        if tensor.is_floating_point():
            return tensor.float().pow(2).mean()
    raise ValueError("nothing to train on")


def seeded() -> None:
    import random

    import numpy as np
    import torch

    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)


def trained(module: Any, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """Arguments that a plain call on real tensors takes, and the loss of that call."""
    from archviz.importers.torch.guesses import guesses
    from archviz.importers.torch.reading import filled

    calls = [(False, (args, kwargs))] if args or kwargs else []
    calls += [(True, (guess.args, guess.kwargs)) for guess in guesses(module)]
    first: Exception | None = None
    for is_guessed, call in calls:
        # A batch of one has no statistics to normalise by.
        given, named = filled(tuple(map(partial(doubled, is_guessed), call)))
        seeded()
        try:
            return given, named, loss(module(*given, **named))
        except Exception as error:  # whatever the model raises
            first = first or error
    raise first or ValueError("no call is known")


def doubled(is_guessed: bool, given: Any) -> Any:
    """The arguments with every batch of one made two."""
    from archviz.importers.torch.containers import replaced

    def double(tensor: Any) -> Any:
        if not is_guessed or not tensor.dim() or tensor.shape[0] != 1:
            return tensor
        return tensor.repeat(2, *[1] * (tensor.dim() - 1))

    return replaced(given, double)


def examine(name: str, zoo: str) -> dict[str, Any]:
    """What the check says of one model that a real backward pass does not, and the other way."""
    import torch

    from archviz.importers.torch.gradient.check import check

    try:
        module, args, kwargs = build(name, zoo, in_training=True)
        module.train()
        given, named, value = trained(module, args, kwargs)
    except Exception as error:  # whatever a constructor or the model raises
        return {"skipped": said(error)}
    parameters = {n: p for n, p in module.named_parameters() if p.requires_grad}
    grads = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
    bad = {n for n, g in zip(parameters, grads, strict=True) if g is None or not bool(g.any())}
    none = {n for n, g in zip(parameters, grads, strict=True) if g is None}
    del value, grads
    seeded()
    start = time.process_time()
    report = check(module, given, named, loss=loss)
    found = {"seconds": time.process_time() - start, "parameters": len(parameters)}
    found |= _compared(report, bad)
    try:
        with torch.device("meta"):
            ghost = build(name, zoo, in_training=True)[0].train()
        ghost = ghost.to("meta")
    except Exception as error:  # a constructor that needs memory
        found["shapes"] = said(error)
        return found
    seeded()
    report = check(ghost, given, named, loss=loss)
    # On shapes alone nothing can be known of values: only what is None is bad.
    found["ghost"] = _compared(report, bad, none)
    return found


def _compared(report: Any, bad: set[str], wanted: set[str] | None = None) -> dict[str, Any]:
    alarms = {name: item for name, item in report.parameters.items() if not item.is_healthy}
    quiet = {
        name
        for name, item in report.parameters.items()
        if item.verdict in ("frozen", "side", "not-run") or "zero only while" in item.note
    }
    false = sorted(set(alarms) - bad)
    missed = sorted((bad if wanted is None else wanted) - set(alarms) - quiet)
    errors = [f for f in report.findings if f.severity.value == "error"]
    return {
        "false": [f"{n}: {alarms[n].verdict} {_culprit(alarms[n])}" for n in false[:4]],
        "false_count": len(false),
        "missed": missed[:4],
        "missed_count": len(missed),
        "bad": len(bad),
        "verdicts": dict(Counter(str(item.verdict) for item in report.parameters.values())),
        "errors": [f"{f.code} {f.message[:120]} {f.location}" for f in errors][:4],
        "incomplete": list(report.incomplete),
    }


def _culprit(item: Any) -> str:
    first = item.culprits[0] if item.culprits else None
    return f"{first.kind} {first.op} {first.location}" if first else item.note


def line_of(found: dict[str, Any]) -> str:
    """What was found of one model, for people."""
    name = f"{found['name']:28}"
    if "skipped" in found:
        return f"{name} left out: {found['skipped']}"
    if "failed" in found:
        return f"{name} FAILED {found['failed']}"
    parts = [f"{name} {found['parameters']:4} parameters, {found['bad']:3} bad"]
    for title, part in (("", found), ("shapes: ", found.get("ghost", {}))):
        if part.get("false"):
            parts.append(f"{title}{part['false_count']} FALSE {part['false'][:2]}")
        if part.get("missed"):
            parts.append(f"{title}{part['missed_count']} MISSED {part['missed'][:2]}")
        if part.get("incomplete"):
            parts.append(f"{title}INCOMPLETE {part['incomplete'][0]}")
    return "; ".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="models, or kinds: small, zoo, timm, tv")
    parser.add_argument("--zoo", default="", help="a torch_zoo.py")
    parser.add_argument("--results", default="", help="a file that what was found is added to")
    parser.add_argument("--seconds", type=int, default=120, help="CPU seconds for one model")
    options = parser.parse_args()
    names = [
        name for name in chosen(names_of(options.zoo), options.names) if name.split()[0] in KINDS
    ]
    known: dict[str, dict[str, Any]] = {}
    if options.results and Path(options.results).exists():
        lines = Path(options.results).read_text().splitlines()
        known = {found["name"]: found for found in map(json.loads, lines)}
    prepare()
    for name in names:
        if name not in known:
            known[name] = {
                "name": name,
                **in_a_fork(partial(examine, name, options.zoo), options.seconds),
            }
            if options.results:
                with open(options.results, "a") as stream:
                    print(json.dumps(known[name]), file=stream)
        print(line_of(known[name]), flush=True)
    ran = [known[name] for name in names if "parameters" in known[name]]
    failed = [known[name] for name in names if "failed" in known[name]]
    ghosts = [found["ghost"] for found in ran if "ghost" in found]
    print(
        f"{len(ran)} architectures, {sum(f['parameters'] for f in ran):,} parameters, "
        f"{sum(f['bad'] for f in ran):,} really without gradient; "
        f"false alarms {sum(f['false_count'] for f in ran)}, "
        f"missed {sum(f['missed_count'] for f in ran)}; on shapes alone ({len(ghosts)}) false "
        f"alarms {sum(f['false_count'] for f in ghosts)}, "
        f"missed {sum(f['missed_count'] for f in ghosts)}; "
        f"{len(failed)} failed, {len(names) - len(ran) - len(failed)} left out"
    )
    return 1 if failed or any(f["false_count"] for f in [*ran, *ghosts]) else 0


if __name__ == "__main__":
    sys.exit(main())
