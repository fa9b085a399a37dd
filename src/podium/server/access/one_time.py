"""On this machine without a configuration: a link that signs one browser in, and a token for programs."""

import secrets

from podium.errors import TokenRefused
from podium.model.principal import Principal

_BYTES = 32


class OnThisMachine:
    """Knows whoever saw what the server printed when it began. It ends with the process."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.token = secrets.token_urlsafe(_BYTES)
        """For `Authorization: Bearer`, as long as the server runs."""
        self._link: str | None = secrets.token_urlsafe(_BYTES)

    @property
    def link(self) -> str | None:
        """What the link has in it; None once it was used."""
        return self._link

    def knows(self, token: str) -> bool:
        """Whether a token is the one that was printed."""
        return secrets.compare_digest(token.encode("utf-8", "surrogatepass"), self.token.encode())

    def use_link(self, given: str) -> Principal:
        """Return who opened the link, and have it be void; raises TokenRefused where it is another one, or was used."""
        link = self._link
        if link is None or not secrets.compare_digest(given.encode("utf-8", "surrogatepass"), link.encode()):
            raise TokenRefused(
                "this link was used already, or is of another start: the terminal shows the present one."
            )
        self._link = None
        return self.principal
