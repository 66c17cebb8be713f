"""Plugin options: the keyword-only parameters of a plugin's function, read from text."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from archviz.errors import OptionError, closest
from archviz.records import field, record


@record
class Option:
    """One option of a plugin.

    Attributes:
        name: As written in text, with "-" for "_".
        default: What it is when not given.
        written: The parameter's type, as its function has it: mostly as text.
        names: What names in that text stand for.
    """

    name: str
    default: object
    written: object
    names: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def annotation(self) -> object:
        """The parameter's type."""
        holder = types.SimpleNamespace(__annotations__={self.name: self.written})
        return get_type_hints(holder, self.names)[self.name]


@lru_cache(maxsize=512)
def options_of(function: Callable[..., object]) -> dict[str, Option]:
    """The options that ``function`` takes, by name."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if not isinstance(function, types.FunctionType):
        return _options_by_signature(function)
    # To import what inspects any callable would take longer than to draw a small tree.
    code, defaults, hints = function.__code__, function.__kwdefaults__, function.__annotations__
    end = code.co_argcount + code.co_kwonlyargcount
    return {
        name.replace("_", "-"): Option(
            name.replace("_", "-"),
            (defaults or {}).get(name),
            hints.get(name, str),
            function.__globals__,
        )
        for name in code.co_varnames[code.co_argcount : end]
    }


def _options_by_signature(function: Callable[..., object]) -> dict[str, Option]:
    import inspect

    hints = get_type_hints(function)
    return {
        name.replace("_", "-"): Option(
            name.replace("_", "-"), parameter.default, hints.get(name, str)
        )
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def bind(
    function: Callable[..., object], given: Mapping[str, object], owner: str
) -> dict[str, Any]:
    """Keyword arguments for ``function`` from option names and values.

    Args:
        function: A plugin's function.
        given: Values by option name; text is parsed by the parameter's annotation.
        owner: What messages call the plugin.

    Raises:
        OptionError: A name is unknown or a value does not fit.
    """
    if not given:
        return {}
    known = options_of(function)
    bound: dict[str, Any] = {}
    for name, value in given.items():
        option = known.get(name.replace("_", "-"))
        if option is None:
            raise OptionError(f"{owner} has no option {name!r}", nearest(name, known))
        key = option.name.replace("-", "_")
        bound[key] = (
            parse_value(value, option.annotation, f"{option.name} of {owner}")
            if isinstance(value, str)
            else value
        )
    return bound


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say to who wrote ``name``: the option that is most like it, or all of them."""
    options = list(known)
    near = closest(name.replace("_", "-"), options)
    if near:
        return f"did you mean {near!r}?"
    return f"its options are: {', '.join(options)}" if options else "it has no options"


def parse_value(text: str, annotation: object, owner: str) -> object:
    """``text`` as a value of the type ``annotation``.

    Raises:
        OptionError: It cannot be one.
    """
    origin = get_origin(annotation)
    if origin is Literal:
        choices = get_args(annotation)
        if text not in choices:
            raise OptionError(
                f"{owner} is {text!r}", f"it takes one of: {', '.join(map(str, choices))}"
            )
        return text
    if origin in (Union, types.UnionType):
        members = get_args(annotation)
        if type(None) in members and text.lower() in ("none", ""):
            return None
        for member in members:
            if member is type(None) or member is str:
                continue
            try:
                return parse_value(text, member, owner)
            except OptionError:
                continue
        if str in members:
            return text
        raise OptionError(f"{owner} is {text!r}", f"it takes {describe_type(annotation)}")
    if annotation is bool:
        if text.lower() in ("true", "yes", "on", "1"):
            return True
        if text.lower() in ("false", "no", "off", "0"):
            return False
        raise OptionError(f"{owner} is {text!r}", "it takes true or false")
    if annotation in (int, float):
        try:
            return annotation(text)
        except ValueError:
            wanted = "a whole number" if annotation is int else "a number"
            raise OptionError(f"{owner} is {text!r}", f"it takes {wanted}") from None
    if origin is tuple:
        inner = get_args(annotation)[0]
        return tuple(parse_value(part, inner, owner) for part in text.split(",") if part)
    return text


def describe_type(annotation: object) -> str:
    """What an option of this annotation takes, in words: "a whole number or auto or all"."""
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(map(str, get_args(annotation)))
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return " or ".join(describe_type(member) for member in members)
    if origin in (tuple, list) or str(origin).endswith("Sequence'>"):
        return f"{describe_type(get_args(annotation)[0])}, several with commas"
    if origin is not None and issubclass(origin, Mapping):
        return "names with text" if get_args(annotation)[1] is str else "names with sizes"
    words: dict[object, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        object: "a file",
    }
    return words.get(annotation, str(getattr(annotation, "__name__", annotation)))


def parse_bindings(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Sizes by name from "x=1,3,224,224" and "batch=1".

    Raises:
        OptionError: A text has no "=", or a size is no whole number.
    """
    found: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, equals, sizes = text.rpartition("=")
        try:
            found[name] = tuple(int(size) for size in sizes.split(",") if size.strip())
        except ValueError:
            equals = ""
        if not equals or not name:
            raise OptionError(f"the shape {text!r} cannot be read", "write x=1,3,224,224")
    return found


def parse_plugin(text: str) -> tuple[str, dict[str, str]]:
    """The plugin's name and options from "name:key=value:key=value".

    Raises:
        OptionError: A part behind the name has no "=".
    """
    name, *parts = text.split(":")
    options = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals:
            raise OptionError(f"{part!r} in {text!r} has no '='", "write name:key=value")
        options[key] = value
    return name, options
