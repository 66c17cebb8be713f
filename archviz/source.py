"""Sources: what a user points at, looked at as little as possible."""

from __future__ import annotations

import importlib
import os
import re
import sys
import weakref
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from archviz.errors import ImporterError, OptionError, closest

HEAD_BYTES = 4096
ZIP_MAGIC = b"PK\x03\x04"
MAX_MEMBERS = 10_000
"""Members of a zip file, or entries of a folder, that are listed."""

_OBJECT_TARGET = r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"


class Source:
    """A file, a folder, standard input or a live object, before any importer reads it.

    Attributes:
        name: What messages and pictures call it: the file's name, or the object's class.
        path: The file or folder, or None.
        maker: The function that makes the live object, or None.
    """

    def __init__(
        self,
        name: str,
        path: Path | None = None,
        live: Any = None,
        maker: Callable[[], Any] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.maker = maker
        self._live = live

    @property
    def object(self) -> Any:
        """The live object, made when it is first asked for; None for a file or folder."""
        if self._live is None and self.maker is not None:
            self.make()
        return self._live

    @property
    def is_made(self) -> bool:
        """Whether the live object is there already, or there is none to make."""
        return self._live is not None or self.maker is None

    def make(self) -> None:
        """Makes the live object, anew when it is there already.

        Raises:
            Exception: Whatever the function raised that makes it.
        """
        if self.maker is not None:
            self._live = self.maker()
            self.__dict__.pop("class_names", None)

    @classmethod
    def of(cls, target: Any) -> Source:
        """The source that ``target`` names.

        Args:
            target: A path, "-" for standard input, "package.module:attribute", a Source or any
                live object.

        Raises:
            ImporterError: There is no such file, or it cannot be read.
        """
        if isinstance(target, Source):
            return target
        if isinstance(target, str) and target == "-":
            return cls._of_stdin()
        if isinstance(target, str | os.PathLike):
            path = Path(os.fspath(target))
            if isinstance(target, str) and names_an_object(target) and not path.exists():
                return cls._of_attribute(target)
            return cls._of_path(path)
        return cls(type(target).__qualname__, live=target)

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Source:
        """A source of what stands inside another, such as a model inside a pickle.

        Args:
            name: What messages call it.
            content: The bytes of a file of their own.
        """
        import tempfile

        copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the source
        copy.write(content)
        copy.flush()
        source = cls(name)
        source._stream = copy
        weakref.finalize(source, copy.close)
        return source

    @classmethod
    def _of_path(cls, path: Path) -> Source:
        try:
            with os.scandir(path) if path.is_dir() else path.open("rb"):
                pass
        except FileNotFoundError:
            raise ImporterError(f"{path}: there is no such file", _neighbours(path)) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ImporterError(f"{path}: it cannot be read ({reason})") from None
        return cls(path.name or str(path), path)

    @classmethod
    def _of_stdin(cls) -> Source:
        import shutil
        import tempfile

        # Importers need to seek, and a pipe cannot; the copy has no name, so nothing is left over.
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the source
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        source = cls("stdin")
        source._stream = copy
        weakref.finalize(source, copy.close)
        if not source.size:
            raise ImporterError("standard input is empty", "pipe a model into it")
        return source

    @classmethod
    def _of_attribute(cls, target: str) -> Source:
        module_name, _, attribute = target.partition(":")
        if "" not in sys.path and os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        try:
            live: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            raise ImporterError(
                f"{target}: there is no file and no module of that name ({error})",
                "give a path, or package.module:attribute",
            ) from error
        except Exception as error:
            lines = str(error).strip().splitlines() or ["no reason was given"]
            raise ImporterError(
                f"{target}: importing {module_name} raised {type(error).__name__}: {lines[0]}",
                f"see where with: python -c 'import {module_name}'",
            ) from error
        try:
            for part in attribute.split("."):
                live = getattr(live, part)
        except AttributeError as error:
            raise ImporterError(f"{target}: {error}") from error
        if _makes_a_model(live):
            return cls(target, maker=live)
        return cls(target, live=live)

    _stream: BinaryIO | None = None

    @property
    def kind(self) -> str:
        """What it is: "file", "folder" or, for a live object, its class."""
        if self.is_live:
            return type(self.object).__qualname__
        return "folder" if self.path is not None and self.path.is_dir() else "file"

    @property
    def is_live(self) -> bool:
        """Whether it is a live object, made already or not."""
        return self._live is not None or self.maker is not None

    @property
    def is_stdin(self) -> bool:
        """Whether the bytes came from standard input."""
        return self._stream is not None

    @property
    def is_file(self) -> bool:
        """Whether there are bytes to read."""
        return not self.is_live and self.kind == "file"

    def open(self) -> BinaryIO:
        """The bytes from the start, seekable; closing it leaves the source usable."""
        if self._stream is not None:
            copy = os.fdopen(os.dup(self._stream.fileno()), "rb", buffering=0)
            copy.seek(0)
            return copy
        if self.path is None or not self.is_file:
            raise ImporterError(f"{self.name}: it is no file")
        return self.path.open("rb", buffering=0)

    @cached_property
    def size(self) -> int:
        """Bytes of the file; 0 for a folder or an object."""
        if not self.is_file:
            return 0
        with self.open() as stream:
            return os.fstat(stream.fileno()).st_size

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the file, 4,096 at most; empty for a folder or an object."""
        if not self.is_file:
            return b""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)

    def begins_with(self, *starts: bytes) -> bool:
        """Whether the file begins with one of ``starts``, white space left aside."""
        return self.head.lstrip().startswith(starts)

    def has_suffix(self, *suffixes: str) -> bool:
        """Whether the name ends with one of ``suffixes``, in either case."""
        return not self.is_live and self.name.lower().endswith(suffixes)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Dotted names of the object's class and its bases, nearest first; () for a file."""
        if not self.is_live:
            return ()
        return tuple(f"{base.__module__}.{base.__qualname__}" for base in type(self.object).__mro__)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Names inside a zip file or a folder, 10,000 at most; () for anything else."""
        if self.kind == "folder" and self.path is not None:
            names: list[str] = []
            for root, folders, files in os.walk(self.path):
                folders.sort()
                inside = Path(root).relative_to(self.path)
                names.extend((inside / name).as_posix() for name in sorted(files))
                if len(names) >= MAX_MEMBERS:
                    break
            return tuple(names[:MAX_MEMBERS])
        if self.head[:4] != ZIP_MAGIC:
            return ()
        from archviz.reading.archives import Archive

        try:
            with self.open() as stream:
                return tuple(Archive(stream, self.size).members)[:MAX_MEMBERS]
        except (ImporterError, OSError):
            return ()

    def recognised_problem(self) -> tuple[str, str] | None:
        """What a file that is no model plainly is, and what to do; None when it is not plain."""
        if not self.is_file:
            return None
        head = self.head.lstrip()
        if not self.size:
            return "the file is empty", "download or export it again"
        if head.startswith(b"version https://git-lfs"):
            return "this is a Git LFS pointer, not the model itself", "run: git lfs pull"
        if head[:1] == b"<" and re.match(rb"<(!doctype html|html|head|\?xml)", head[:64].lower()):
            return (
                "this is a web page, not a model",
                "download the file itself; a login page or an error page may have taken its place",
            )
        if any(re.fullmatch(r"[^./][^/]*/data\.pkl", name) for name in self.members):
            return "this is a PyTorch file", "leave out --from, or say --from checkpoint"
        if re.match(rb"ET\d\d", self.head[4:8]):
            return (
                "this is an ExecuTorch program, whose format is not read",
                "give the exported program (.pt2) that it was made from",
            )
        if head.startswith(ZIP_MAGIC):
            return "this is a zip archive", "unpack it and give the file inside"
        if head.startswith(b"\x1f\x8b"):
            return "this is a gzip file", "run: gunzip"
        return None


def names_an_object(target: str) -> bool:
    """Whether ``target``, where it is no file, is "package.module:attribute"."""
    return ":" in target and re.fullmatch(_OBJECT_TARGET, target) is not None


def _makes_a_model(live: object) -> TypeGuard[Callable[[], object]]:
    """Whether it is a class or function that can be called with nothing, so no model itself."""
    kinds = ("function", "builtin_function_or_method", "method", "partial")
    if type(live).__name__ not in kinds and not isinstance(live, type):
        return False
    import inspect

    try:
        parameters = inspect.signature(live).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
    return all(
        parameter.default is not parameter.empty
        or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in parameters
    )


def _neighbours(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in os.scandir(path.parent))
    except OSError:
        return "check the path"
    near = closest(path.name, names)
    return f"did you mean {near}?" if near else "check the path"


def attribute(text: str) -> Any:
    """What "package.module:attribute" names.

    Raises:
        OptionError: There is no such thing.
    """
    module, _, path = text.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise OptionError(
            f"{text!r} cannot be found ({error})", "write package.module:function"
        ) from None
    return found
