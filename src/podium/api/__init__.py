"""How what Podium has looks to other programs: bodies in JSON, said once for the server and for its clients.

A file for each resource. Each body is a frozen Pydantic model with `of(…)`, which makes it of what the façade gives.
Imports what the façade gives, and nothing of the server.
"""
