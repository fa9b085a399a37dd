"""The server: the same system for other programs, for the people who approve, and for those on call.

It asks the façade for all that it does, on behalf of whoever asks; it looks into no store by itself. How things look is
said in `podium.api`.
"""
