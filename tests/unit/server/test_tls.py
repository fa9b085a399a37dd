"""TLS by files: it is really spoken, and what is wrong with a file is told before anybody is served."""

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from podium import App
from podium.errors import ConfigError
from podium.model.principal import Principal
from podium.model.server import ServerSettings
from podium.server.access.opening import signing_in
from podium.server.application import application
from podium.server.running import listen, served
from podium.server.tls import tls_context
from tests.unit.server.certificates import certificate

Made = Callable[[Path], tuple[str, str]]


def _junk(folder: Path) -> tuple[str, str]:
    (folder / "junk").write_text("no certificate")
    return str(folder / "junk"), certificate(folder)[1]


def _turned(folder: Path) -> tuple[str, str]:
    made, key = certificate(folder)
    return key, made


WRONG: dict[str, tuple[Made, str]] = {
    "no certificate": (lambda f: (str(f / "none"), certificate(f)[1]), r"server\.certificate .* cannot be read: No"),
    "no key": (lambda f: (certificate(f)[0], str(f / "none")), r"server\.private_key .* cannot be read: No such"),
    "a folder": (lambda f: (certificate(f)[0], str(f)), r"server\.private_key .* cannot be read: Is a directory"),
    "no PEM": (_junk, r"server\.certificate .* which is no PEM"),
    "another key": (lambda f: (certificate(f)[0], certificate(f, "other")[1]), "is that of another certificate"),
    "the wrong way round": (_turned, "or is the other"),
    "a password": (lambda f: certificate(f, password="x"), "is encrypted"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_file_is_told(what: str, tmp_path: Path) -> None:
    made, says = WRONG[what]
    names = made(tmp_path)
    with pytest.raises(ConfigError, match=says):
        tls_context(ServerSettings(certificate=names[0], private_key=names[1]))


async def test_a_server_with_a_certificate_speaks_tls_and_nothing_else(tmp_path: Path) -> None:
    names = certificate(tmp_path)
    settings = ServerSettings(certificate=names[0], private_key=names[1])
    async with (
        App.open(":memory:") as app,
        signing_in(app, "127.0.0.1", Principal(who="ann", tenant="default")) as access,
    ):
        with listen("127.0.0.1", 0) as listening:
            at = f"127.0.0.1:{listening.getsockname()[1]}"
            known = ssl.create_default_context(cafile=names[0])
            async with (
                served(application(app, access, listens_on="127.0.0.1"), listening, settings),
                httpx.AsyncClient(verify=known, trust_env=False) as client,
            ):
                assert access.here is not None
                page = await client.get(f"https://{at}/sign-in", params={"token": access.here.link})
                assert "max-age" in page.headers["strict-transport-security"]
                cookie = page.headers["set-cookie"]
                assert cookie.startswith("__Host-podium_session=")
                assert "; secure" in cookie.lower()
                assert (await client.get(f"https://{at}/api/v1/me")).json()["who"] == "ann"
                with pytest.raises(httpx.RemoteProtocolError):
                    await client.get(f"http://{at}/health/live")
                old = ssl.create_default_context(cafile=names[0])
                old.maximum_version = ssl.TLSVersion.TLSv1_2
                old.set_ciphers("AES128-SHA:@SECLEVEL=0")
                async with httpx.AsyncClient(verify=old, trust_env=False) as outdated:
                    with pytest.raises(httpx.ConnectError):
                        await outdated.get(f"https://{at}/health/live")


FORWARDED = {"x-forwarded-for": "203.0.113.9, 198.51.100.7", "x-forwarded-proto": "https"}


@pytest.mark.parametrize("proxies", [("127.0.0.1",), ("127.0.0.0/8",), ("10.0.0.5",), ()])
async def test_only_proxies_of_the_settings_are_believed_who_asks_and_how(proxies: tuple[str, ...]) -> None:
    server = {"proxies": list(proxies), "requests": {"failures_per_minute": 1}}
    believed = proxies[:1] in (("127.0.0.1",), ("127.0.0.0/8",))
    async with App.open(":memory:", server=server) as app:
        await app.keys.create("ci", who="ci")
        async with signing_in(app, "127.0.0.1", Principal(who="ann", tenant="default")) as access:
            with listen("127.0.0.1", 0) as listening:
                at = f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1/me"
                async with (
                    served(application(app, access, listens_on="127.0.0.1"), listening, app.config.server),
                    httpx.AsyncClient(trust_env=False, headers={"x-api-key": "podium_x.y"}) as client,
                ):
                    first = await client.get(at, headers=FORWARDED)
                    assert (first.status_code, "strict-transport-security" in first.headers) == (401, believed)
                    spoofed = {**FORWARDED, "x-forwarded-for": "192.0.2.1, 198.51.100.7"}  # whoever asks says the first
                    assert (await client.get(at, headers=spoofed)).status_code == 429
                    other = {**FORWARDED, "x-forwarded-for": "198.51.100.8"}  # the proxy says the last
                    assert (await client.get(at, headers=other)).status_code == (401 if believed else 429)
