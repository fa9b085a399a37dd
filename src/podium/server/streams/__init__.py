"""Streams of server-sent events: how each event is written, and how they are sent without holding up anybody."""
