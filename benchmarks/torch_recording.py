"""Recording PyTorch models beside torchview, torchvista, torch.export and torchlens.

    pip install torch transformers torchview torchvista torchlens
    python benchmarks/torch_recording.py [--runs 3] [--only NAME]

Every measurement is a process of its own, forked from one that has the imports and the model, so
that each tool meets a model that nothing ran before, and imports are apart. Times are CPU seconds
of one thread, the best of the runs, "cold" (first call) and "warm" (best later call). The large
models are configurations alone: built on ghost tensors and recorded, with the memory above the
imports.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

LARGEST = ("llama-70b", "deepseek-v3")


def models() -> dict[str, Callable[[], tuple[Any, dict[str, Any]]]]:
    """Builders of (module, named arguments)."""
    import transformers as t

    def ids(length: int = 16) -> torch.Tensor:
        return torch.zeros(1, length, dtype=torch.long)

    small: dict[str, Any] = {
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "vocab_size": 1000,
    }
    return {
        "resnet50": lambda: (
            t.ResNetModel(t.ResNetConfig()),
            {"pixel_values": torch.rand(1, 3, 224, 224)},
        ),
        "bert": lambda: (t.BertModel(t.BertConfig()), {"input_ids": ids()}),
        "gpt2": lambda: (
            t.GPT2LMHeadModel(t.GPT2Config()),
            {"input_ids": ids(), "use_cache": False},
        ),
        "llama": lambda: (
            t.LlamaForCausalLM(t.LlamaConfig(**small)),
            {"input_ids": ids(), "use_cache": False},
        ),
        "t5": lambda: (
            t.T5ForConditionalGeneration(t.T5Config()),
            {"input_ids": ids(), "decoder_input_ids": ids(8), "use_cache": False},
        ),
        "vit": lambda: (
            t.ViTForImageClassification(t.ViTConfig()),
            {"pixel_values": torch.rand(1, 3, 224, 224)},
        ),
        "clip": lambda: (
            t.CLIPModel(t.CLIPConfig()),
            {"input_ids": ids(), "pixel_values": torch.rand(1, 3, 224, 224)},
        ),
        "whisper": lambda: (
            t.WhisperForConditionalGeneration(t.WhisperConfig(encoder_layers=4, decoder_layers=4)),
            {
                "input_features": torch.rand(1, 80, 3000),
                "decoder_input_ids": ids(8),
                "use_cache": False,
            },
        ),
        "mixtral": lambda: (
            t.MixtralForCausalLM(t.MixtralConfig(**small, num_local_experts=8)),
            {"input_ids": ids(), "use_cache": False},
        ),
        "convnext": lambda: (
            t.ConvNextModel(t.ConvNextConfig()),
            {"pixel_values": torch.rand(1, 3, 224, 224)},
        ),
        "swin": lambda: (
            t.SwinModel(t.SwinConfig()),
            {"pixel_values": torch.rand(1, 3, 224, 224)},
        ),
    }


def large(name: str) -> tuple[Any, Any]:
    """The class and configuration of a model of many billion parameters."""
    import transformers as t

    if name == "llama-70b":
        return t.LlamaForCausalLM, t.LlamaConfig(
            hidden_size=8192,
            intermediate_size=28672,
            num_hidden_layers=80,
            num_attention_heads=64,
            num_key_value_heads=8,
            vocab_size=128256,
        )
    return t.DeepseekV3ForCausalLM, t.DeepseekV3Config()


def by_archviz(module: Any, named: dict[str, Any]) -> int:
    import archviz

    return len(archviz.load(module, (), named).body.nodes)


def by_torchview(module: Any, named: dict[str, Any]) -> int:
    import torchview

    graph = torchview.draw_graph(
        module, input_data=named, device="meta", depth=10**6, expand_nested=True
    )
    return len(list(graph.edge_list))


def by_torchvista(module: Any, named: dict[str, Any]) -> int:
    from torchvista import tracer

    with contextlib.redirect_stdout(io.StringIO()):
        tracer.trace_model(_Spread(module), dict(named), export_format=None)
    return 0


def by_export(module: Any, named: dict[str, Any]) -> int:
    program = torch.export.export(module, (), named, strict=False)
    return len(program.graph.nodes)


def by_torchlens(module: Any, named: dict[str, Any]) -> int:
    import torchlens

    torchlens.trace(module, (), dict(named))
    return 0


class _Spread(torch.nn.Module):
    """Hands a mapping on as named arguments, for tools that take one argument."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, named: dict[str, Any]) -> Any:
        return self.module(**named)


TOOLS: dict[str, Callable[[Any, dict[str, Any]], int]] = {
    "archviz": by_archviz,
    "torchview": by_torchview,
    "torchvista": by_torchvista,
    "torch.export": by_export,
    "torchlens": by_torchlens,
}


def forked(work: Callable[[], Any]) -> Any:
    """What ``work`` gives in a child process; a text when it fails."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        try:
            with open(os.devnull, "w") as quiet, contextlib.redirect_stderr(quiet):
                answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {str(error).strip()[:60]!r}"
        with os.fdopen(into, "w") as stream:
            json.dump(answer, stream)
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as stream:
        answer = json.load(stream)
    os.waitpid(child, 0)
    return answer


def resident() -> float:
    """The most memory this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(tool: Callable[[Any, dict[str, Any]], int], module: Any, named: dict[str, Any]) -> Any:
    times = []
    count = 0
    before = resident()
    for _ in range(3):
        start = time.process_time()
        count = tool(module, dict(named))
        times.append(time.process_time() - start)
    return [times[0], min(times[1:]), count, resident() - before]


def built_and_recorded(name: str) -> Any:
    import archviz
    from archviz.importers.torch.building import weightless

    kind, configuration = large(name)
    given = {"input_ids": torch.zeros(1, 16, dtype=torch.long)}
    before = resident()
    start = time.process_time()
    with weightless():
        module = kind(configuration)
    made = time.process_time()
    model = archviz.load(module, (), given)
    read = time.process_time()
    grown = resident() - before
    drawn = archviz.render(model, format="svg")
    done = time.process_time()
    archviz.load(module, (), given)
    again = time.process_time() - done
    weights = sum(p.numel() for p in module.parameters())
    return [
        made - start, read - made, done - read, grown, len(model.body.nodes), weights, again,
        len(drawn),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    tools = {}
    for name, tool in TOOLS.items():
        package = {"torch.export": "torch"}.get(name, name)
        with contextlib.suppress(ImportError):
            __import__(package)
            tools[name] = tool
    print(f"torch {torch.__version__}, tools: {', '.join(tools)}", file=sys.stderr)
    by_archviz(torch.nn.Linear(2, 2), {"input": torch.ones(1, 2)})  # what it imports when called
    torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),))
    totals: dict[str, list[float]] = {name: [0, 0, 0, 0] for name in tools}
    print(f"{'model':12}", *(f"{name:>22}" for name in tools))
    for name, build in models().items():
        if wanted.only and name not in wanted.only:
            continue
        module, named = build()
        module.eval()
        best: dict[str, Any] = {}
        for _ in range(wanted.runs):
            for label, tool in tools.items():
                found = forked(partial(timed, tool, module, named))
                kept = best.get(label)
                if not isinstance(kept, list) or not isinstance(found, list):
                    best[label] = found if kept is None else kept
                else:
                    best[label] = [min(found[0], kept[0]), min(found[1], kept[1]), *found[2:]]
        cells = []
        for label in tools:
            found = best[label]
            if isinstance(found, list):
                cells.append(f"{found[0]:6.2f} {found[1]:6.2f} {found[3]:5.0f}MB")
                if isinstance(best["archviz"], list):
                    for place in (0, 1):
                        totals[label][place] += found[place]
                        totals[label][place + 2] += best["archviz"][place]
            else:
                cells.append(str(found)[:22])
        print(f"{name:12}", *(f"{cell:>22}" for cell in cells), flush=True)
    for label, (cold, warm, ours_cold, ours_warm) in totals.items():
        if label != "archviz" and cold:
            print(f"archviz / {label}: cold {ours_cold / cold:.2f}, warm {ours_warm / warm:.2f}")
    for name in LARGEST:
        if wanted.only and name not in wanted.only:
            continue
        runs = [forked(partial(built_and_recorded, name)) for _ in range(wanted.runs)]
        good = [run for run in runs if isinstance(run, list)]
        if not good:
            print(name, runs[0])
            continue
        made, read, drawn, memory, count, weights, again, _ = map(min, zip(*good, strict=True))
        print(
            f"{name}: {weights / 1e9:.1f} G parameters, built {made:.2f} s, recorded {read:.2f} s "
            f"({count:,} operations, {again / count * 1e6:.0f} µs each when warm), "
            f"drawn {drawn:.2f} s, "
            f"{memory:.0f} MB above the imports to build and record"
        )


if __name__ == "__main__":
    main()
