"""The steps of a run: each takes what it needs and returns a result."""
