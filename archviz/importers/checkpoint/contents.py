"""What a checkpoint holds besides the model, and which part of it is the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archviz.importers.checkpoint.modules import modules_in
from archviz.importers.checkpoint.stored import Stored
from archviz.ir import TensorType
from archviz.reading import MalformedError
from archviz.reading.names import clean
from archviz.reading.pickles import Instance, OrderedDictionary
from archviz.reading.torch_pickles import Tensor
from archviz.records import field, mutable

MAX_TENSORS = 200_000
MAX_NESTING = 64
MAX_FACTS = 20

_PREFERRED = (
    "state_dict", "model_state_dict", "model_state", "model", "module", "net", "network",
    "weights", "params", "generator", "g_ema", "encoder", "teacher", "student",
)  # fmt: skip
_COPIES = (
    "params_ema",
    "ema",
    "ema_state_dict",
    "model_ema",
    "state_dict_ema",
    "ema_model",
    "g_ema",
)
_NO_MODEL = ("optim", "scheduler", "scaler", "rng", "amp", "lr_", "loop", "callback", "sampler")


@mutable
class Contents:
    """The parts of a checkpoint.

    Attributes:
        part: Key of the entry that is taken for the model; "" when all of it is.
        module: The model as a pickled module, or None.
        tensors: The model's tensors otherwise.
        modules: Names of modules that a state dictionary lists, those without tensors too.
        left_out: Keys of further entries with tensors, and how many each has.
        facts: Plain values beside the model.
    """

    part: str = ""
    module: Instance | None = None
    tensors: list[Stored] = field(default_factory=list)
    modules: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


def contents_of(root: Any, part: str = "") -> Contents:
    """What is in an unpickled checkpoint.

    Args:
        root: What the pickle describes.
        part: Key of the entry to take for the model; "" chooses.

    Raises:
        MalformedError: There is no such part, or no tensor and no module at all.
    """
    found = Contents(part)
    if isinstance(root, dict) and not _is_flat(root):
        if not part:
            part = found.part = _chosen(root)
        if part:
            model = _entry(root, part)
            _note_rest(root, part, found)
        else:
            model = {key: value for key, value in root.items() if not _is_no_model(key, value)}
            _note_rest(root, "", found, dropped=root.keys() - model.keys())
    elif part:
        raise MalformedError(
            f"it has no entry {clean(part)!r}", "leave the option part out: all of it is one model"
        )
    else:
        model = root
    modules = modules_in(model)
    if modules:
        key, found.module = next(iter(modules.items()))
        found.part = ".".join(name for name in (found.part, clean(key)) if name)
        found.left_out.update((clean(name), 0) for name in list(modules)[1:])
        return found
    found.tensors = list(stored_in(model))
    found.modules = _listed_modules(model)
    if not found.tensors:
        raise MalformedError(
            "it holds no tensor and no module",
            "give a file that torch.save wrote of a model or of its state_dict()",
        )
    return found


def _entry(root: dict[Any, Any], part: str) -> Any:
    here: Any = root
    for name in [part] if part in root else part.split("."):
        if not isinstance(here, dict) or name not in here:
            keys = ", ".join(clean(str(key))[:40] for key in list(root)[:8])
            raise MalformedError(f"it has no entry {clean(part)!r}", f"it has: {keys}")
        here = here[name]
    return here


def _is_flat(root: dict[Any, Any]) -> bool:
    """Whether it is a state dictionary itself, as tensors right in it tell."""
    tensors = sum(isinstance(value, Tensor) for value in root.values())
    return tensors > 0 and tensors * 2 >= len(root)


def _is_no_model(key: object, value: object) -> bool:
    if isinstance(value, dict) and "param_groups" in value and "state" in value:
        return True
    name = str(key).lower()
    return any(word in name for word in _NO_MODEL) or not isinstance(
        value, Tensor | dict | list | tuple | Instance
    )


def _chosen(root: dict[Any, Any]) -> str:
    """The key of the model; "" when several entries share that."""
    candidates = [
        key
        for key, value in root.items()
        if isinstance(key, str)
        and not isinstance(value, Tensor)
        and not _is_no_model(key, value)
        and _holds_model(value)
    ]
    if len(candidates) == 1:
        return candidates[0]
    main = [key for key in candidates if key.lower() not in _COPIES]
    if len(main) == 1:
        return main[0]
    return next((key for key in _PREFERRED[:5] if key in main), "")


def _holds_model(value: Any) -> bool:
    if modules_in(value):
        return True
    return next(iter(stored_in(value)), None) is not None


def _note_rest(root: dict[Any, Any], part: str, found: Contents, dropped: Any = None) -> None:
    chosen = part if part in root else part.partition(".")[0]
    for key, value in root.items():
        if key == chosen or (dropped is not None and key not in dropped):
            continue
        name = clean(str(key))
        if isinstance(value, str | bool | int | float):
            if len(found.facts) < MAX_FACTS:
                found.facts[name[:60]] = clean(str(value))[:200]
            continue
        count = sum(1 for _ in stored_in(value))
        if count:
            found.left_out[name[:60]] = count


def _listed_modules(model: Any) -> tuple[str, ...]:
    """Names of all modules, which ``state_dict()`` notes beside the tensors."""
    state = model.state if isinstance(model, OrderedDictionary) else None
    listed = state.get("_metadata") if isinstance(state, dict) else None
    if not isinstance(listed, dict) or len(listed) > MAX_TENSORS:
        return ()
    return tuple(key for key in listed if isinstance(key, str) and key)


def stored_in(root: Any) -> Iterator[Stored]:
    """What is known of all tensors inside nested containers and objects, in the file's order.

    Raises:
        MalformedError: There are too many, or they nest too deep.
    """
    for name, value in tensors_in(root):
        yield Stored(
            name,
            TensorType(value.dtype, value.shape),
            value.place,
            value.requires_grad if value.is_parameter else None,
        )


def tensors_in(root: Any) -> Iterator[tuple[str, Tensor]]:
    """All tensors inside nested containers and objects by dotted names, in the file's order.

    Raises:
        MalformedError: There are too many, or they nest too deep.
    """
    seen: set[int] = set()
    stack: list[tuple[str, Any, int]] = [("", root, 0)]
    count = 0
    while stack:
        name, value, depth = stack.pop()
        if isinstance(value, Tensor):
            count += 1
            if count > MAX_TENSORS:
                raise MalformedError(f"it has more than {MAX_TENSORS:,} tensors")
            yield name or "tensor", value
            continue
        inner = list(_inside(value))
        if not inner or id(value) in seen:
            continue
        if depth > MAX_NESTING:
            raise MalformedError(f"its values nest more than {MAX_NESTING} deep")
        seen.add(id(value))
        stack += [
            (f"{name}.{key}" if name else str(key), item, depth + 1)
            for key, item in reversed(inner)
            if isinstance(item, Tensor | dict | list | tuple | Instance)
        ]


def _inside(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Instance):
        yield from value.attributes.items()
        yield from value.pairs.items()
        yield from enumerate(value.items)
