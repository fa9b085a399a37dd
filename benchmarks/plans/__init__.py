"""Wished-for and injected plans, to measure what rules about the origin of arguments, and allow-lists, keep off."""
