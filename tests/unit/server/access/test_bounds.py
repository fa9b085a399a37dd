"""Every request is held to names, sizes, time and a rate; every answer has the headers that keep browsers safe."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import patch

import pytest
from fastapi import Request
from starlette.types import Receive, Scope, Send

from podium.errors import TooManyRequests, UsageError
from podium.model.server import OidcSettings, RequestSettings, ServerSettings
from podium.server import callers
from podium.server.access.bounds import HEADERS, Bounds, is_loopback, lift_time_limit
from podium.server.access.rates import RequestRates
from podium.server.access.sign_in import network_of
from podium.server.application import ROUTES
from podium.server.callers import through_the_store
from podium.testing import DrivenClock
from tests.unit.server.access.conftest import Serving
from tests.unit.server.conftest import serving

ME = "/api/v1/me"


async def test_every_answer_has_the_headers_of_all(signed: Serving) -> None:
    async with signed() as served:
        for answer in (
            await served.client.get(ME),
            await served.client.get("/none"),
            await served.client.get("/sign-in"),
        ):
            assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)
            assert "strict-transport-security" not in answer.headers
            assert "access-control-allow-origin" not in answer.headers
    async with signed(base="https://127.0.0.1") as served:
        assert "max-age" in (await served.client.get(ME)).headers["strict-transport-security"]


HOSTS = [("127.0.0.1:8400", 401), ("localhost", 401), ("[::1]:8400", 401), ("LOCALHOST.:1", 401), ("evil.example", 400),
         ("127.0.0.1.evil.example", 400), ("", 400), ("localhost@evil.example", 400),
         ("127.0.0.1:80@evil.example", 400), ("[::1", 400), ("127.0.0.1:x", 400),
         ("127.0.0.1, evil.example", 400)]  # fmt: skip


@pytest.mark.parametrize(("host", "status"), HOSTS)
async def test_on_loopback_only_its_own_names_are_answered(signed: Serving, host: str, status: int) -> None:
    async with signed() as served:
        assert (await served.client.get(ME, headers={"host": host})).status_code == status


async def test_the_names_of_the_settings_are_answered_and_no_others(signed: Serving) -> None:
    oidc = {"issuer": "https://login.example.org", "audience": "podium"}
    server = {"oidc": oidc, "hosts": ["podium.example.org"]}
    async with signed(host="0.0.0.0", base="http://podium.example.org", server=server) as served:
        assert (await served.client.get(ME)).status_code == 401
        assert (await served.client.get(ME, headers={"host": "10.0.0.1"})).status_code == 400


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1_000


async def test_a_body_that_is_too_large_is_refused_said_or_not(signed: Serving) -> None:
    async with signed(server={"requests": {"body_bytes": 5_000}}) as served:
        header = await served.key("operator")
        said = await served.client.post("/api/v1/runs", content=b"x" * 5_001, headers=header)
        unsaid = await served.client.post("/api/v1/runs", content=chunks(6), headers=header)
        assert [(each.status_code, each.headers["content-type"]) for each in (said, unsaid)] == [
            (413, "application/problem+json")
        ] * 2
        assert (await served.client.post("/api/v1/runs", content=chunks(5), headers=header)).status_code == 415


async def test_headers_that_are_too_large_are_refused(signed: Serving) -> None:
    async with signed(server={"requests": {"header_bytes": 1_000}}) as served:
        assert (await served.client.get(ME, headers={"x-large": "x" * 1_000})).status_code == 431


async def asked(bounds: Bounds) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await bounds({"type": "http", "headers": [], "method": "GET", "path": "/"}, receive, send)
    return sent


async def test_what_does_not_begin_to_answer_in_time_is_cut_and_a_stream_goes_on() -> None:
    ended = asyncio.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": b"late", "more_body": False})

    settings = ServerSettings(requests=RequestSettings(seconds=0.001))
    found = await asked(Bounds(stuck, settings, listens_on=None))
    assert found[0]["status"] == 503
    assert ended.is_set()
    found = await asked(Bounds(streams, settings, listens_on=None))
    assert (found[0]["status"], found[1]["body"]) == (200, b"late")


async def test_what_goes_through_all_of_the_store_takes_as_long_as_it_takes() -> None:
    async def verifies(scope: Scope, receive: Receive, send: Send) -> None:
        lift_time_limit(scope)
        await asyncio.sleep(0.02)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all is well"})

    settings = ServerSettings(requests=RequestSettings(seconds=0.001))
    found = await asked(Bounds(verifies, settings, listens_on=None))
    assert (found[0]["status"], found[1]["body"]) == (200, b"all is well")


def test_what_goes_through_all_of_the_store_is_known() -> None:
    routes = [each.built for routes in ROUTES for each in routes.declared]
    lifted = [each for each in routes if through_the_store in [needed.dependency for needed in each.dependencies]]
    changes = {"compact_store", "prune_store", "retain_store", "verify_store"}
    assert {each.name for each in lifted} == {*changes, "export_audit", "report_audit"}
    roles = {role for each in lifted if each.name in changes for role in (each.openapi_extra or {})["x-roles"]}
    assert roles == {"admin", "operator"}


@pytest.mark.parametrize("what", ["report", "export"])
@pytest.mark.parametrize(("roles", "lifts"), [("viewer", 1), ("operator", 1), ("admin", 1), ("", 0)])
async def test_a_report_takes_as_long_as_it_takes_for_whoever_sees_a_whole_tenant(
    what: str, roles: str, lifts: int
) -> None:
    with patch.object(callers, "lift_time_limit") as lifted:
        async with serving(who=f"ann default {roles}") as client:
            assert (await client.get(f"/audit/{what}?tenant=default")).status_code == 200
    assert lifted.call_count == lifts


async def test_a_rate_is_of_each_asker_and_says_when_the_next_fits() -> None:
    clock = DrivenClock()
    rates = RequestRates(10, clock, burst=3)
    for _ in range(3):
        rates.count("ann")
    with pytest.raises(TooManyRequests) as error:
        rates.count("ann")
    assert error.value.retry_after == pytest.approx(0.1, abs=1e-3)
    rates.count("bob")
    await clock.advance(0.1)
    rates.count("ann")
    with pytest.raises(TooManyRequests):
        rates.count("ann")
    await clock.advance(10)
    for _ in range(3):
        rates.count("ann")
    with pytest.raises(TooManyRequests):
        rates.count("ann")


async def test_whoever_asks_too_often_is_told_how_long_to_wait(signed: Serving) -> None:
    clock = DrivenClock()
    async with signed(clock=clock, server={"requests": {"per_second": 2}}) as served:
        one, other = await served.key(who="one"), await served.key(who="other")
        statuses = [(await served.client.get(ME, headers=one)).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 200, 429]
        refused = await served.client.get(ME, headers=one)
        assert (refused.headers["retry-after"], refused.json()["code"]) == ("1", "too-many-requests")
        assert (await served.client.get(ME, headers=other)).status_code == 200
        await clock.advance(1)
        assert (await served.client.get(ME, headers=one)).status_code == 200


async def test_an_address_that_guesses_is_slowed_down(signed: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "d" * 16 + "0123456789abcdef")
    few = {"server": {"requests": {"failures_per_minute": 3}}, "delegation": {"key": "env:DELEGATION_KEY"}}
    async with signed(clock=DrivenClock(), **few) as served:
        wrong = {"authorization": "Bearer podium_x.y"}
        assert [(await served.client.get(ME, headers=wrong)).status_code for _ in range(4)] == [401, 401, 401, 429]
        start = {"workflow": "none", "input": None}
        delegated = await served.client.post("/api/v1/delegated-runs", json=start, headers=wrong)
        link = await served.client.get("/sign-in", params={"token": "wrong"})
        assert (delegated.status_code, link.status_code) == (429, 429)


async def test_whoever_is_known_is_let_in_though_others_of_their_address_guess(signed: Serving) -> None:
    async with signed(clock=DrivenClock(), server={"requests": {"failures_per_minute": 1}}) as served:
        key, wrong = await served.key(), {"authorization": "Bearer podium_x.y"}
        assert [(await served.client.get(ME, headers=wrong)).status_code for _ in range(2)] == [401, 429]
        assert (await served.client.get(ME, headers=key)).status_code == 200


NETWORKS = [
    ("10.0.0.5", "10.0.0.5"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ("::ffff:10.0.0.5", "10.0.0.5"), ("fe80::1%eth0", "fe80::/64"), ("not an address", "not an address"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "network"), NETWORKS)
def test_whoever_has_many_addresses_of_ipv6_counts_as_one(address: str, network: str) -> None:
    assert network_of(Request({"type": "http", "client": (address, 1)})) == network


async def test_pages_of_others_may_ask_only_where_the_settings_name_them(signed: Serving) -> None:
    origin = "https://console.example.org"
    ask = {"origin": origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    async with signed() as served:
        assert "access-control-allow-origin" not in (await served.client.options(ME, headers=ask)).headers
    async with signed(server={"origins": [origin]}) as served:
        allowed = await served.client.options(ME, headers=ask)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, origin)
        assert "access-control-allow-credentials" not in allowed.headers
        wrong = await served.client.options(ME, headers={**ask, "origin": "https://evil.example"})
        assert "access-control-allow-origin" not in wrong.headers


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.org", False), ("localhost.example.org", False)],
)  # fmt: skip
def test_which_addresses_are_of_this_machine_alone(address: str, *, alone: bool) -> None:
    assert is_loopback(address) is alone


WRONG: list[tuple[type, dict[str, Any], str]] = [
    (ServerSettings, {"certificate": "a.pem"}, "go together"),
    (ServerSettings, {"origins": ("https://a.example/",)}, "origins has"),
    (ServerSettings, {"origins": ("*",)}, "origins has"),
    (ServerSettings, {"proxies": ("*",)}, "proxies has"),
    (ServerSettings, {"proxies": ("10.0.0.5", "proxy.example.org")}, "proxies has 'proxy.example.org'"),
    (RequestSettings, {"per_second": 0}, "1 or more"),
    (OidcSettings, {"issuer": "http://login.example.org", "audience": "x"}, "begins with https"),
    (OidcSettings, {"issuer": "https://a.example", "audience": "x", "algorithms": ("none",)}, "algorithms has 'none'"),
    (OidcSettings, {"issuer": "https://a.example", "audience": "x", "algorithms": ("RS256", "HS256")}, "has 'HS256'"),
    (OidcSettings, {"issuer": "https://a.example", "audience": "x", "algorithms": ()}, "is empty"),
    (OidcSettings, {"issuer": "https://a.example", "audience": ""}, "audience"),
]


@pytest.mark.parametrize(("kind", "given", "says"), WRONG)
def test_settings_that_protect_nothing_are_refused(kind: type, given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        kind(**given)
