"""Themes and templates that ship with archviz."""
