"""One run in memory: its history, its branches, and what every primitive needs of it.

May import what is below the engine.
"""
