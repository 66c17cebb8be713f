"""Gradient edges of a recorded call, and what backward makes of them.

The recorder is the importer's own; what is added watches it. ``watcher`` notes, for every value,
what its autograd node reaches; ``patches`` shows it what the recorder alone would not see;
``convert`` makes the analysis' value graph of both; ``backward`` follows gradient on tensors;
``check`` is the whole.
"""
