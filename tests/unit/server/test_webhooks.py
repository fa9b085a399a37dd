"""Webhooks over HTTP: making, changing, trying and deleting them."""

from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, workflow
from podium.model.webhooks import Hold, Refusals, WebhookSettings
from podium.webhooks import secret_of
from tests.unit.server.conftest import Serving

KEYED = {"webhooks": WebhookSettings(key="a long secret of the installation")}
HOOK = {"name": "shop", "url": "https://shop.example.org/hooks"}
ADMIN = {"x-who": "root default admin"}


@workflow
async def hello(ctx: Context, name: str) -> str:
    return name


async def test_a_webhook_shows_its_secret_once_and_is_listed_changed_and_deleted(serving: Serving) -> None:
    async with serving(hello, **KEYED) as client:
        answer = await client.post("/webhooks", json={**HOOK, "types": ["run_*"], "workflows": ["hel*"]})
        assert answer.status_code == 201
        made = answer.json()
        assert made["secret"].startswith("whsec_")
        assert answer.headers["location"] == f"/api/v1/webhooks/{made['id']}"
        assert (made["tenant"], made["active"], made["made_by"], made["types"]) == ("default", True, "ann", ["run_*"])
        plain = {name: value for name, value in made.items() if name != "secret"}
        assert (await client.get("/webhooks")).json()["items"] == [plain]
        assert (await client.get(f"/webhooks/{made['id']}")).json() == plain

        changed = (await client.patch(f"/webhooks/{made['id']}", json={"active": False, "values": True})).json()
        assert (changed["active"], changed["values"], changed["off"]) == (False, True, "somebody switched it off")
        assert (await client.post(f"/webhooks/{made['id']}/ping")).status_code == 409
        assert (await client.patch(f"/webhooks/{made['id']}", json={"active": True})).json()["active"]

        rotated = (await client.post(f"/webhooks/{made['id']}/rotate", json={"grace": 60})).json()
        assert rotated["secret"] != made["secret"]
        assert rotated["former_until"] is not None
        assert (await client.post(f"/webhooks/{made['id']}/rotate", json={"grace": 0})).json()["former_until"] is None

        assert (await client.delete(f"/webhooks/{made['id']}")).status_code == 204
        assert (await client.get(f"/webhooks/{made['id']}")).status_code == 404


async def test_what_is_to_be_delivered_is_listed_and_told_apart(serving: Serving) -> None:
    async with serving(hello, **KEYED) as client:
        hook = (await client.post("/webhooks", json=HOOK)).json()["id"]
        pings = [(await client.post(f"/webhooks/{hook}/ping")).json() for _ in range(3)]
        assert {(each["type"], each["state"], each["tries"]) for each in pings} == {("ping", "waiting", 0)}
        page = (await client.get(f"/webhooks/{hook}/deliveries?limit=2")).json()
        rest = (await client.get(f"/webhooks/{hook}/deliveries?limit=2&cursor={page['cursor']}")).json()
        listed = [each["id"] for each in (*page["items"], *rest["items"])]
        assert sorted(listed) == sorted(each["id"] for each in pings)
        assert rest["cursor"] is None
        assert (await client.get(f"/webhooks/{hook}/deliveries?state=set_aside")).json()["items"] == []
        assert (await client.get(f"/webhooks/{hook}/deliveries/{listed[0]}")).json()["data"] == {"webhook": hook}
        assert (await client.post(f"/webhooks/{hook}/deliveries/{listed[0]}/redeliver")).status_code == 409
        assert (await client.post(f"/webhooks/{hook}/deliveries/nothing/redeliver")).status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": "ftp://x"}, "expected an address"), ({"url": "https://"}, "expected an address"),
        ({"url": "https://a b/"}, "expected an address"), ({"url": "https://x/#top"}, "expected an address"),
        ({"url": "https://[::1"}, "expected an address"), ({"url": "https://x:99999/"}, "expected an address"),
        ({"url": "http://shop.example.org/"}, "begins with http"),
        ({"url": "https://ann:secret@shop.example.org/"}, "a user or a password"),
        ({"types": ["sun_rises"]}, "no event is called 'sun_rises'"), ({"types": []}, "at least 1"),
        ({"secret": "whsec_abc"}, "expected as a reference"), ({"secret": "env:PODIUM_NOT_SET"}, "is not set"),
        ({"name": ""}, "at least 1"), ({"nonsense": 1}, "Extra inputs"), ({"workflows": [""]}, "workflows"),
    ],
)  # fmt: skip
async def test_what_could_not_be_delivered_is_refused(serving: Serving, change: dict[str, Any], told: str) -> None:
    async with serving(hello, **KEYED) as client:
        answer = await client.post("/webhooks", json={**HOOK, **change}, headers=ADMIN)
        assert answer.status_code == 422
        assert told in answer.json()["detail"]
        assert (await client.get("/webhooks")).json()["items"] == []


async def test_a_secret_of_ones_own_is_a_reference_and_is_never_shown(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + "QUJD" * 10)
    async with serving(hello) as client:
        answer = await client.post("/webhooks", json=HOOK)
        assert answer.status_code == 422
        assert "set `key` of [podium.webhooks]" in answer.json()["detail"]
        answer = await client.post("/webhooks", json={**HOOK, "secret": "env:HOOK_SECRET"}, headers=ADMIN)
        assert (answer.status_code, answer.json()["secret"]) == (201, None)


async def test_webhooks_take_the_role_of_an_operator_and_stay_in_their_tenant(serving: Serving) -> None:
    async with serving(hello, **KEYED) as client:
        mine = (await client.post("/webhooks", json=HOOK)).json()["id"]
        theirs = (await client.post("/webhooks", json=HOOK, headers={"x-who": "bob acme operator"})).json()
        every = (await client.post("/webhooks", json=HOOK, headers=ADMIN)).json()
        assert (theirs["tenant"], every["tenant"]) == ("acme", None)
        assert (await client.post("/webhooks", json={**HOOK, "tenant": "acme"})).status_code == 403
        assert [each["id"] for each in (await client.get("/webhooks")).json()["items"]] == [mine]
        assert len((await client.get("/webhooks", headers=ADMIN)).json()["items"]) == 3
        for hook in (theirs["id"], every["id"]):
            assert (await client.get(f"/webhooks/{hook}")).status_code == 404
            assert (await client.delete(f"/webhooks/{hook}")).status_code == 404
        for who in ("eve default", "eve default viewer", "eve default approver"):
            assert (await client.get("/webhooks", headers={"x-who": who})).status_code == 403
            assert (await client.post("/webhooks", json=HOOK, headers={"x-who": who})).status_code == 403


async def test_who_belongs_to_one_tenant_names_no_secret_of_the_machine(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOTHERS_SECRET", secret_of(bytes(32)))
    said = {"secret": "env:ANOTHERS_SECRET"}
    async with serving(hello, **KEYED) as client:
        hook = (await client.post("/webhooks", json=HOOK)).json()["id"]
        tried = [
            await client.post(path, json=body, headers=headers)
            for headers in ({}, ADMIN)
            for path, body in (("/webhooks", {**HOOK, **said}), (f"/webhooks/{hook}/rotate", said))
        ]
    assert [each.status_code for each in tried] == [403, 403, 201, 200]
    assert "leave `secret` out" in tried[0].json()["detail"]


async def test_the_figures_say_how_webhooks_stand(serving: Serving, tmp_path: Path) -> None:
    async with App.open(tmp_path / "desk.db", agents=[hello], webhooks=KEYED["webhooks"]) as app:
        on, away, refused, off = [(await app.webhooks.create(name, HOOK["url"])).webhook.id for name in "abcd"]
        book = app.store.webhooks
        await book.hold(away, Hold(since=1.0, tries=1, next_at=2.0, why="away"))
        await book.note_refusals(refused, Refusals(1.0, 3, "the receiver answered 500"))
        await app.webhooks.change(off, active=False)
        assert (await app.webhooks.get(on)).off is None
    async with serving(hello, store=str(tmp_path / "desk.db"), **KEYED) as client:
        shown = (await client.get(f"/webhooks/{refused}", headers=ADMIN)).json()
        assert (shown["refusals"]["tries"], shown["refusals"]["reason"]) == (3, "the receiver answered 500")
        told = (await client.get("http://podium/metrics", headers=ADMIN)).text.splitlines()
    states = [line for line in told if line.startswith("podium_webhooks{")]
    assert states == [f'podium_webhooks{{state="{state}"}} 1.0' for state in ("on", "away", "refused", "off")]
