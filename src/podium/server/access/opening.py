"""From the settings to who knows whoever asks; a server that others reach starts only where somebody can be known."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from podium import lazy
from podium.app import App
from podium.errors import ConfigError
from podium.model.clock import Clock
from podium.model.principal import Principal
from podium.model.server import ServerSettings
from podium.secrets import reference
from podium.server.access.bounds import is_loopback
from podium.server.access.one_time import OnThisMachine
from podium.server.access.rates import RequestRates
from podium.server.access.sessions import Sessions
from podium.server.access.sign_in import SignIn

if TYPE_CHECKING:
    from podium.server.access.oidc import browser, provider, tokens
else:  # cryptography, for which servers without a provider have no use
    browser = lazy.module("podium.server.access.oidc.browser")
    provider = lazy.module("podium.server.access.oidc.provider")
    tokens = lazy.module("podium.server.access.oidc.tokens")

_MINUTE = 60.0
_SECRET_CHARACTERS = 32


@asynccontextmanager
async def signing_in(app: App, host: str, starter: Principal) -> AsyncGenerator[SignIn]:
    """Give who knows whoever asks a server of an app; `starter` is whoever started it, who is known on this machine.

    Raises ConfigError where other machines reach it, and nobody could be told from anybody there.
    """
    settings, keys = app.config.server, app.keys.checking()
    clock = keys.clock
    alone = is_loopback(host) and not settings.proxies
    if not alone and settings.oidc is None and not await keys.are_there():
        raise ConfigError(
            f"{host} is reached from other machines, and nobody could sign in there: make a key with `podium keys"
            " create NAME --role operator`, set [podium.server.oidc], or listen on 127.0.0.1."
        )
    secrets = _secrets(settings)
    reader, flow = _provider(settings, secrets, clock)
    most = settings.requests
    access = SignIn(
        keys=keys,
        sessions=Sessions(
            opened=app.keys.remembering(), clock=clock, lasts=settings.session, key=secrets.get("server.session_key")
        ),
        here=OnThisMachine(starter) if alone and settings.oidc is None else None,
        reader=reader,
        flow=flow,
        rates=RequestRates(most.per_second, clock, burst=2 * most.per_second),
        failures=RequestRates(most.failures_per_minute / _MINUTE, clock, burst=most.failures_per_minute),
    )
    try:
        yield access
    finally:
        await access.close()


def _provider(
    settings: ServerSettings, secrets: dict[str, str], clock: Clock
) -> "tuple[tokens.TokenReader | None, browser.BrowserFlow | None]":
    if settings.oidc is None:
        return None, None
    asked = provider.Provider(settings.oidc.issuer, clock)
    reader = tokens.TokenReader(settings=settings.oidc, provider=asked, clock=clock)
    if settings.oidc.client_id is None:
        return reader, None
    secret = secrets.get("server.oidc.client_secret")
    return reader, browser.BrowserFlow(reader=reader, client_id=settings.oidc.client_id, client_secret=secret)


def _secrets(settings: ServerSettings) -> dict[str, str]:
    """Return the secrets of the settings; raises ConfigError where one leads nowhere, or can be guessed."""
    named = {
        "server.session_key": settings.session_key,
        "server.oidc.client_secret": None if settings.oidc is None else settings.oidc.client_secret,
    }
    found = reference.filled({name: value for name, value in named.items() if value is not None})
    if len(found.get("server.session_key", "x" * _SECRET_CHARACTERS)) < _SECRET_CHARACTERS:
        raise ConfigError(
            "server.session_key is too short: expected 32 characters or more, such as `openssl rand -hex 32`."
        )
    return found
