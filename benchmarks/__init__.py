"""Benchmarks: what watching costs. Each is run by `python -m benchmarks.NAME` from the project's root."""
