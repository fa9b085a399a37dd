"""Signing in with a browser: to the provider with a question of our own, and back with its answer (code flow, PKCE)."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode

from podium.errors import TokenRefused
from podium.model.json import Json
from podium.model.principal import Principal
from podium.server.access.oidc.tokens import TokenReader

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserFlow:
    """The way of a browser to the provider and back.

    The state binds the answer to the browser that asked, the nonce binds the token to the question, and the verifier
    (PKCE, RFC 7636) binds the code to whoever asked for it: each alone stops somebody who has the others.
    """

    reader: TokenReader
    client_id: str
    client_secret: str | None

    async def begin(self, redirect: str) -> tuple[str, dict[str, Json]]:
        """Return where to send the browser, and what it has to bring back in a cookie."""
        state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        endpoint = (await self.reader.provider.endpoints()).authorization
        asked = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": redirect,
            "scope": " ".join(self.reader.settings.scopes), "state": state, "nonce": nonce,
            "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        joined = "&" if "?" in endpoint else "?"
        kept: dict[str, Json] = {"state": state, "nonce": nonce, "verifier": verifier, "redirect": redirect}
        return f"{endpoint}{joined}{urlencode(asked)}", kept

    async def end(self, answer: Mapping[str, str], kept: Mapping[str, Json] | None) -> Principal:
        """Return who signed in; raises TokenRefused where the answer is none to a question of this browser."""
        if kept is None:
            raise TokenRefused("this browser did not ask to sign in, or too long ago: begin at /sign-in.")
        if "error" in answer:
            said = answer.get("error_description") or answer["error"]
            raise TokenRefused(f"the provider did not sign you in: {said:.300}.")
        if not secrets.compare_digest(answer.get("state", "").encode(), str(kept["state"]).encode()):
            raise TokenRefused("the answer of the provider is for another browser: begin again at /sign-in.")
        form = {
            "grant_type": "authorization_code", "code": answer.get("code", ""), "redirect_uri": str(kept["redirect"]),
            "code_verifier": str(kept["verifier"]), "client_id": self.client_id,
        }  # fmt: skip
        client = None if self.client_secret is None else (self.client_id, self.client_secret)
        given = (await self.reader.provider.redeem(form, client)).get("id_token")
        if not isinstance(given, str):
            raise TokenRefused("the provider gave no token that says who it is: ask for the scope `openid`.")
        said = await self.reader.claims(given, audience=self.client_id, nonce=str(kept["nonce"]))
        return self.reader.principal_of(said)
