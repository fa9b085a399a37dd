"""The desk's staff: agents that work from rules and the handbook, without a model and without a network."""
