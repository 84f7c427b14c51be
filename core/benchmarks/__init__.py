"""Benchmarks: how fast a model is here, measured the same way every time."""
