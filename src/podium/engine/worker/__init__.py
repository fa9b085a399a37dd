"""Who drives runs: claims them, admits them, drives them to their end or next wait.

May import `calls`, `primitives`, `run` and what is below the engine.
"""
