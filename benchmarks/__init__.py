"""Benchmarks of Podium beside its peers: run `python -m benchmarks` from the repository root."""
