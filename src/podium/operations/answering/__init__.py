"""Agents among the people whom questions are given to."""
