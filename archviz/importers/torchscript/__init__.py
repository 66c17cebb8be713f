"""TorchScript archives: ``torch.jit.save`` of scripted and traced modules, as a graph.

The code in the archive is parsed and followed with values that stand for tensors; nothing of it is
run, and no weight is read.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.torchscript.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "torchscript",
    "TorchScript archive",
    sniff,
    Postponed("archviz.importers.torchscript.read", "read"),
    SUFFIXES,
)
