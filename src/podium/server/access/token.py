"""One token for whoever started the server: what it prints at its start, on this machine alone."""

import secrets

from fastapi import Request

from podium.errors import NotSignedIn
from podium.model.principal import Principal


class StartToken:
    """Knows whoever has the token that was printed when the server began."""

    def __init__(self, principal: Principal) -> None:
        self.token = secrets.token_urlsafe(32)
        self._principal = principal

    async def caller(self, request: Request) -> Principal:
        """Return who has the token; raises NotSignedIn."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), self.token.encode()):
            return self._principal
        raise NotSignedIn("send the header `Authorization: Bearer TOKEN`, with the token that the server printed.")
