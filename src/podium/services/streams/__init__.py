"""The events of runs on their way to whoever watches, in this process or another."""
