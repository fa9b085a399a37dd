"""One call of a run: from its key through attempts, steps, doubt and permission to its outcome.

May import `primitives`, `run` and what is below the engine.
"""
