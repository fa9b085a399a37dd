"""Twelve teams, each written in Podium and in its peers: `python -m benchmarks.teams`."""
