"""Whoever is held to some workflows gets at no others, by whichever operation of the document."""

import asyncio

import pytest

from podium import Context, workflow
from podium.model.delegation import Delegation
from tests.unit.server.access.conftest import Serving
from tests.unit.server.access.test_document import FILLED, ROUTES, body_of, filled

ABOUT_NO_RUN = {
    "POST /api/v1/audit/verify", "POST /api/v1/policies/explain",  # look, and change nothing
    "POST /api/v1/delegations/{delegation}/revoke",  # takes away
    "POST /api/v1/people/{person}/away",
    "POST /api/v1/questions/{question}/comments", "POST /api/v1/runs/{run}/feedback",  # say something
    "POST /api/v1/conversations/{name}/fork",  # of what may be seen
    "POST /api/v1/store/compact", "POST /api/v1/workers/{worker}/drain",
    "POST /api/v1/webhooks", "PATCH /api/v1/webhooks/{webhook}", "DELETE /api/v1/webhooks/{webhook}",
    "POST /api/v1/webhooks/{webhook}/rotate", "POST /api/v1/webhooks/{webhook}/ping",
    "POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver",
}  # fmt: skip
"""What changes no run, and lets nobody change one."""
BY_TOKEN = {"POST /api/v1/delegated-runs"}
TOLD_APART = {"POST /api/v1/dead-letters/requeue"}
"""What answers for each run."""
GIVEN = {
    "/api/v1/runs": {"workflow": "theirs"}, "/api/v1/runs/{run}/budget": {"usd": 1},
    "/api/v1/questions/{question}/answer": {"value": "yes"},
}  # fmt: skip
CHANGING = [
    name
    for name in ROUTES
    if not name.startswith("GET ") and name.replace(":path", "") not in ABOUT_NO_RUN | BY_TOKEN | TOLD_APART
]


@workflow
async def theirs(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="editors")


@workflow
async def own(_: Context, text: str) -> str:
    return text


async def test_nobody_leaves_the_workflows_that_they_are_held_to(signed: Serving) -> None:
    async with signed(theirs, own, server={"requests": {"per_second": 100_000}}) as served:
        made = await served.app.keys.create("held", who="held", roles={"admin"}, workflows=("own",))
        run = await served.app.start(theirs, "secret", conversation="talk")
        while not (asked := (await served.app.inbox.list(run=run.id)).items):
            await asyncio.sleep(0)
        names = {**FILLED, "run": run.id, "question": asked[0].id, "name": "talk", "key": made.key.id}
        before = await run.facts()
        for name in CHANGING:
            method, _, path = name.partition(" ")
            body = body_of(ROUTES[name])
            if body:
                body["json"] |= GIVEN.get(path, {})
            answer = await served.client.request(
                method, filled(path, names), headers={"x-api-key": made.secret}, **body
            )
            assert answer.status_code == 403, f"{name}: {answer.status_code} {answer.text}"
            assert "it may of own" in answer.text, f"{name}: {answer.text}"
        [told] = (
            await served.client.post(
                "/api/v1/dead-letters/requeue", json={"runs": [run.id]}, headers={"x-api-key": made.secret}
            )
        ).json()
        assert "it may of own" in told["error"]
        assert await run.facts() == before


async def test_whoever_is_held_to_some_workflows_answers_what_is_put_to_them(signed: Serving) -> None:
    async with signed(theirs) as served:
        made = await served.app.keys.create("held", who="held", roles={"editors"}, workflows=("own",))
        run = await served.app.start(theirs, "secret")
        while not (asked := (await served.app.inbox.list(run=run.id)).items):
            await asyncio.sleep(0)
        answer = await served.client.post(
            f"/api/v1/questions/{asked[0].id}/answer", json={"value": "yes"}, headers={"x-api-key": made.secret}
        )
        assert answer.status_code == 200, answer.text


async def test_who_has_no_token_is_told_nothing_of_what_there_is(
    signed: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "d" * 16 + "0123456789abcdef")
    async with signed(theirs, own, delegation={"key": "env:DELEGATION_KEY"}) as served:
        token = await served.app.delegations.grant(Delegation(by="ada", to="shop", agents=("own",)))
        for given in (f"{token}x", "a.b.c", token):
            told: set[str] = set()
            for name, given_input in (("theirs", "x"), ("theirs", 7), ("none", "x")):
                answer = await served.client.post(
                    "/api/v1/delegated-runs", json={"workflow": name, "input": given_input},
                    headers={"authorization": f"Bearer {given}"},
                )  # fmt: skip
                assert answer.status_code == 401, answer.text
                told.add(answer.json()["detail"].replace(name, ""))
            assert len(told) == 1
