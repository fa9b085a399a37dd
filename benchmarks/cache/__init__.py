"""How often a cache by meaning gives a wrong answer, and how often a right one: `python -m benchmarks.cache`."""
