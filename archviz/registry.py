"""Families of plugins: found by scanning a package, extended through entry points."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from archviz.errors import OptionError, PluginError, closest


class Plugin(Protocol):
    """What every family's contract has."""

    @property
    def name(self) -> str:
        """Kebab-case name, unique in the family."""

    @property
    def title(self) -> str:
        """A few words for listings."""


P = TypeVar("P", bound=Plugin)


class Postponed:
    """A plugin's function whose module is imported when it is called, or its signature asked for.

    Args:
        module: The module's whole name.
        name: The function's.
    """

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    @cached_property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function; by this name ``inspect.unwrap`` and ``inspect.signature`` find it."""
        function: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns."""
        return self.__wrapped__(*args, **kwargs)


class Registry(Generic[P]):
    """One family of plugins.

    Built-in plugins are the modules of the family's package; their names are the modules', with
    "-" for "_". Other distributions add to the entry-point group with the package's name
    (``archviz.importers``); an entry point loads to a contract object, is read only when a
    built-in does not answer, and cannot take a built-in's name.

    Args:
        package: The family's package, "archviz.importers".
        constant: What each module ends with, "IMPORTER".
        contract: The dataclass that the constant is an instance of.
    """

    def __init__(self, package: str, constant: str, contract: type[P]) -> None:
        self.package = package
        self.constant = constant
        self.contract = contract

    @cached_property
    def builtin_names(self) -> tuple[str, ...]:
        """Names of the built-in plugins, sorted."""
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(name.replace("_", "-") for name in _modules(path)))

    @cached_property
    def _third_party(self) -> dict[str, P]:
        from importlib.metadata import entry_points

        found: dict[str, P] = {}
        for point in sorted(entry_points(group=self.package), key=lambda point: point.name):
            if point.name in self.builtin_names:
                continue
            try:
                plugin = point.load()
            except Exception as error:
                raise PluginError(
                    f"the plugin {point.name!r} of group {self.package!r} does not load "
                    f"({type(error).__name__}: {error})",
                    "upgrade or uninstall the distribution that brings it",
                ) from error
            found[point.name] = self._checked(plugin, point.name, point.value)
        return found

    def _checked(self, plugin: object, name: str, where: str) -> P:
        if not isinstance(plugin, self.contract):
            raise PluginError(
                f"{where} is not an instance of {self.contract.__module__}."
                f"{self.contract.__qualname__}"
            )
        if plugin.name != name:
            raise PluginError(f"{where} calls itself {plugin.name!r}, not {name!r}")
        return plugin

    def _load_builtin(self, name: str) -> P:
        module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
        return self._checked(getattr(module, self.constant, None), name, module.__name__)

    def builtin(self) -> Iterator[P]:
        """The built-in plugins by name."""
        return map(self._load_builtin, self.builtin_names)

    def third_party(self) -> Iterator[P]:
        """The plugins of other distributions by name."""
        return iter(self._third_party.values())

    def all(self) -> Iterator[P]:
        """Every plugin, built-in ones first."""
        yield from self.builtin()
        yield from self.third_party()

    def get(self, name: str) -> P:
        """The plugin called ``name``.

        Raises:
            OptionError: There is none.
        """
        if name in self.builtin_names:
            return self._load_builtin(name)
        if name in self._third_party:
            return self._third_party[name]
        known = [*self.builtin_names, *self._third_party]
        family = self.package.rpartition(".")[2]
        near = closest(name, known)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(known)}"
        raise OptionError(f"{name!r} is not among the {family}", hint)


def _modules(path: Sequence[str]) -> list[str]:
    """Names of the modules in the folders of ``path``."""
    if not all(map(os.path.isdir, path)):  # a zip archive, or a program in one file
        import pkgutil

        return [module.name for module in pkgutil.iter_modules(path)]
    found = []
    for folder in path:
        for name in os.listdir(folder):
            stem, suffix = os.path.splitext(name)
            if stem.isidentifier() and stem != "__init__":
                inner = os.path.join(folder, name, "__init__.py")
                if suffix == ".py" or (not suffix and os.path.isfile(inner)):
                    found.append(stem)
    return found
