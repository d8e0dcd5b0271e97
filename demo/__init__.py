"""Synthetic images and a network trained on them, for a first run without data."""
