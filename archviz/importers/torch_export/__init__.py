"""Programs that ``torch.export.save`` wrote (.pt2): the whole graph, from its JSON.

Neither PyTorch nor the weights are needed, and the pickles beside the graph are not opened.
"""

from __future__ import annotations

from archviz.importers import Importer
from archviz.importers.torch_export.sniff import SUFFIXES, sniff
from archviz.registry import Postponed

IMPORTER = Importer(
    "torch-export",
    "PyTorch exported program",
    sniff,
    Postponed("archviz.importers.torch_export.read", "read"),
    SUFFIXES,
    weights=Postponed("archviz.importers.torch_export.values", "weights"),
)
