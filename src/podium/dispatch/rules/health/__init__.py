"""Health checks: skip agents that cannot work."""
