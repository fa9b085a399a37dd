"""The rules every call passes, one a file. A rule that does not apply to an agent is not in its chain."""
