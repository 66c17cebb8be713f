"""The command line of archviz."""
