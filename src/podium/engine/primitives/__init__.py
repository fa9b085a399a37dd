"""What a context gives out beside calls: questions, waits, child runs, joins, look-ups.

May import `run` and what is below the engine.
"""
