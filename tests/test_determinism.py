"""The same bytes in every process, under every hash seed."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import small_model
from samples import every_sample

from archviz import api
from archviz.renderers import RENDERERS

SCRIPT = """
import hashlib, sys
from pathlib import Path
from archviz import api
from archviz.output import encode
from archviz.renderers import RENDERERS
for path in sys.argv[1:]:
    model = api.load(path, importer=Path(path).parent.name)
    for renderer in RENDERERS.builtin():
        for depth in ("auto", "all"):
            content = encode(api.render(model, format=renderer.name, depth=depth))
            print(path, renderer.name, depth, hashlib.sha256(content).hexdigest())
"""


def test_every_hash_seed_gives_the_same_bytes() -> None:
    samples = [str(path) for path in every_sample()]
    printed = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, *samples],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout
        for seed in ("0", "1", "2", "12345", "4294967295")
    ]
    formats = len(RENDERERS.builtin_names)
    assert printed[0].count("\n") == 2 * formats * len(samples) > 0
    for other in printed[1:]:
        assert other.splitlines() == printed[0].splitlines()


def test_equal_models_made_apart_give_the_same_bytes() -> None:
    for renderer in RENDERERS.builtin():
        first = api.render(small_model(), format=renderer.name)
        assert first == api.render(small_model(), format=renderer.name)
