"""Trust: how reliable each agent has been."""
