"""Which models can be recorded live, and whether what was recorded is true.

    python benchmarks/torch_coverage.py [NAME ...] [--zoo FILE] [--results FILE] [--seconds 120]

The models are those of ``torch_models.py``, by name or by kind ("hf", "small", "timm", "tv",
"zoo"); those without arguments of their own are called with guessed ones. Each runs in a process
of its own, twice, with two hash seeds, and what was found is added to ``--results`` at once, a
line of JSON a model; models that the file has already are not run again.

Checked are: the model is recorded; every parameter is there, and those of every module without
children that was called are used; the recorded module calls are those that PyTorch's own hooks
saw, module by module; the scopes of the graph are those calls; the graph collapsed at any depth
has no cycle; it can be drawn at automatic depth; and the JSON is the same under both seeds. Of
models with weights also: the recorded backward slice, run again on real tensors, gives the outputs
bit for bit; and the graph of ghosts equals the graph of real tensors unless the model branches on
data. Where a recording fails, the same call is made in plain PyTorch, and models that it cannot
run either are counted apart.

Seen so far (torch 2.13 with torchvision 0.28, timm 1.0.31 and transformers 5.23):

- "zoo": 49 of 49 right, all run again bit for bit; 43 have the same graph on ghosts, 6 branch on
  data.
- "small": in an earlier run 65 of 65 that plain PyTorch runs, all with the same graph on ghosts;
  one more it cannot run either, and two configurations cannot be built.
- "hf": 78 of 214 were run: 5 configurations cannot be built, 2 plain PyTorch cannot run either
  (xmod wants a language set, deepseek_v2 has no number of experts a token), and of the other 71 are
  70 right: 12 of text, 13 of vision, 13 of audio, 13 multimodal, 11 with experts, 8 state-space.
  modernbert's JSON differs with the hash seed, as its forward goes over a set of names. They
  have no weights, so nothing of them is run again.
- "timm": 116 of 116, all run again bit for bit, all with the same graph on ghosts.
- "tv": 121 of 121, all run again bit for bit; 109 with the same graph on ghosts, 12 branch on data.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from torch_models import build, chosen, in_a_fork, names_of, prepare, said

HERE = Path(__file__).resolve()
REPLAY = HERE.parents[1] / "tests" / "importers"
MOST_PLAIN = 1 << 29
"""Parameters of a model that plain PyTorch is asked to run."""


# Checks, in a process of their own


def examine(name: str, zoo: str, thorough: bool) -> dict[str, Any]:
    """What holds of one model; "failed" says what does not."""
    import archviz
    from archviz import api

    try:
        module, args, kwargs = build(name, zoo)
    except Exception as error:  # whatever a constructor raises
        return {"skipped": said(error)}
    started = time.process_time()
    try:
        model = archviz.load(module, args, kwargs)
    except archviz.ArchvizError as error:
        return {"failed": str(error), "plain": plain(name, zoo) if thorough else ""}
    found: dict[str, Any] = {"seconds": time.process_time() - started}
    found["operations"] = len(model.body.nodes)
    found["hash"] = hashlib.sha256(str(api.render(model, format="json")).encode()).hexdigest()
    found["notes"] = [note.name for note in model.diagnostics]
    if thorough:
        failures = list(_failures(model, module))
        more, checked = _untrue(module, args, kwargs, with_weights=not name.startswith("hf "))
        found |= checked
        if failures + more:
            found["failed"] = "; ".join(failures + more)
    return found


def plain(name: str, zoo: str) -> str:
    """What plain PyTorch raises for the same call; "" where it runs, or was not asked."""
    from archviz.importers.torch.guesses import guesses
    from archviz.importers.torch.reading import filled

    module, args, kwargs = build(name, zoo)
    if sum(p.numel() for p in module.parameters()) > MOST_PLAIN:
        return ""
    module, args, kwargs = build(name, zoo, with_weights=True)
    calls = [(args, kwargs)] if args or kwargs else [g[1:] for g in guesses(module)]
    raised = ""
    for call in calls:
        given, named = filled(call)
        try:
            module(*given, **named)
        except Exception as error:  # whatever the model raises
            raised = raised or said(error)
        else:
            return ""
    return raised


def _failures(model: Any, module: Any) -> Iterator[str]:
    from archviz import api

    missing = {name for name, _ in module.named_parameters()} - set(model.body.parameters)
    if missing:
        yield f"{len(missing)} parameters are not there, such as {min(missing)}"
    deepest = max((len(node.scope) for node in model.body.nodes), default=0)
    for depth in range(deepest + 1):
        if not _is_acyclic(api.prepare(model, depth=depth).body):
            yield f"a cycle at depth {depth}"
    if "<svg" not in str(api.render(model, format="svg"))[:500]:
        yield "no drawing"


def _is_acyclic(graph: Any) -> bool:
    made = {value for node in graph.nodes for value in node.outputs if value}
    waiting = {node.id: {value for value in node.inputs if value in made} for node in graph.nodes}
    users: dict[str, list[str]] = {}
    for node in graph.nodes:
        for value in waiting[node.id]:
            users.setdefault(value, []).append(node.id)
    outputs = {node.id: node.outputs for node in graph.nodes}
    ready, done = [name for name, needs in waiting.items() if not needs], 0
    while ready:
        name = ready.pop()
        done += 1
        for value in outputs[name]:
            for user in users.pop(value, ()):
                waiting[user].discard(value)
                if not waiting[user]:
                    ready.append(user)
    return done == len(waiting)


def _untrue(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], with_weights: bool
) -> tuple[list[str], dict[str, Any]]:
    """What a recording has wrong, and what could be checked of it."""
    from archviz.importers.torch.guesses import guesses
    from archviz.importers.torch.record import CallFailedError, record

    calls = [(args, kwargs)]
    if not args and not kwargs:
        calls = [(guess.args, guess.kwargs) for guess in guesses(module)]
    for call in calls:
        seen: list[int] = []
        hook = register_hook(lambda called, _, seen=seen: seen.append(id(called)))
        try:
            ghost = record(module, *call)
        except CallFailedError:
            continue
        finally:
            hook.remove()
        failures = []
        # A run with other answers for branches on contents starts again, and its hooks with it.
        called = [id(item.module) for item in ghost.calls if item.module is not None]
        if seen[-len(called) :] != called:
            failures.append(f"{len(called)} module calls, where PyTorch's hooks saw {len(seen)}")
        failures += _unattributed(ghost)
        if not with_weights:
            return failures, {}
        more, found = _unlike_real(module, call, ghost)
        return failures + more, found
    return [], {"calls": "not on ghost tensors"}


def _unattributed(recording: Any) -> list[str]:
    """Parameters of called modules without children that no operation uses; scopes that differ."""
    from archviz.importers.torch.graph import graph_of

    graph = graph_of(recording)
    used = {use.parameter for node in graph.nodes for use in node.parameters}
    names = {id(tensor): name for name, (_, tensor) in recording.stored.items()}
    unused = {
        names[id(tensor)]
        for call in recording.calls
        if call.module is not None and not list(call.module.children())
        for tensor in call.module.parameters(recurse=False)
        if id(tensor) in names and names[id(tensor)] not in used
    }
    failures = []
    if unused:
        failures.append(f"{len(unused)} parameters of called modules unused, such as {min(unused)}")
    # What was compiled stands where its wrapper stands.
    called = Counter(call.type for call in recording.calls[1:] if call.type != "OptimizedModule")
    lost = called - Counter(scope.type for scope in graph.scopes.values())
    if lost:
        failures.append(f"{lost.total()} calls without a scope, such as a {min(lost)}")
    return failures


def _unlike_real(
    module: Any, call: tuple[Any, Any], ghost: Any
) -> tuple[list[str], dict[str, Any]]:
    """How a run on real tensors differs from the ghost, and from its own recording."""
    from torch_replay import replay

    from archviz.importers.torch.graph import graph_of
    from archviz.importers.torch.reading import filled
    from archviz.importers.torch.record import record

    failures = []
    ran, wrong = replay(module, *filled(call))
    found: dict[str, Any] = {"replayed": ran}
    if wrong:
        failures.append(f"{wrong} outputs differ when {ran} operations run again")
    if ghost.assumptions:
        found["assumed"] = len(ghost.assumptions)
        return failures, found
    real = record(module, *filled(call), substrate="real")
    found["compared"] = True
    if graph_of(ghost) != graph_of(real):
        failures.append("the ghost's graph differs from the real one")
    return failures, found


def register_hook(hook: Any) -> Any:
    """A hook of PyTorch's own before every module's forward."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    return register_module_forward_pre_hook(hook)


# The run


class Server:
    """A process with a hash seed of its own that examines models by name, one after another."""

    def __init__(self, seed: str, options: argparse.Namespace) -> None:
        command = [sys.executable, str(HERE), "--serve", "--zoo", options.zoo]
        command += ["--seconds", str(options.seconds)] + (["--thorough"] if seed == "0" else [])
        environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def examine(self, name: str) -> dict[str, Any]:
        """What it finds of a model."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith('{"name"'):
                found: dict[str, Any] = json.loads(line)
                return found
        raise SystemExit(f"the examining process ended at {name}")


def serve(options: argparse.Namespace) -> None:
    """Examines the models whose names come in, each in a fork of this process."""
    sys.path.insert(0, str(REPLAY))
    prepare()
    for line in sys.stdin:
        name = line.strip()
        found = in_a_fork(partial(examine, name, options.zoo, options.thorough), options.seconds)
        print(json.dumps({"name": name, **found}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="models, or kinds: hf, small, timm, tv, zoo")
    parser.add_argument("--zoo", default="", help="a torch_zoo.py")
    parser.add_argument("--results", default="", help="a file that what was found is added to")
    parser.add_argument("--seconds", type=int, default=120, help="CPU seconds for one model")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--thorough", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    names = chosen(names_of(options.zoo), options.names)
    if options.list:
        print("\n".join(names))
        return
    known: dict[str, dict[str, Any]] = {}
    if options.results and Path(options.results).exists():
        lines = Path(options.results).read_text().splitlines()
        known = {found["name"]: found for found in map(json.loads, lines)}
    servers: list[Server] = []
    for name in names:
        if name not in known:
            servers = servers or [Server("0", options), Server("1", options)]
            known[name] = found = servers[0].examine(name)
            if "hash" in found and found["hash"] != servers[1].examine(name).get("hash"):
                found["failed"] = f"{found.get('failed', '')}; the JSON differs with the hash seed"
            if options.results:
                with open(options.results, "a") as stream:
                    print(json.dumps(found), file=stream)
        print(line_of(known[name]), flush=True)
    report([known[name] for name in names])


def line_of(found: dict[str, Any]) -> str:
    """What was found of one model, for people."""
    name = f"{found['name']:38}"
    if "skipped" in found:
        return f"{name} cannot be built: {found['skipped']}"
    if "failed" in found:
        raised = found.get("plain")
        return f"{name} FAILED {found['failed']}" + (
            f" [plain PyTorch: {raised}]" if raised else ""
        )
    return f"{name} {found['operations']:6} operations {found['seconds']:6.2f} CPU s"


def report(every: list[dict[str, Any]]) -> None:
    """Counts by kind."""
    for kind in dict.fromkeys(found["name"].split()[0] for found in every):
        mine = [found for found in every if found["name"].split()[0] == kind]
        built = [found for found in mine if "skipped" not in found]
        runs = [found for found in built if not found.get("plain")]
        right = [found for found in runs if "failed" not in found]
        text = f"{kind}: {len(right)} of {len(runs)} right ({len(right) / max(1, len(runs)):.1%})"
        text += f", {len(built) - len(runs)} that plain PyTorch cannot run either"
        text += f", {len(mine) - len(built)} cannot be built"
        print(text)
        replayed = [found for found in mine if "replayed" in found]
        if replayed:
            print(
                f"  {len(replayed)} run again bit for bit but for those named above; "
                f"{sum('compared' in found for found in replayed)} compared with their ghosts, "
                f"{sum('assumed' in found for found in replayed)} branch on data"
            )


if __name__ == "__main__":
    main()
