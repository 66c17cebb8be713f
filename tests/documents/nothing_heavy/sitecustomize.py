"""On the path of a process, this leaves it without frameworks and without a network."""

from __future__ import annotations

import socket
import sys

AWAY = {
    "graphviz", "keras", "lightgbm", "pygraphviz", "sklearn", "tensorflow", "torch",
    "transformers", "xgboost",
}  # fmt: skip


class _Away:
    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name.partition(".")[0] in AWAY:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _refuse(*_: object, **__: object) -> None:
    raise OSError("there is no network here")


sys.meta_path.insert(0, _Away)  # type: ignore[arg-type]
socket.getaddrinfo = _refuse  # type: ignore[assignment]
socket.socket.connect = _refuse  # type: ignore[assignment,method-assign]
