"""The export of the audit tells, line by line, who called whom for whom, and who decided."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from podium import App, Context, agent, human, workflow
from podium.model.json import Json
from podium.reports.export import lines
from podium.testing import DrivenClock

boss = human("boss", text="Well?", answer=str)


@agent(version="3")
async def say(text: str) -> str:
    return text.upper()


@workflow
async def inner(ctx: Context, text: str) -> str:
    return await ctx.call(say, text)


@workflow
async def outer(ctx: Context, text: str) -> str:
    return await ctx.call(inner, text) + await ctx.call(boss, None)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    clock = DrivenClock()
    async with App.open(tmp_path / "a.db", agents=[outer, inner, say], clock=clock) as app:
        for tenant in ("acme", "other"):
            handle = await app.start(outer, "hi", id=tenant, tenant=tenant, principal="bob")
            await clock.settle()
            await app.inbox.answer((await app.inbox.list(run=tenant))[0].id, "yes", by="ann")
            await handle.result()
        yield app


async def told(app: App, what: str, **wanted: Json) -> Sequence[Json]:
    return [line async for line in lines(app.store, run="acme", **wanted) if line["what"] == what]


async def test_a_call_is_told_with_caller_agent_version_and_on_whose_behalf(app: App) -> None:
    calls = [(line["caller"], line["agent"], line["version"], line["principal"]) for line in await told(app, "asked")]
    assert calls == [("outer", "inner", "1", "bob"), ("inner", "say", "3", "bob"), ("outer", "human-boss", "1", "bob")]
    assert [line["agent"] for line in await told(app, "answered")] == ["say", "inner", "human-boss"]


async def test_who_decided_is_told(app: App) -> None:
    assert [line["by"] for line in await told(app, "question") if "by" in line] == [["ann"]]


async def test_inputs_are_digests_unless_payloads_are_asked_for(app: App) -> None:
    [short, *_], [full, *_] = await told(app, "asked"), await told(app, "asked", payloads=True)
    assert len(short["payload_digest"]) == 64
    assert "payload" not in short
    assert full == {**short, "payload": "hi"}


async def test_only_a_tenants_runs_are_told(app: App) -> None:
    assert {line["run"] async for line in lines(app.store, tenant="other")} == {"other"}
    assert {line["run"] async for line in lines(app.store)} == {"acme", "other"}


async def test_of_a_redacted_run_it_is_told_who_did_what_and_who_redacted(app: App) -> None:
    before = await told(app, "asked")
    await app.operations.redact("acme", by="eve", why="asked for")
    without = [{name: part for name, part in line.items() if name != "payload_digest"} for line in before]
    assert await told(app, "asked", payloads=True) == without
    [redacted] = await told(app, "redacted")
    assert redacted["said"]["by"] == "eve"
