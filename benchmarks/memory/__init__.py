"""How well, and how fast, a memory finds by words, by meaning and by both: `python -m benchmarks.memory`."""
