"""What ``torch.load(weights_only=False)`` would import and call; told, and never done.

Names are judged by a list of what is known to be harmless. A list of what is dangerous would miss
what nobody has thought of yet; one of that kind only makes the words stronger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archviz.ir import Diagnostic, Severity
from archviz.reading.names import clean
from archviz.reading.pickles import PickleReader

_KNOWN = frozenset({
    "argparse.Namespace", "builtins.bool", "builtins.complex", "builtins.float", "builtins.int",
    "builtins.object", "builtins.range", "builtins.slice", "builtins.str", "datetime.datetime",
    "datetime.timedelta", "datetime.timezone", "functools.partial", "pathlib.Path",
    "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "types.SimpleNamespace",
    "uuid.UUID",
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
})  # fmt: skip
_KNOWN_PACKAGES = ("torch.nn.", "torch.ao.nn.", "torch.optim.", "torch.quantization.")
_POWERFUL = frozenset({
    "_pickle", "asyncio", "bdb", "builtins", "cProfile", "code", "codeop", "commands", "ctypes",
    "distutils", "ftplib", "http", "idlelib", "imp", "importlib", "io", "marshal",
    "multiprocessing", "nt", "operator", "os", "pdb", "pickle", "pip", "pkgutil", "platform",
    "popen2", "posix", "profile", "pty", "pydoc", "requests", "runpy", "setuptools", "shutil",
    "signal", "site", "smtplib", "socket", "subprocess", "sys", "tempfile", "threading", "timeit",
    "trace", "types", "urllib", "webbrowser",
})  # fmt: skip
_MAX_NAMED = 5


def report(readers: list[PickleReader]) -> list[Diagnostic]:
    """Diagnostics on the classes and functions that pickles name.

    Args:
        readers: Those that have read the file's pickles.
    """
    calls: dict[str, tuple[Any, ...]] = {}
    names: dict[str, None] = {}
    for reader in readers:
        names.update(dict.fromkeys(reader.names))
        calls = {**reader.first_args, **calls}
    foreign = [name for name in names if not _is_known(name, readers)]
    powerful = [name for name in foreign if name.partition(".")[0] in _POWERFUL]
    found = []
    if powerful or "?" in calls:
        told = [_call(name, calls) for name in powerful] or ["what a call returns"]
        found.append(
            Diagnostic(
                "pickle-runs-code",
                Severity.ERROR,
                f"loading this file with torch.load(weights_only=False) would run {_listed(told)}; "
                "archviz ran nothing",
                hint="do not load it; ask where it comes from",
            )
        )
    rest = [name for name in foreign if name not in powerful]
    if rest:
        found.append(
            Diagnostic(
                "pickle-imports",
                Severity.INFO,
                f"loading this file with torch.load(weights_only=False) would import "
                f"{_listed([clean(name) for name in rest])}; archviz imported nothing",
            )
        )
    return found


def _is_known(name: str, readers: list[PickleReader]) -> bool:
    if name in _KNOWN or name.startswith(_KNOWN_PACKAGES):
        return True
    if any(reader.vouches_for(name) for reader in readers):
        return True
    # A dtype, a storage class: named, not called.
    package, _, rest = name.partition(".")
    return package == "torch" and "." not in rest and not any(name in r.calls for r in readers)


def _call(name: str, calls: Mapping[str, tuple[Any, ...]]) -> str:
    if name not in calls:
        return clean(name)
    return clean(f"{name}({', '.join(_argument(item) for item in calls[name][:3])})")


def _argument(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:59]}…")
    return str(value)[:20] if isinstance(value, bool | int | float) else "…"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMED])
    more = len(names) - _MAX_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown
