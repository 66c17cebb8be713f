"""The architectures that PyTorch's benchmarks run over, and running over them one by one.

Models are made from configurations, with random weights, and nothing is downloaded:

- "hf NAME": a default configuration of ``transformers``, built without memory for its weights;
- "small NAME": one that settings make small, with weights, for what must be run for real;
- "timm NAME", "tv NAME": a model of timm or of torchvision, where they are installed;
- "zoo NAME": one of a ``torch_zoo.py``, whose dictionary ``Z`` holds functions that return a
  module, arguments and keywords.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any


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
    **dict.fromkeys(("num_key_value_heads", "num_experts_per_tok"), 2),
    **dict.fromkeys(("d_kv", "head_dim", "rotary_dim"), 8),
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

TIMM = _names(
    """
    beit_base_patch16_224 botnet26t_256 caformer_s18 cait_xxs24_224 coat_tiny convit_tiny
    convmixer_768_32 convnextv2_atto cpubone_nano crossvit_tiny_240 cs3darknet_focus_s csatv2
    cspnext_tiny davit_tiny deepseek_vit_412m deit3_small_patch16_224 deit_tiny_patch16_224
    densenet121 dla34 dpn68 eca_nfnet_l0 ecaresnet26t edgenext_x_small efficientformer_l1
    efficientformerv2_s0 efficientvim_m1 efficientvit_b0 efficientvit_m0 ese_vovnet19b_slim_dw
    eva02_tiny_patch14_224 fasternet_t0 fastvit_s12 focalnet_tiny_srf gcvit_xxtiny
    gemma4_vit_167m ghostnet_050 gmlp_s16_224 halonet26t hardcorenas_a hgnet_tiny hiera_tiny_224
    hieradet_small hrnet_w18_small iformer_s inception_next_atto inception_resnet_v2
    inception_v3 inception_v4 lambda_resnet26t lcnetv2_small legacy_seresnet18 legacy_xception
    levit_128s lowformer_b0 maxvit_rmlp_pico_rw_256 maxxvit_rmlp_nano_rw_256 mixer_b16_224
    mixnet_s mobilenetv3_small_050 mobilenetv5_base mobileone_s0 mobilevit_xxs mvitv2_tiny
    naflexvit_base_patch16_siglip nasnetalarge nest_tiny nextvit_small pit_xs_224 pnasnet5large
    poolformer_s12 pvt_v2_b0 qwen3_vit_88m rdnet_tiny regnetx_002 repghostnet_050 repvgg_a0
    repvit_m1 res2net50_48w_2s resmlp_12_224 resnest26d resnet18d resnetv2_18 rexnet_100
    samvit_base_patch16_224 selecsls42 sequencer2d_s seresnext26d_32x4d shvit_s1 skresnet18
    skresnext50_32x4d starnet_s050 swiftformer_xs swin_tiny_patch4_window7_224
    swinv2_cr_tiny_224 swinv2_tiny_window16_256 test_byobnet test_coatnet test_convnext
    test_efficientnet test_mambaout test_nfnet test_resnet test_vit test_vit_relpos
    tiny_vit_5m_224 tinynet_e tnt_s_legacy_patch16_224 tresnet_m twins_svt_small vgg11
    visformer_tiny vit_tiny_r_s16_p8_224 vitamin_small_224 volo_d1_224 xception41
    xcit_nano_12_p8_224
    """
)
"""A small model of every module of timm, and of what else some of the modules hold."""


# Models


def transformers_model(name: str, small: bool, with_weights: bool = False) -> Any:
    """A model of a type of ``transformers``; without memory for weights unless it is small."""
    from transformers import AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from archviz.importers.torch.building import weightless

    configuration = CONFIG_MAPPING[name]()
    if small:
        return AutoModel.from_config(CONFIG_MAPPING[name](**_shrunk(configuration.to_dict())))
    with contextlib.nullcontext() if with_weights else weightless():
        return AutoModel.from_config(configuration)


def _shrunk(settings: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if key in SMALL and type(value) is int:
            found[key] = min(value, SMALL[key])
        elif key.endswith("_token_id") and type(value) is int:
            found[key] = value % SMALL["vocab_size"]
        elif key == "attention_types":  # GPT-Neo's kinds of attention and how often they repeat
            found[key] = [[value[0][0], 1]]
        elif key.endswith("_config") and isinstance(value, dict):
            found[key] = {**value, **_shrunk(value)}
    return found


def build(
    name: str, zoo: str, with_weights: bool = False, in_training: bool = False
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The model of that name with its arguments; without any, they are to be guessed.

    Args:
        name: As :func:`names_of` gives it.
        zoo: Path of the ``torch_zoo.py``.
        with_weights: Whether those that are made without memory for weights get it.
        in_training: Whether detectors get targets, and what can be small is small.
    """
    import torch

    torch.manual_seed(0)
    kind, _, rest = name.partition(" ")
    if kind in ("hf", "small"):
        return transformers_model(rest, kind == "small", with_weights).eval(), (), {}
    if kind == "timm":
        import timm

        model = timm.create_model(rest, pretrained=False).eval()
        is_fixed = not in_training or model.pretrained_cfg.get("fixed_input_size")
        return model, () if is_fixed else (torch.rand(2, 3, 128, 128),), {}
    if kind == "tv":
        import torchvision

        settings = _no_weights(rest)
        if in_training:
            settings |= SMALL_DETECTOR.get(_detector(rest), {})
        model = torchvision.models.get_model(rest, weights=None, **settings)
        return model.eval(), _trained_on(rest) if in_training else (), {}
    module, args, kwargs = _zoo(zoo)[rest]()
    return module.eval(), args, kwargs


def _no_weights(name: str) -> dict[str, Any]:
    """What keeps torchvision from downloading a backbone, or from a slow initialisation."""
    if "rcnn" in name or any(part in name for part in ("fcos", "retinanet", "ssd", "lraspp")):
        return {"weights_backbone": None}
    if name.startswith(("deeplab", "fcn")):
        return {"weights_backbone": None}
    return {"init_weights": False} if name in ("googlenet", "inception_v3") else {}


SMALL_DETECTOR = {
    "rcnn": {
        "min_size": 128,
        "max_size": 192,
        "rpn_pre_nms_top_n_train": 100,
        "rpn_post_nms_top_n_train": 30,
        "box_batch_size_per_image": 30,
    },
    "one stage": {"min_size": 128, "max_size": 192},
}
"""Settings that make torchvision's detectors quick to train, by their kind."""


def _detector(name: str) -> str:
    """The kind of detector that a model of torchvision is; "" for none."""
    if "rcnn" in name:
        return "rcnn"
    if name.startswith(("fcos", "retinanet")):
        return "one stage"
    return "fixed size" if name.startswith("ssd") else ""


def _trained_on(name: str) -> tuple[Any, ...]:
    """What a model of torchvision can be trained on; nothing where a guess does."""
    import torch

    if _detector(name):
        corners = torch.tensor([[8.0, 8.0, 100.0, 90.0], [40.0, 30.0, 120.0, 120.0]])
        target = {
            "boxes": corners,
            "labels": torch.tensor([1, 1]),
            "masks": torch.ones(2, 128, 128, dtype=torch.uint8),
            "keypoints": torch.tensor([50.0, 60.0, 1.0]).repeat(2, 17, 1),
        }
        images = [torch.rand(3, 128, 128), torch.rand(3, 128, 128)]
        return images, [target, {key: item.clone() for key, item in target.items()}]
    if name.startswith("raft"):
        return torch.rand(2, 3, 128, 128), torch.rand(2, 3, 128, 128)
    if name.startswith("mvit"):  # it takes no smaller ones, and normalises without statistics
        return (torch.rand(1, 3, 16, 224, 224),)
    if name.startswith(("vit", "maxvit", "swin3d", "r2plus1d", "r3d", "mc3", "s3d")):
        return ()
    size = 192 if "inception" in name else 128
    return (torch.rand(2, 3, size, size),)


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
    # Its own version in Python, which would be compiled; as a kernel it is one operation again.
    module = sys.modules["torchvision.ops.roi_align"]
    library.impl("roi_align", module._roi_align.__wrapped__, "CompositeImplicitAutograd")
    module._has_ops = lambda: True


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


def names_of(zoo: str) -> list[str]:
    """Every model that can be had here."""
    lend_torchvision_its_kernels()  # timm imports torchvision too
    names = [f"hf {name}" for name in TYPES] + [f"small {name}" for name in SMALL_TYPES]
    if zoo:
        names += [f"zoo {name}" for name in _zoo(zoo)]
    if importlib.util.find_spec("timm"):
        names += [f"timm {name}" for name in TIMM]
    if importlib.util.find_spec("torchvision"):
        import torchvision

        names += [f"tv {name}" for name in torchvision.models.list_models()]
    return names


def chosen(names: list[str], wanted: list[str]) -> list[str]:
    """Those of ``names`` that are ``wanted``, by name or kind ("hf"), in that order; else all."""
    if not wanted:
        return names
    return [name for part in wanted for name in names if part in (name, name.split()[0])]


# Running over them


def prepare() -> None:
    """Imports what every model needs, before processes are forked."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    lend_torchvision_its_kernels()
    with contextlib.suppress(ImportError):
        import transformers.models.auto.modeling_auto  # noqa: F401


def in_a_fork(work: Callable[[], dict[str, Any]], seconds: int) -> dict[str, Any]:
    """What ``work`` finds in a process of its own; "failed" when it raises or takes too long.

    Args:
        work: Gives what can be written as JSON.
        seconds: Of CPU time; twenty times as many pass on the clock at most.
    """
    out, into = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(out)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(20 * seconds)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            answer = work()
        except Exception as error:  # a bug: say which model has it
            answer = {"failed": said(error)}
        with os.fdopen(into, "w") as stream:
            json.dump(answer, stream)
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    if text:
        found: dict[str, Any] = json.loads(text)
        return found
    number = os.WTERMSIG(status)
    is_late = number in (signal.SIGPROF, signal.SIGALRM)
    late = f"not within {seconds} CPU s"
    return {"failed": late if is_late else f"ended by signal {number}"}


def said(error: Exception) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
