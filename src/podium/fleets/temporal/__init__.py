"""The fleet that places runs through Temporal. Needs the extra `podium[temporal]`."""
