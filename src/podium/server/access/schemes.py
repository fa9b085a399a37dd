"""What the document says of how one signs in."""

from collections.abc import Mapping, Sequence

from podium.model.json import Json

SCHEMES: Mapping[str, Json] = {
    "bearer": {
        "type": "http", "scheme": "bearer",
        "description": "A key that `podium keys create` made, or a token of the provider (OIDC).",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
    "session": {
        "type": "apiKey", "in": "cookie", "name": "podium_session",
        "description": "The session of a browser, which signs in at /sign-in; over TLS with the prefix `__Host-`.",
    },
}  # fmt: skip
WAYS: Sequence[Mapping[str, Sequence[str]]] = [{"bearer": []}, {"key": []}, {"session": []}]
"""Each alone is enough."""
