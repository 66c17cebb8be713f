"""TorchScript archives: ``torch.jit.save`` of scripted and traced modules, as a graph.

The code in the archive is parsed and followed with values that stand for tensors; nothing of it is
run, and no weight is read.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.torchscript.read import SUFFIXES, read, sniff

IMPORTER = Importer("torchscript", "TorchScript archive", sniff, read, SUFFIXES)
