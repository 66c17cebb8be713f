"""Commands in Markdown, with what they print: the documentation's examples, and the odd cases.

In a ```console block a line "$ command" is run by a shell, in a folder of its own for each file
that holds the samples; what follows is what it prints, standard error included. "..." stands for
any text, on a line of its own for any lines; "[exit 2]" is the exit code when it is not 0.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from samples import samples_of

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*(ROOT / "docs").glob("*.md"), *Path(__file__).parent.glob("*.md")])


@dataclass
class Step:
    line: int
    command: str
    expected: list[str] = field(default_factory=list)


def steps_of(document: Path) -> list[Step]:
    steps: list[Step] = []
    is_inside = False
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            is_inside = line == "```console"
        elif is_inside and line.startswith("$ "):
            steps.append(Step(number, line[2:]))
        elif is_inside and steps:
            steps[-1].expected.append(line)
    return steps


def pattern_of(expected: list[str]) -> re.Pattern[str]:
    parts = []
    for line in expected:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*?".join(map(re.escape, line.rstrip().split("..."))) + r" *\n")
    return re.compile("".join(parts))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for sample in (sample for name in ("onnx", "sklearn") for sample in samples_of(name)):
        if sample.is_file():
            shutil.copy(sample, tmp_path)
    for table in Path(__file__).parent.glob("*.csv"):
        shutil.copy(table, tmp_path)
    scripts = tmp_path / ".bin"
    scripts.mkdir()
    script = scripts / "archviz"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m archviz "$@"\n')
    script.chmod(0o755)
    return tmp_path


@pytest.mark.skipif(os.name == "nt", reason="the examples are written for a POSIX shell")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_print_what_the_document_says(document: Path, folder: Path) -> None:
    steps = steps_of(document)
    wrong: list[str] = []
    environment = {
        **os.environ,
        "PATH": f"{folder / '.bin'}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "error",
    }
    for step in steps:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", step.command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        printed = done.stdout.decode().rstrip("\n")
        if done.returncode:
            printed = f"{printed}\n[exit {done.returncode}]".lstrip("\n")
        while step.expected and not step.expected[-1].strip():
            step.expected.pop()
        if not pattern_of(step.expected).fullmatch(f"{printed}\n" if printed else ""):
            wrong.append(
                f"{document.name}:{step.line}: $ {step.command}\nprinted:\n{printed}\n"
                "the document says:\n" + "\n".join(step.expected)
            )
        assert not list(folder.rglob("*.tmp")), f"a partial file was left by: {step.command}"
    if wrong:
        pytest.fail("\n\n".join(wrong), pytrace=False)


def test_the_documents_have_commands() -> None:
    assert sum(len(steps_of(document)) for document in DOCUMENTS) > 30
