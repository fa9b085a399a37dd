"""Limits: how many calls at once, and how many in a time."""
