"""The operating model of a team as a document: exported, checked, compared and applied.

A document is the plain dict that the YAML of docs/registry.md reads as. A row that it lists is
described whole: what is left out has its default. A row that it does not list is left alone.
"""
