"""Answers of HTTP by which the other side did nothing with a request."""

TURNED_AWAY = frozenset({401, 402, 403, 404, 405, 407, 411, 413, 414, 415, 429, 431, 451})
"""It does not know who asks, does not let them, has nothing there, wants to be asked less, or does not read it all.

Others tell less. A service that did some work before it failed may want it paid: Azure OpenAI bills answers with the
status 400, of what its filter found for one, and none with 429 (https://learn.microsoft.com/answers/questions/1632971).
5xx says that something failed, not when.
"""
