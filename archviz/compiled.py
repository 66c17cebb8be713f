"""Data of archviz's own: written as TOML, read as JSON, in a hundredth of the time.

``compiled.json`` in a package holds what the TOML files beside it say, by their names. It is made
anew by ``python templates/compile_data.py``, after a change to one of them.
"""

from __future__ import annotations

import json
import pkgutil
from functools import cache
from typing import Any

FILE = "compiled.json"


@cache
def compiled(package: str, folder: str = "") -> dict[str, Any]:
    """What each TOML file of ``package``, or of a folder in it, says, by its name without suffix.

    The same object each time: whoever changes it copies it first.
    """
    data = pkgutil.get_data(package, f"{folder}/{FILE}" if folder else FILE)
    assert data is not None, f"{package} has no {FILE}"
    found: dict[str, Any] = json.loads(data)
    return found
