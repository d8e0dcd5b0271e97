"""Sides of the evidence that a figure can show; here so that `--help` need not load matplotlib."""

SIGNS = ("older", "younger", "both")
