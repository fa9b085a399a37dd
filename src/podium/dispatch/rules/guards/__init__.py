"""Guards: checks of what goes into agents and of what comes out."""
