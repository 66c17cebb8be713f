"""Folders and configurations of Hugging Face: the model from its configuration, without weights.

Nothing in the folder is executed: a class is taken from the installed transformers, by the name
that the configuration gives, or not at all.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from archviz.errors import ImporterError
from archviz.source import Source

CONFIG = "config.json"
MOST_BYTES = 4 << 20


def configuration_in(source: Source) -> dict[str, Any] | None:
    """The configuration that a folder or file holds, or None when it is none of a model."""
    if source.path is None or source.is_live:
        return None
    path = source.path / CONFIG if source.kind == "folder" else source.path
    if path.name != CONFIG:
        return None
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    is_model = isinstance(found, dict) and isinstance(found.get("model_type"), str)
    return found if is_model else None


def can_build() -> bool:
    """Whether transformers and PyTorch are installed; neither is imported."""
    return find_spec("transformers") is not None and find_spec("torch") is not None


def build(source: Source) -> Any:
    """The model of the configuration, on ghost tensors.

    Raises:
        ImporterError: transformers does not know it, or cannot make it.
    """
    settings = configuration_in(source)
    if settings is None:
        raise ImporterError(f"{source.name}: there is no {CONFIG} of a model in it")
    import torch
    import transformers

    from archviz.importers import first_line
    from archviz.importers.torch.building import weightless

    transformers.logging.set_verbosity_error()
    kind = settings["model_type"]
    names = settings.get("architectures") or []
    # Weights are not read, so how they are packed does not matter; code is not run.
    rest = {
        key: value
        for key, value in settings.items()
        if key not in ("model_type", "auto_map", "quantization_config")
    }
    dtype = rest.pop("dtype", None) or rest.pop("torch_dtype", None)
    precision = getattr(torch, str(dtype).removeprefix("torch."), None)
    is_known = isinstance(precision, torch.dtype) and precision.is_floating_point
    before = torch.get_default_dtype()
    try:
        configuration = transformers.AutoConfig.for_model(kind, **rest)
        class_ = getattr(transformers, str(names[0]), None) if names else None
        with weightless():
            if is_known:
                torch.set_default_dtype(precision)
            if isinstance(class_, type) and hasattr(class_, "_from_config"):
                return class_._from_config(configuration)
            return transformers.AutoModel.from_config(configuration)
    except Exception as error:  # whatever a constructor of transformers raises
        raise ImporterError(
            f"{source.name}: transformers {transformers.__version__} cannot make a model of the "
            f"type {kind!r} from {CONFIG} ({type(error).__name__}: {first_line(error)})",
            "update transformers, or give the model in Python",
        ) from error
    finally:
        torch.set_default_dtype(before)
