"""Webhooks: making and trying them, and delivering what happens to runs and questions."""
