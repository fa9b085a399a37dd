"""The calls of a run as a tree, read from its facts."""
