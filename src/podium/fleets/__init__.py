"""Who decides when a run that is ready is driven, and where: a room for each kind of fleet. May import the engine.

Configuration alone chooses (`opening`); nothing in the engine, in patterns or in workflows knows which it is.
"""
