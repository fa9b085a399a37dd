"""Telling people that questions wait for them: durable, together rather than one by one, and by one process."""
