"""Making one-time links, and reading them: what they say is signed with a key of the installation."""

import secrets
from urllib.parse import quote

from podium.dispatch.rules.delegation.token import claims_of, long_enough, signed
from podium.errors import ConfigError, TokenRefused
from podium.model.ids import Ids
from podium.model.link import AUDIENCE, LinkSettings, QuestionLink
from podium.model.shared_states import SharedStates
from podium.secrets import reference
from podium.secrets.masking import MASKING

_STATE = "links:key"
_ADDRESS = "links:url"
_FOR_EVER = float("inf")
_HERE = "http://127.0.0.1:8400"
"""Where `podium serve` listens unless it is told otherwise, where none has served the store so far."""
PATH = "/answer/"
"""What stands before the token in the address of a link."""


class Links:
    """The links of an installation."""

    def __init__(self, settings: LinkSettings, states: SharedStates, ids: Ids) -> None:
        """`states` keeps the key where the settings name none: all processes on the store have the same."""
        self.settings = settings
        self._states = states
        self._ids = ids
        self._key: str | None = None

    async def make(self, question: str, person: str, expires: float) -> str:
        """Return the address of a new link. Raises ConfigError for a key that cannot be used, and StoreError."""
        claims = {"jti": self._ids.new("lnk"), "aud": AUDIENCE, "q": question, "sub": person, "exp": expires}
        return f"{await self._leads_to()}{PATH}{quote(signed(claims, await self._secret()))}"

    async def lead_to(self, url: str) -> None:
        """Have links lead to a server on the store that listens there now, whichever process makes them.

        Those of processes whose settings name an address lead to that.
        """
        said = url.encode()
        while (seen := await self._states.get(_ADDRESS)) != said:
            await self._states.swap(_ADDRESS, seen, said, now=0.0, until=_FOR_EVER)

    async def _leads_to(self) -> str:
        return self.settings.url or (await self._states.get(_ADDRESS)).decode() or _HERE

    async def read(self, token: str) -> QuestionLink:
        """Return what a link says, also where its time is over; raises TokenRefused for what is none of ours."""
        claims = claims_of(token, await self._secret(), audience=AUDIENCE, now=0.0)
        try:
            return QuestionLink(id=claims["jti"], question=claims["q"], person=claims["sub"], expires=claims["exp"])
        except KeyError as error:
            raise TokenRefused("the token is none of a link") from error

    async def _secret(self) -> str:
        if self._key is None:
            named = self.settings.key
            self._key = await self._kept() if named is None else _looked_up(named)
        return self._key

    async def _kept(self) -> str:
        """Return the key that the store keeps; whoever needs the first one makes it."""
        while not (seen := await self._states.get(_STATE)):
            await self._states.swap(_STATE, b"", secrets.token_hex(32).encode(), now=0.0, until=_FOR_EVER)
        key = seen.decode()
        MASKING.learn(key, "the key of links")
        return key


def _looked_up(named: str) -> str:
    key = reference.filled({"links.key": named})["links.key"]
    if not long_enough(key):
        raise ConfigError("links.key is too short: expected 32 characters or more, such as `openssl rand -hex 32`")
    return key
