"""skops files: a zip archive of a schema and of arrays.

``schema.json`` describes each object by its class and its content; an object that occurs again is
named by its id. Nothing of what it names is imported or called.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from archviz.errors import ImporterError
from archviz.importers.sklearn.compression import FREE_BYTES, MAX_BYTES, MAX_RATIO
from archviz.reading import json, naming
from archviz.reading.pickles import Global, Instance
from archviz.source import Source

MAX_DEPTH = 200
_SEQUENCES = ("list", "tuple", "set", "frozenset")


def load(source: Source) -> Any:
    """What the file describes, in the terms that pickles are described in.

    Raises:
        ImporterError: It is no skops file.
    """
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive, naming(source.name):
            reader = _Reader(archive, source.size)
            return reader.value(json.parse(reader.member("schema.json")), 0)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:100]
        raise ImporterError(
            f"{source.name}: this is no skops file that can be read ({reason})",
            "save it again with: skops.io.dump",
        ) from None
    except MemoryError:
        raise ImporterError(f"{source.name}: its arrays claim more than the memory") from None
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ImporterError(
            f"{source.name}: the archive is broken ({str(error)[:80].lower()})",
            "download or save it again",
        ) from None


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive = archive
        self.known: dict[Any, Any] = {}
        self.left = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * size))

    def member(self, name: str) -> bytes:
        """The content of a member, as long as all of them are no bomb."""
        info = self.archive.getinfo(name)
        self.left -= info.file_size
        if self.left < 0:
            raise ValueError("its members are too large")
        return self.archive.read(info)

    def value(self, node: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("its objects nest too deep")
        if not isinstance(node, dict):
            return node
        id_ = node.get("__id__")
        if id_ in self.known:
            return self.known[id_]
        made = self._made(node, depth + 1)
        if id_ is not None:
            self.known[id_] = made
        return made

    def _made(self, node: dict[str, Any], depth: int) -> Any:
        loader = str(node.get("__loader__", ""))
        name, module = str(node.get("__class__", "")), str(node.get("__module__", ""))
        content = node.get("content")
        if loader == "JsonNode":
            return json.parse(content.encode()) if isinstance(content, str) else content
        if loader == "NdArrayNode":
            return self._array(node, depth)
        if name in _SEQUENCES and module == "builtins" and isinstance(content, list):
            items = [self.value(item, depth) for item in content]
            return tuple(items) if name == "tuple" else items
        if isinstance(content, dict) and name in ("dict", "defaultdict", "OrderedDict"):
            return self._dictionary(node, content, depth)
        if loader == "FunctionNode" or loader == "TypeNode":
            return Global(module, name)
        if loader == "TreeNode":
            return self._tree(node, module, name, depth)
        made = Instance(Global(module, name))
        if id_ := node.get("__id__"):
            self.known[id_] = made
        if isinstance(content, dict):
            inner = (
                self.value(content, depth)
                if "__class__" in content
                else {str(key): self.value(item, depth) for key, item in content.items()}
            )
            made.state = inner
        return made

    def _dictionary(self, node: dict[str, Any], content: dict[str, Any], depth: int) -> Any:
        keys = node.get("key_types")
        types = self.value(keys, depth) if keys is not None else []
        found: dict[Any, Any] = {}
        for index, (key, item) in enumerate(content.items()):
            is_int = index < len(types) and getattr(types[index], "name", "") == "int"
            found[int(key) if is_int else key] = self.value(item, depth)
        return found

    def _array(self, node: dict[str, Any], depth: int) -> Any:
        """An array of numbers from its own member, or a list of the objects in one of objects."""
        import numpy as np

        if node.get("type") != "numpy":
            content = node.get("content")
            listed = self.value(content, depth)
            return listed if isinstance(listed, list) else []
        found = np.load(io.BytesIO(self.member(str(node["file"]))), allow_pickle=False)
        if not isinstance(found, np.ndarray):
            raise TypeError("a member is no array")
        return found if found.shape else found.item()

    def _tree(self, node: dict[str, Any], module: str, name: str, depth: int) -> Instance:
        content = node.get("content")
        parts: dict[str, Any] = content if isinstance(content, dict) else {}
        args = self.value(parts.get("args", node.get("args")), depth)
        made = Instance(Global(module, name), tuple(args) if isinstance(args, list | tuple) else ())
        state = parts.get("state", node.get("state", content))
        made.state = self.value(state, depth)
        return made
