"""Whoever asks is known by a key, by what the terminal showed, or by a session that no other site can use."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request, Response

from podium import Context, workflow
from podium.errors import ConfigError
from podium.model.delegation import Delegation
from podium.model.principal import Principal
from podium.testing import DrivenClock
from tests.unit.server.access.conftest import HERE, Served, Serving

ME = "/api/v1/me"


@workflow
async def desk(_: Context, text: str) -> str:
    return text


def said(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_key_is_taken_in_both_headers_and_says_who_asks(signed: Serving) -> None:
    async with signed() as served:
        header = await served.key("viewer", "editors", tenant="acme")
        key = header["authorization"].removeprefix("Bearer ")
        wanted = {"who": "bot", "tenant": "acme", "roles": ["editors", "viewer"], "workflows": ["*"]}
        assert said(await served.client.get(ME, headers=header), 200) == wanted
        assert said(await served.client.get(ME, headers={"x-api-key": key}), 200) == wanted
        both = await served.client.get(ME, headers={**header, "x-api-key": key})
        assert "send one of them" in said(both, 401)["detail"]


@pytest.mark.parametrize(
    "header",
    [{}, {"authorization": "Bearer"}, {"authorization": "Bearer podium_x.y"}, {"authorization": "Basic YTpi"},
     {"authorization": "Bearer a.b.c"}, {"x-api-key": ""}, {"cookie": "podium_session=a.b.c"},
     {"authorization": "Bearer \xff\xfe"}],
)  # fmt: skip
async def test_whoever_says_nothing_that_is_known_is_told_to_sign_in(signed: Serving, header: dict[str, str]) -> None:
    async with signed() as served:
        answer = await served.client.get(
            ME, headers=[(name.encode(), value.encode("latin-1")) for name, value in header.items()]
        )
        assert said(answer, 401)["code"] in ("not-signed-in", "token-refused")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_that_was_revoked_is_refused_with_the_next_request(signed: Serving) -> None:
    async with signed() as served:
        header = await served.key()
        assert said(await served.client.get(ME, headers=header), 200)["roles"] == []
        await served.app.keys.revoke((await served.app.keys.list())[0].id)
        assert "is revoked" in said(await served.client.get(ME, headers=header), 401)["detail"]


async def test_the_link_of_the_terminal_signs_one_browser_in_once(signed: Serving) -> None:
    async with signed() as served:
        assert served.access.here is not None
        link = {"token": served.access.here.link}
        page = await served.client.get("/sign-in", params=link)
        assert page.status_code == 200
        cookie = page.headers["set-cookie"].lower()
        assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/"))
        assert said(await served.client.get(ME), 200) == {
            "who": "starter", "tenant": "default", "roles": ["admin"], "workflows": ["*"],
        }  # fmt: skip
        served.client.cookies.clear()
        assert "used already" in said(await served.client.get("/sign-in", params=link), 401)["detail"]
        assert said(await served.client.get(ME), 401)["code"] == "not-signed-in"
        token = {"authorization": f"Bearer {served.access.here.token}"}
        assert said(await served.client.get(ME, headers=token), 200)["who"] == "starter"


FROM: list[tuple[dict[str, str], int]] = [
    ({"sec-fetch-site": "same-origin"}, 201), ({"sec-fetch-site": "none"}, 201), ({"origin": HERE}, 201),
    ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site"}, 403), ({}, 403),
    ({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403),
    ({"origin": HERE, "sec-fetch-site": "cross-site"}, 403),
]  # fmt: skip


@pytest.mark.parametrize(("header", "status"), FROM)
async def test_a_cookie_changes_something_only_from_a_page_of_this_server(
    signed: Serving, header: dict[str, str], status: int
) -> None:
    async with signed(desk) as served:
        assert served.access.here is not None
        await served.client.get("/sign-in", params={"token": served.access.here.link})
        start = {"workflow": "desk", "input": "x"}
        assert said(await served.client.post("/api/v1/runs", json=start, headers=header), status)
        assert said(await served.client.get(ME, headers={"sec-fetch-site": "cross-site"}), 200)


async def test_a_session_ends_when_its_time_is_over_and_when_one_signs_out(signed: Serving) -> None:
    clock = DrivenClock()
    async with signed(clock=clock, server={"session": "1h"}) as served:
        assert served.access.here is not None
        await served.client.get("/sign-in", params={"token": served.access.here.link})
        [cookie] = served.client.cookies.items()
        await clock.advance(3_599)
        assert said(await served.client.get(ME), 200)
        await clock.advance(1)
        assert said(await served.client.get(ME, headers={"cookie": "=".join(cookie)}), 401)
        out = await served.client.post("/sign-out", headers={"origin": HERE})
        assert 'podium_session="";' in out.headers["set-cookie"]
        assert said(await served.client.post("/sign-out", headers={"origin": "http://evil.example"}), 403)


SESSIONS = {"server": {"session_key": "env:SESSION_KEY"}}


@pytest.fixture
def shared(tmp_store: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of several servers on one store."""
    monkeypatch.setenv("SESSION_KEY", "k" * 16 + "0123456789abcdef")
    return {"store": tmp_store, **SESSIONS}


async def signed_in(served: Served, who: str, tenant: str = "default") -> dict[str, str]:
    """Return the cookie of a browser in which somebody signed in."""
    assert served.access.here is not None
    request, answer = Request({"type": "http", "headers": [], "scheme": "http", "path": "/"}), Response()
    await served.access.sessions.begin(request, answer, Principal(who=who, tenant=tenant))
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


async def test_whoever_signed_out_is_signed_out_on_all_servers_also_who_kept_the_cookie(
    signed: Serving, shared: dict[str, Any]
) -> None:
    async with signed(**shared) as one, signed(**shared) as other:
        ann, again = await signed_in(one, "ann"), await signed_in(one, "ann")
        assert said(await other.client.get(ME, headers=ann), 200)["who"] == "ann"
        assert (await one.client.post("/sign-out", headers={"origin": HERE, **ann})).status_code == 200
        for served in (one, other):
            assert said(await served.client.get(ME, headers=ann), 401)["code"] == "not-signed-in"
            assert said(await served.client.get(ME, headers=again), 200)


async def test_an_admin_signs_somebody_out_of_all_browsers(signed: Serving, shared: dict[str, Any]) -> None:
    async with signed(**shared) as one, signed(**shared) as other:
        admin = await one.key("admin", who="root")
        cookies = [await signed_in(one, "ann"), await signed_in(other, "ann")]
        others = [await signed_in(one, "bob"), await signed_in(one, "ann", "acme")]
        listed = said(await one.client.get("/api/v1/sessions", headers=admin), 200)["items"]
        assert [(each["who"], each["tenant"]) for each in listed] == [
            ("ann", "default"), ("ann", "default"), ("bob", "default"), ("ann", "acme")
        ]  # fmt: skip
        assert not {each["session"] for each in listed} & {each["cookie"].partition("=")[2] for each in cookies}
        ended = await other.client.post("/api/v1/sessions/end", json={"who": "ann"}, headers=admin)
        assert said(ended, 200) == {"ended": 2}
        assert [said(await one.client.get(ME, headers=each), 401)["code"] for each in cookies] == ["not-signed-in"] * 2
        assert [(await one.client.get(ME, headers=each)).status_code for each in others] == [200, 200]
        actions = said(await one.client.get("/api/v1/actions", headers=admin), 200)["items"]
        assert ("root", "end sessions", "ann") in [(each["by"], each["what"], each["about"]) for each in actions]


async def test_whoever_signs_in_again_leaves_no_session_behind(signed: Serving) -> None:
    async with signed() as served:
        assert served.access.here is not None
        before = await signed_in(served, "ann")
        await served.client.get("/sign-in", params={"token": served.access.here.link}, headers=before)
        assert said(await served.client.get(ME, headers=before), 401)
        assert [each.who for each in await served.app.keys.sessions()] == ["starter"]


async def test_a_session_of_another_server_is_none_of_this_one(signed: Serving) -> None:
    async with signed() as one, signed() as other:
        assert one.access.here is not None
        await one.client.get("/sign-in", params={"token": one.access.here.link})
        assert said(await other.client.get(ME, headers={"cookie": "=".join(*one.client.cookies.items())}), 401)


async def test_servers_with_one_session_key_on_one_store_know_each_others_sessions(
    signed: Serving, shared: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with signed(**shared) as one, signed(**shared) as other, signed(**SESSIONS) as elsewhere:
        assert one.access.here is not None
        await one.client.get("/sign-in", params={"token": one.access.here.link})
        cookie = {"cookie": "=".join(*one.client.cookies.items())}
        assert said(await other.client.get(ME, headers=cookie), 200)
        assert said(await elsewhere.client.get(ME, headers=cookie), 401)
    monkeypatch.setenv("SESSION_KEY", "short")
    with pytest.raises(ConfigError, match="too short"):
        async with signed(**SESSIONS):
            pass


async def test_nobody_is_led_to_another_site_after_signing_in(signed: Serving) -> None:
    for wrong in ("https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", "evil"):
        async with signed() as served:
            assert served.access.here is not None
            page = await served.client.get("/sign-in", params={"token": served.access.here.link, "next": wrong})
            assert page.status_code == 200
            assert "http-equiv" not in page.text
            assert "evil" not in page.text


async def test_a_browser_that_signed_in_is_led_on_or_shown_what_there_is(signed: Serving) -> None:
    async with signed() as served:
        assert served.access.here is not None
        page = await served.client.get("/sign-in", params={"token": served.access.here.link, "next": "/a?b=1&c"})
        assert 'content="0; url=/a?b=1&amp;c"' in page.text
    async with signed() as served:
        assert served.access.here is not None
        page = await served.client.get("/sign-in", params={"token": served.access.here.link})
        places = re.findall(r'href="(/[^"]+)"', page.text)
        assert len(places) == 5
        assert {(await served.client.get(each)).status_code for each in places} == {200}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "podium.example.org"])
async def test_a_server_that_others_reach_does_not_start_where_nobody_could_sign_in(signed: Serving, host: str) -> None:
    with pytest.raises(ConfigError, match=r"nobody could sign in there: make a key with `podium keys create"):
        async with signed(host=host):
            pass


async def test_a_proxy_in_front_makes_loopback_an_address_that_others_reach(signed: Serving) -> None:
    with pytest.raises(ConfigError, match="nobody could sign in"):
        async with signed(server={"proxies": ["127.0.0.1"]}):
            pass


async def test_with_a_provider_the_terminal_shows_no_link(signed: Serving) -> None:
    oidc = {"issuer": "https://login.example.org", "audience": "podium"}
    async with signed(host="0.0.0.0", base="http://podium.example.org", server={"oidc": oidc}) as served:
        assert served.access.here is None
        assert said(await served.client.get("/sign-in", params={"token": "x"}), 401)
        assert said(await served.client.get("/sign-in"), 401)


async def test_a_delegation_starts_runs_and_is_known_for_nothing_else(
    signed: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "d" * 16 + "0123456789abcdef")
    async with signed(desk, delegation={"key": "env:DELEGATION_KEY"}) as served:
        token = await served.app.delegations.grant(Delegation(by="ada", to="shop", tenant="acme", quota=1))
        header = {"authorization": f"Bearer {token}"}
        start = {"workflow": "desk", "input": "x"}
        assert said(await served.client.post("/api/v1/runs", json=start, headers=header), 401)
        assert said(await served.client.get(ME, headers=header), 401)
        run = said(await served.client.post("/api/v1/delegated-runs", json=start, headers=header), 201)
        assert (run["tenant"], run["principal"].startswith("delegation:")) == ("acme", True)
        assert (
            "used up"
            in said(await served.client.post("/api/v1/delegated-runs", json=start, headers=header), 401)["detail"]
        )
        assert said(await served.client.post("/api/v1/delegated-runs", json=start), 401)
        key = await served.key("admin")
        assert said(await served.client.post("/api/v1/delegated-runs", json=start, headers=key), 401)


async def test_keys_are_made_rotated_and_revoked_by_admins_who_stand_in_the_actions(signed: Serving) -> None:
    async with signed() as served:
        admin = await served.key("admin", who="root")
        given = {"name": "ci", "who": "ci", "tenant": "acme", "roles": ["viewer"], "expires_in": 60}
        made = said(await served.client.post("/api/v1/keys", json=given, headers=admin), 201)
        assert said(await served.client.get(ME, headers={"x-api-key": made["secret"]}), 200)["tenant"] == "acme"
        where = f"/api/v1/keys/{made['id']}"
        rotated = said(await served.client.post(f"{where}/rotate", json={"grace": 0}, headers=admin), 200)
        assert said(await served.client.get(ME, headers={"x-api-key": made["secret"]}), 401)
        assert said(await served.client.get(ME, headers={"x-api-key": rotated["secret"]}), 200)
        assert (await served.client.post(f"{where}/revoke", headers=admin)).status_code == 204
        assert said(await served.client.post(f"{where}/revoke", headers=admin), 409)
        listed = said(await served.client.get("/api/v1/keys", headers=admin), 200)["items"]
        assert made["id"] in [each["id"] for each in listed]
        assert not {"secret", "digest"} & {name for each in listed for name in each}
        actions = said(await served.client.get("/api/v1/actions", params={"about": made["id"]}, headers=admin), 200)
        assert [(each["by"], each["what"]) for each in actions["items"]] == [
            ("root", "revoke keys"), ("root", "revoke keys"), ("root", "rotate keys"), ("root", "create keys"),
        ]  # fmt: skip
