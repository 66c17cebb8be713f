"""Which models can be recorded live, and whether what was recorded is true.

    python benchmarks/torch_coverage.py [NAME ...] [--list] [--seconds 120] [--jobs 2]

Models are made from configurations, with random weights, and nothing is downloaded:

- default configurations of ``transformers``, built without memory for weights and recorded on ghost
  tensors with no input given ("hf NAME");
- small ones of the same, with weights, for what must be run for real ("small NAME");
- timm's models where it is installed ("timm NAME"), and a folder's ``torch_zoo.py`` given with
  ``--zoo`` (its dictionary ``Z`` holds functions that return a module, arguments and keywords).

Each model runs in a process of its own, twice, with two hash seeds. Checked are: it is recorded;
every parameter is there and those of the modules called are used; the recorded module calls are
those that PyTorch's own hooks saw; the graph collapsed at any depth has no cycle; the JSON is the
same under both seeds. Small models and the zoo's also: the recorded backward slice, run again on
real tensors, gives the outputs bit for bit; and the graph of ghosts equals the graph of real
tensors unless the model branches on data.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
REPLAY = HERE.parents[1] / "tests" / "importers"


def _names(text: str) -> list[str]:
    return text.split()


TEXT = _names(
    """
    albert apertus arcee bamba bart bert bert-generation big_bird bigbird_pegasus biogpt bitnet
    blenderbot bloom camembert codegen cohere cohere2 convbert ctrl data2vec-text deberta
    deberta-v2 diffllama distilbert doge electra ernie ernie4_5 esm exaone4 falcon flaubert fnet
    fsmt funnel gemma gemma2 gemma3_text glm glm4 gpt2 gpt_bigcode gpt_neo gpt_neox gptj granite
    helium ibert jetmoe lfm2 llama longformer longt5 luke m2m_100 marian mbart megatron-bert
    ministral mistral mobilebert modernbert mpnet mpt mt5 mvp nanochat nemotron nystromformer olmo
    olmo2 olmo3 openai-gpt opt pegasus persimmon phi phi3 plbart qwen2 qwen3 reformer rembert
    roberta roformer seed_oss smollm3 splinter squeezebert stablelm starcoder2 t5 umt5 xglm xlm
    xlm-roberta xlnet xmod yoso
    """
)
EXPERTS = _names(
    """
    afmoe dbrx deepseek_v2 deepseek_v3 dots1 ernie4_5_moe flex_olmo glm4_moe gpt_oss granitemoe
    hunyuan_v1_moe lfm2_moe minimax mixtral nllb-moe olmoe phimoe qwen2_moe qwen3_moe
    switch_transformers
    """
)
STATE_SPACE = _names(
    """
    falcon_mamba mamba mamba2 recurrent_gemma rwkv xlstm zamba zamba2
    """
)
VISION = _names(
    """
    beit bit conditional_detr convnext convnextv2 cvt data2vec-vision deit depth_anything detr
    dinov2 dinov3_vit dpt efficientnet focalnet glpn hgnet_v2 hiera ijepa imagegpt levit
    mobilenet_v1 mobilenet_v2 mobilevit mobilevitv2 poolformer pvt pvt_v2 regnet resnet
    sam_vision_model segformer siglip_vision_model swiftformer swin swin2sr swinv2 textnet
    timesformer upernet videomae vit vit_mae vit_msn vitdet vitpose vivit yolos zoedepth
    """
)
AUDIO = _names(
    """
    audio-spectrogram-transformer clap_audio_model data2vec-audio encodec hubert lasr_encoder
    moonshine parakeet_encoder sew sew-d speech_to_text unispeech univnet wav2vec2 wav2vec2-bert
    wav2vec2-conformer wavlm whisper
    """
)
MULTIMODAL = _names(
    """
    align altclip blip bridgetower chinese_clip clap clip clipseg flava git groupvit kosmos-2
    layoutlm layoutlmv3 lilt owlvit siglip vilt visual_bert xclip
    """
)
TYPES = sorted({*TEXT, *EXPERTS, *STATE_SPACE, *VISION, *AUDIO, *MULTIMODAL})

SMALL = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "embed_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "num_layers", "n_layer", "n_layers"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers", "num_decoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "num_heads", "n_head", "n_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff"), 64),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("num_key_value_heads",), 2),
    **dict.fromkeys(("d_kv", "head_dim"), 8),
    **dict.fromkeys(("moe_intermediate_size",), 32),
    **dict.fromkeys(("vocab_size",), 120),
}
"""Settings that make a configuration small where it has them."""

SMALL_TYPES = _names(
    """
    albert bart bert bloom camembert cohere distilbert electra ernie falcon gemma gemma2 glm4 gpt2
    gpt_neo gpt_neox gptj granite llama m2m_100 marian mbart mistral mixtral modernbert mpnet mpt
    nemotron olmo olmo2 opt pegasus persimmon phi phi3 qwen2 qwen2_moe qwen3 qwen3_moe rembert
    roberta roformer smollm3 stablelm starcoder2 t5 umt5 xglm xlm xlm-roberta xlnet mamba mamba2
    vit deit beit vit_msn dinov2 ijepa convnext resnet clip siglip whisper switch_transformers
    gpt_oss granitemoe olmoe
    """
)


# Models


def transformers_model(name: str, small: bool) -> Any:
    """A model of a type of ``transformers``; without memory for weights unless it is small."""
    from transformers import AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from archviz.importers.torch.building import weightless

    configuration = CONFIG_MAPPING[name]()
    if small:
        return AutoModel.from_config(CONFIG_MAPPING[name](**_shrunk(configuration.to_dict())))
    with weightless():
        return AutoModel.from_config(configuration)


def _shrunk(settings: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if key in SMALL and type(value) is int:
            found[key] = min(value, SMALL[key])
        elif key.endswith("_config") and isinstance(value, dict):
            found[key] = {**value, **_shrunk(value)}
    return found


def build(name: str, zoo: str) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The model of that name with its arguments; without any, they are to be guessed."""
    import torch

    torch.manual_seed(0)
    kind, _, rest = name.partition(" ")
    if kind in ("hf", "small"):
        return transformers_model(rest, kind == "small").eval(), (), {}
    if kind == "timm":
        import timm

        return timm.create_model(rest, pretrained=False).eval(), (), {}
    module, args, kwargs = _zoo(zoo)[rest]()
    return module.eval(), args, kwargs


def _zoo(path: str) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("zoo", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, Any] = module.Z
    return found


def lend_torchvision_its_kernels() -> None:
    """Lets torchvision import beside a PyTorch that its own kernels were not built for."""
    import torch

    try:
        import torchvision
    except ModuleNotFoundError:
        return
    except RuntimeError:
        pass
    else:
        return
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, "
        "int pooled_width, int sampling_ratio, bool aligned) -> Tensor"
    )
    for name in ("qnms", "qroi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "deform_conv2d"):
        library.define(f"{name}(Tensor x) -> Tensor")
    for name in ("roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "deform_conv2d"):
        library.define(f"_{name}_backward(Tensor x) -> Tensor")
    library.impl("nms", _kept, "CPU")
    lend_torchvision_its_kernels.library = library  # type: ignore[attr-defined]
    for module in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[module]
    import torchvision.extension

    torchvision.extension._HAS_OPS = True
    torchvision.extension._has_ops = lambda: True


def _kept(boxes: Any, scores: Any, threshold: float) -> Any:
    """Greedy non-maximum suppression."""
    import torch

    kept: list[int] = []
    x1, y1, x2, y2 = boxes.unbind(1)
    area = (x2 - x1) * (y2 - y1)
    alive = torch.ones(len(boxes), dtype=torch.bool)
    for index in scores.argsort(descending=True, stable=True).tolist():
        if alive[index]:
            kept.append(index)
            wide = (torch.minimum(x2[index], x2) - torch.maximum(x1[index], x1)).clamp(min=0)
            high = (torch.minimum(y2[index], y2) - torch.maximum(y1[index], y1)).clamp(min=0)
            shared = wide * high
            alive &= shared / (area[index] + area - shared) <= threshold
    return torch.tensor(kept, dtype=torch.int64)


# Checks, in a process of their own


def examine(name: str, zoo: str, thorough: bool) -> dict[str, Any]:
    """What holds of one model; "failed" says what does not."""
    import archviz
    from archviz import api

    try:
        module, args, kwargs = build(name, zoo)
    except Exception as error:  # whatever a constructor raises
        return {"skipped": _said(error)}
    started = time.process_time()
    try:
        model = archviz.load(module, args, kwargs)
    except archviz.ArchvizError as error:
        return {"failed": str(error)}
    found: dict[str, Any] = {"seconds": time.process_time() - started}
    found["operations"] = len(model.body.nodes)
    found["hash"] = hashlib.sha256(str(api.render(model, format="json")).encode()).hexdigest()
    if thorough:
        failures = list(_failures(model, module))
        failures += _untrue(module, args, kwargs, is_small=not name.startswith("hf "))
        if failures:
            found["failed"] = "; ".join(failures)
    return found


def _failures(model: Any, module: Any) -> Iterator[str]:
    from archviz import api

    missing = {name for name, _ in module.named_parameters()} - set(model.body.parameters)
    if missing:
        yield f"{len(missing)} parameters are not there, such as {min(missing)}"
    deepest = max((len(node.scope) for node in model.body.nodes), default=0)
    for depth in range(deepest + 1):
        if not _is_acyclic(api.prepare(model, depth=depth).body):
            yield f"a cycle at depth {depth}"


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
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], is_small: bool
) -> list[str]:
    """What a recording, on guessed inputs where none are given, has wrong."""
    from archviz.importers.torch.guesses import guesses
    from archviz.importers.torch.record import CallFailedError, record

    calls = [(args, kwargs)]
    if not args and not kwargs:
        calls = [(guess.args, guess.kwargs) for guess in guesses(module)]
    for call in calls:
        seen: list[str] = []
        hook = register_hook(lambda called, _, seen=seen: seen.append(type(called).__name__))
        try:
            ghost = record(module, *call)
        except CallFailedError:
            continue
        finally:
            hook.remove()
        failures = []
        # A run with other answers for branches on contents starts again, and its hooks with it.
        called = [item.type for item in ghost.calls if item.module is not None]
        if seen[-len(called) :] != called:
            failures.append(f"{len(called)} module calls, where PyTorch's hooks saw {len(seen)}")
        if is_small:
            failures += _unlike_real(module, call, ghost)
        return failures
    return ["no call could be recorded"]


def _unlike_real(module: Any, call: tuple[Any, Any], ghost: Any) -> list[str]:
    """How a run on real tensors differs from the ghost, and from its own recording."""
    from torch_replay import replay

    from archviz.importers.torch.graph import graph_of
    from archviz.importers.torch.reading import _filled
    from archviz.importers.torch.record import record

    ran, wrong = replay(module, *_filled(call))
    failures = [f"{wrong} outputs differ when {ran} operations run again"] if wrong else []
    if not ghost.assumptions:
        real = record(module, *_filled(call), substrate="real")
        if graph_of(ghost) != graph_of(real):
            failures.append("the ghost's graph differs from the real one")
    return failures


def register_hook(hook: Any) -> Any:
    """A hook of PyTorch's own before every module's forward."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    return register_module_forward_pre_hook(hook)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


# The run


def serve(names: list[str], options: argparse.Namespace) -> None:
    """Examines models one by one, each in a fork of this process, which has imported PyTorch."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    sys.path.insert(0, str(REPLAY))
    lend_torchvision_its_kernels()
    import transformers.models.auto.modeling_auto  # noqa: F401

    for name in names:
        sys.stdout.flush()
        process = os.fork()
        if not process:
            signal.alarm(options.seconds)
            try:
                found = examine(name, options.zoo, options.thorough)
            except Exception as error:  # a bug: say which model has it
                found = {"failed": _said(error)}
            print(json.dumps({"name": name, **found}), flush=True)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if status:
            reason = {signal.SIGALRM: f"not within {options.seconds} s"}.get(
                os.WTERMSIG(status), f"ended by signal {os.WTERMSIG(status)}"
            )
            print(json.dumps({"name": name, "failed": reason}), flush=True)


def served(names: list[str], seed: str, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What a server with that hash seed finds, model by model."""
    command = [sys.executable, str(HERE), *names, "--serve", "--zoo", options.zoo]
    command += ["--seconds", str(options.seconds)] + (["--thorough"] if seed == "0" else [])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if line.startswith('{"name"'):
                yield json.loads(line)


def names_of(options: argparse.Namespace) -> list[str]:
    """Every model that can be had here."""
    names = [f"hf {name}" for name in TYPES] + [f"small {name}" for name in SMALL_TYPES]
    if options.zoo:
        names += [f"zoo {name}" for name in _zoo(options.zoo)]
    if importlib.util.find_spec("timm"):
        import random

        import timm

        every = timm.list_models()
        names += [f"timm {name}" for name in sorted(random.Random(0).sample(every, 40))]
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="models, or a kind: hf, small, timm, zoo")
    parser.add_argument("--zoo", default="", help="a torch_zoo.py")
    parser.add_argument("--seconds", type=int, default=120, help="limit for one model")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--thorough", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.names, options)
        return
    names = [
        name
        for name in names_of(options)
        if not options.names or name in options.names or name.split()[0] in options.names
    ]
    if options.list:
        print("\n".join(names))
        return
    counts: dict[str, list[int]] = {}
    for found, again in zip(served(names, "0", options), served(names, "1", options), strict=True):
        name = found["name"]
        if "hash" in found and found["hash"] != again.get("hash"):
            found.setdefault("failed", "the JSON differs with the hash seed")
        tally = counts.setdefault(name.split()[0], [0, 0, 0])
        if "skipped" in found:
            tally[2] += 1
            print(f"{name:38} cannot be built: {found['skipped']}", flush=True)
            continue
        tally[1] += 1
        if "failed" in found:
            print(f"{name:38} FAILED {found['failed']}", flush=True)
            continue
        tally[0] += 1
        text = f"{name:38} {found['operations']:6} operations {found['seconds']:6.2f} CPU s"
        print(text, flush=True)
    for kind, (right, total, skipped) in counts.items():
        print(f"{kind}: {right} of {total} right, {skipped} cannot be built")


if __name__ == "__main__":
    main()
