"""Sides of the evidence that a figure can show; apart, for the command line waits for no plot."""

SIGNS = ("older", "younger", "both")
