"""What is sent again with the same Idempotency-Key is done once, though everything has begun anew meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium import Approval, Context, agent, workflow
from podium.model.person import Person
from podium.model.webhooks import WebhookSettings
from podium.server.again import AGAIN
from tests.unit.server.conftest import Serving

SETTINGS: Mapping[str, Any] = {
    "people": {"ada": Person(groups=["editors"]), "bob": Person(groups=["editors"])},
    "webhooks": WebhookSettings(key="a long secret of the installation"),
}


@agent(usd=1)
async def costly(task: str) -> str:
    raise RuntimeError("the line is cut: nobody knows what was spent")


@workflow
async def asks(ctx: Context) -> bool:
    return (await ctx.ask(Approval("Publish?"), to="editors")).approved


@workflow
async def fails(ctx: Context) -> str:
    return await ctx.call(costly, "write")


@dataclass(frozen=True)
class Sent:
    """A request that adds something, and where that is listed."""

    path: str
    body: dict[str, Any]
    other: dict[str, Any]
    """What is not taken under the same key."""
    listed: str
    counts: str
    """The member of what is listed that grows with each."""


RUN, QUESTION = "/runs/{run}", "/questions/{question}"
KEYED: Mapping[str, Sent] = {
    "start_run": Sent(
        "/runs", {"workflow": "echo", "input": "a"}, {"workflow": "echo", "input": "b"}, "/runs", "items"
    ),
    "fork_run": Sent(
        f"{RUN}/fork", {"key": "0", "input": "a"}, {"key": "0", "input": "b"}, "/runs", "items"
    ),
    "comment_on_question": Sent(
        f"{QUESTION}/comments", {"text": "Which one?"}, {"text": "This one"}, f"{QUESTION}/discussion", ""
    ),
    "reassign_question": Sent(
        f"{QUESTION}/reassign", {"to": "bob"}, {"to": "eve"}, f"{QUESTION}/discussion", ""
    ),
    "rate_run": Sent(f"{RUN}/feedback", {"score": 1}, {"score": 0}, f"{RUN}/feedback", ""),
    "raise_budget": Sent(
        f"{RUN}/budget", {"usd": 2, "reason": "more"}, {"usd": 3, "reason": "more"}, f"{RUN}/facts", ""
    ),
    "correct_budgets": Sent(
        f"{RUN}/budget/correct", {"usd": 0.25, "reason": "free"}, {"usd": 0.5, "reason": "free"},
        "/runs?workflow=podium.budget.correct", "items",
    ),
    "create_webhook": Sent(
        "/webhooks", {"name": "shop", "url": "https://a.example"}, {"name": "shop", "url": "https://b.example"},
        "/webhooks", "items",
    ),
}  # fmt: skip


@agent
async def echo_agent(text: str) -> str:
    return text


@workflow
async def echo(ctx: Context, text: str) -> str:
    return await ctx.call(echo_agent, text)


STAYING = ("id", "at", "assignee", "secret", "given_back_usd", "made_at", "started_at", "text", "score")
"""What of an answer does not change as time goes on."""
ROOT = {"x-who": "root default admin operator"}
AGENTS = (asks, fails, costly, echo, echo_agent)


async def prepared(client: httpx.AsyncClient) -> dict[str, str]:
    """Return a run that failed, with money in doubt, and a question that is open."""
    asked = (await client.post("/runs", json={"workflow": "asks"})).json()["id"]
    failed = (
        await client.post("/runs?wait=30", json={"workflow": "fails", "budget": {"usd": 5}, "tag": "first"})
    ).json()
    assert failed["state"] == "failed"
    while not (found := (await client.get("/questions", params={"run": asked})).json()["items"]):
        await asyncio.sleep(0)
    return {"run": failed["id"], "question": found[0]["id"]}


async def amount(client: httpx.AsyncClient, sent: Sent, there: dict[str, str]) -> int:
    said = (await client.get(sent.listed.format(**there), headers=ROOT)).json()
    return len(said[sent.counts] if sent.counts else said)


@pytest.mark.parametrize("name", KEYED)
async def test_the_same_key_again_does_no_more_and_another_key_does(
    name: str, serving: Serving, tmp_path: Path
) -> None:
    sent, store = KEYED[name], str(tmp_path / "desk.db")

    async def send(client: httpx.AsyncClient, key: str, body: dict[str, Any]) -> httpx.Response:
        return await client.post(sent.path.format(**there), json=body, headers={"idempotency-key": key})

    async with serving(*AGENTS, store=store, **SETTINGS) as client:
        there = await prepared(client)
        before = await amount(client, sent, there)
        first = await send(client, "k1", sent.body)
        assert first.status_code in (200, 201, 202), first.text
        assert await amount(client, sent, there) == before + 1
    async with serving(*AGENTS, store=store, **SETTINGS) as client:
        second = await send(client, "k1", sent.body)
        assert second.status_code in (200, 201, 202), second.text
        assert [second.json().get(name) for name in STAYING] == [first.json().get(name) for name in STAYING]
        assert await amount(client, sent, there) == before + 1
        refused = await send(client, "k1", sent.other)
        assert (refused.status_code, refused.json()["code"]) == (409, "not-possible")
        assert await amount(client, sent, there) == before + 1
        other = await client.post(
            sent.path.format(**there), json=sent.body,
            headers={"idempotency-key": "k1", **ROOT},
        )  # fmt: skip
        assert other.status_code in (200, 201, 202), other.text
        assert await amount(client, sent, there) == before + 2
        assert (await send(client, "k2", sent.body)).status_code in (200, 201, 202)
        assert await amount(client, sent, there) == before + 3


def test_every_route_that_takes_a_key_is_tried_here() -> None:
    assert set(KEYED) == {name for name, how in AGAIN.items() if how == "key"}
