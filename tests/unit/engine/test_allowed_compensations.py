"""What undoes runs as it was allowed when it was registered, whatever came to be forbidden since; and is told of."""

from pathlib import Path
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.errors import RunFailed
from podium.model.delegation import Delegation
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.steps import Steps
from tests.unit.engine.bench import Bench

BEFORE = (
    'permit(principal, action, resource);\n@id("no_secrets") forbid(principal, action, resource == Agent::"secret");'
)
FORBIDDEN = f'{BEFORE}\n@id("frozen") forbid(principal, action, resource == Agent::"cancel");'
ASKED = f'{BEFORE}\n@id("careful") @ask("boss") forbid(principal, action, resource == Agent::"cancel");'
WAYS = ["on_undo", "card"]


class Trip:
    """A workflow that books, waits for a signal, fails and undoes; what it did is counted outside of the store."""

    def __init__(self, folder: Path, way: str = "on_undo", *, by: str = "cancel") -> None:
        self.done: list[str] = []
        self.policy = folder / "policy.cedar"
        self.way, self.by = way, by

    def agents(self) -> tuple[Any, ...]:
        @agent(name="book", undo=self.by if self.way == "card" else None)
        async def book(what: str) -> str:
            self.done.append(f"book {what}")
            return what

        @agent(name="cancel")
        async def cancel(input: Json, value: Json, steps: Steps) -> str:
            async def ask() -> str:
                self.done.append("cancel")
                return "gone"

            return str(await steps.once("desk", ask))

        @agent(name="secret")
        async def secret(input: Json, value: Json) -> None:
            self.done.append("secret")

        @workflow(name="trip")
        async def trip(ctx: Context, what: str) -> None:
            booked = await ctx.call(book, what)
            if self.way == "on_undo":
                await ctx.on_undo(self.by, {"input": what, "value": booked})
            await ctx.signal("go")
            raise ValueError("no seat")

        return trip, book, cancel, secret

    def settings(self, policy: str | None, **more: Any) -> dict[str, Any]:
        if policy is None:
            return more
        self.policy.write_text(policy)
        return {"policy": {"file": str(self.policy)}, **more}

    async def ends(self, bench: Bench, app: App, run: str) -> str:
        """Let a run fail; returns why it did, and what is left undone."""
        handle = await app.handle(run)
        await handle.signal("go")
        await bench.clock.advance(100)
        with pytest.raises(RunFailed) as failed:
            await handle.result()
        return str(failed.value)


async def notices(app: App, run: str) -> list[Json]:
    facts = await app.runs.facts(run)
    said = [each.body for each in facts if each.kind is FactKind.NOTICE and "undo" in each.key]
    return [each for each in said if each.get("guard") in ("policy", "delegation")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", [None, BEFORE])
@pytest.mark.parametrize("after", [FORBIDDEN, ASKED])
async def test_a_policy_that_came_since_does_not_stop_what_undoes(
    bench: Bench, tmp_path: Path, way: str, before: str | None, after: str
) -> None:
    trip = Trip(tmp_path, way)
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **trip.settings(before)) as app:
        run = (await app.start(flow, "flight")).id
        await bench.clock.settle()
    async with bench.app(flow, *others, **trip.settings(after)) as app:
        assert "not undone" not in await trip.ends(bench, app, run)
        (note,) = await notices(app, run)
        assert (note["decision"], note["rule"]) == ("allow", f"policy:{'frozen' if after == FORBIDDEN else 'careful'}")
        assert note["reason"].startswith("it was allowed when it was registered as a compensation; now: ")
        assert await app.reports.verify(run) == []
    assert trip.done == ["book flight", "cancel"]


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_never_allowed_does_not_undo(bench: Bench, tmp_path: Path, way: str) -> None:
    trip = Trip(tmp_path, way, by="secret")
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **trip.settings(BEFORE)) as app:
        run = (await app.start(flow, "flight")).id
        await bench.clock.settle()
    async with bench.app(flow, *others, **trip.settings(BEFORE)) as app:  # replayed: the fact says so
        assert "not undone: secret" in await trip.ends(bench, app, run)
    assert trip.done == ["book flight"]


async def test_what_a_person_had_to_allow_is_asked_about_when_it_undoes(bench: Bench, tmp_path: Path) -> None:
    trip = Trip(tmp_path)
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **trip.settings(ASKED)) as app:
        handle = await app.start(flow, "flight")
        await handle.signal("go")
        await bench.clock.settle()
        (question,) = await app.inbox.list(to="boss")
        assert trip.done == ["book flight"]
        await app.inbox.answer(question.id, {"approved": True}, by="ann")
        with pytest.raises(RunFailed, match="no seat"):
            await handle.result()
    assert trip.done == ["book flight", "cancel"]


@pytest.mark.parametrize("way", WAYS)
async def test_it_may_be_set_that_what_undoes_is_judged_anew(bench: Bench, tmp_path: Path, way: str) -> None:
    trip = Trip(tmp_path, way)
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **trip.settings(BEFORE)) as app:
        run = (await app.start(flow, "flight")).id
        await bench.clock.settle()
    strict = trip.settings(FORBIDDEN, compensations="judged_anew")
    async with bench.app(flow, *others, **strict) as app:
        assert "not undone: cancel" in await trip.ends(bench, app, run)
    assert trip.done == ["book flight"]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("DELEGATION_KEY", "k" * 40)
    return {"delegation": {"key": "env:DELEGATION_KEY"}}


@pytest.mark.parametrize("ends", ["revoked", "expired"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_delegation_that_ended_does_not_stop_what_undoes(
    bench: Bench, tmp_path: Path, key: dict[str, Any], way: str, ends: str
) -> None:
    trip = Trip(tmp_path, way)
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **key) as app:
        until = bench.clock.now() + 50 if ends == "expired" else None
        token = await app.delegations.grant(Delegation(by="ada", to="bot", expires=until))
        run = (await app.redeem(token, "trip", "flight")).id
        await bench.clock.advance(60)
        if ends == "revoked":
            await app.delegations.revoke((await app.delegations.all())[0].id)
        assert "not undone" not in await trip.ends(bench, app, run)
        (note,) = await notices(app, run)
        assert note["decision"] == "allow"
        assert "what was done within it is undone all the same: delegation" in note["reason"]
    assert trip.done == ["book flight", "cancel"]


@pytest.mark.parametrize(("agents", "settings"), [(("trip", "book"), {}), (("*",), {"compensations": "judged_anew"})])
async def test_a_delegation_that_ended_lets_nothing_undo_that_it_was_not_for(
    bench: Bench, tmp_path: Path, key: dict[str, Any], agents: tuple[str, ...], settings: dict[str, Any]
) -> None:
    trip = Trip(tmp_path)
    flow, *others = trip.agents()
    async with bench.app(flow, *others, **key, **settings) as app:
        token = await app.delegations.grant(Delegation(by="ada", to="bot", agents=agents))
        run = (await app.redeem(token, "trip", "flight")).id
        await bench.clock.settle()
        await app.delegations.revoke((await app.delegations.all())[0].id)
        assert "not undone: cancel" in await trip.ends(bench, app, run)
    assert trip.done == ["book flight"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("again", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize("who", ["outer", "trip"])
async def test_what_a_workflow_may_not_call_is_not_called_to_undo_what_it_did(
    bench: Bench, tmp_path: Path, way: str, who: str, *, again: bool
) -> None:
    trip = Trip(tmp_path, way)
    inner, book, cancel, secret = trip.agents()

    @workflow
    async def outer(ctx: Context, what: str) -> None:
        await ctx.call(inner, what)

    rule = f'forbid(principal == Agent::"{who}", action, resource == Agent::"cancel");'
    settings = trip.settings(f"permit(principal, action, resource);\n{rule}")
    agents = (outer, inner, book, cancel, secret)
    async with bench.app(*agents, **settings) as app:
        run = (await app.start(outer, "oslo")).id
        await bench.clock.settle()
        if not again:
            assert "not undone: cancel" in await trip.ends(bench, app, run)
    if again:
        async with bench.app(*agents, **settings) as app:
            assert "not undone: cancel" in await trip.ends(bench, app, run)
    assert trip.done == ["book oslo"]
