"""A process that reads files made to do harm, each in a process of its own.

That one is killed beyond five seconds of CPU time, reports its memory, and has an audit hook that
sees what is imported, started, removed, asked of the net, or opened though it is secret.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CPU_SECONDS = 5
MEGABYTES = 300

SERVER = r"""
import json, os, resource, sys
import numpy
from archviz import api
from archviz.errors import ImporterError
from archviz.importers import IMPORTERS
from archviz.ir.verify import verify
from archviz.renderers.json import render
from archviz.source import Source
import bz2, gzip, lzma, zipfile, tempfile, random, signal
list(IMPORTERS.builtin())
started = []
def hook(event, args):
    if event in ("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.remove"):
        started.append(event)
    elif event.startswith(("socket.", "urllib.")):
        started.append(event)
    elif event == "open" and str(args[0]).endswith("secret.txt"):
        started.append(f"open {args[0]}")
    elif event == "import" and args[0].split(".")[0] in ("sklearn", "joblib", "subprocess"):
        started.append(f"import {args[0]}")
def report(path, importer, seconds):
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(5 * seconds)  # for what waits instead of working
    sys.addaudithook(hook)
    try:
        model = api.load(path, importer=importer)
        problems = verify(model.body)
        outcome = f"unsound: {problems[0]}" if problems else "model"
    except ImporterError as error:
        outcome = f"sentence: {error}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"outcome": outcome, "started": started, "megabytes": peak}
for line in sys.stdin:
    path, importer, seconds = json.loads(line)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            made = report(path, importer, seconds)
        except BaseException as error:
            made = {"outcome": f"{type(error).__name__}: {error}"[:500], "started": ["error"]}
        os.write(writing, json.dumps(made).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    print(content.decode() or json.dumps({"outcome": f"killed {status}"}), flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that reads each file it is told in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    ) as process:  # fmt: skip
        yield process
        assert process.stdin is not None
        process.stdin.close()


def outcome_of(server: subprocess.Popen[str], path: Path, importer: str) -> str:
    """What reading the file comes to, when it keeps the limits."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps([str(path), importer, CPU_SECONDS]) + "\n")
    server.stdin.flush()
    report = json.loads(server.stdout.readline())
    outcome = str(report["outcome"])
    assert outcome.startswith(("model", "sentence: "))
    assert report["started"] == []
    assert report["megabytes"] < MEGABYTES
    assert "\n" not in outcome
    return outcome
