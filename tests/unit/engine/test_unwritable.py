"""Values that no store can hold, and operations that a store refuses: told to their sender, unseen by all others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from podium import App, Context, RunState, Steps, agent, workflow
from podium.errors import InvalidValue, RunBlocked, RunFailed, Unwritable
from podium.model.fact import FactKind
from podium.store.operations import Committed, Operation, Write
from podium.store.sqlite.store import SqliteStore
from podium.testing import Witness, scripted
from tests.unit.engine.bench import Bench

HALF = "\ud83d"
"""Half an emoji, as of a text that was cut in the middle of it."""
HUGE = 2**63

echo = scripted("echo", lambda value: value)


@workflow
async def bystander(ctx: Context, n: int) -> int:
    for _ in range(3):
        await ctx.call(echo, n)
    return n


@workflow
async def asks(ctx: Context) -> Any:
    return await ctx.ask("Well?")


Enter = Callable[[App, str], Awaitable[object]]


async def _signal(app: App, run: str, **signal: Any) -> object:
    return await (await app.handle(run)).signal(signal.get("name", "x"), signal.get("body", 1), id=signal.get("id"))


async def _cancel(app: App, run: str) -> object:
    return await (await app.handle(run)).cancel(HALF)


async def _answer(app: App, value: object, by: str) -> None:
    await app.inbox.answer((await app.inbox.list())[0].id, value, by=by)


async def _operate(app: App, run: str, **said: str) -> None:
    """Give a reason or a name to an operation; the run may be any, for it is refused before it is looked at."""
    operations, told = app.operations, {"by": "kim", "why": "test", **said}
    for operate in (operations.discard, operations.redact):
        with pytest.raises(InvalidValue):
            await operate(run, **told)
    await operations.retain(0.0, **told)


ENTRANCES: dict[str, tuple[Enter, str]] = {
    "tag": (lambda app, _: app.start(bystander, 1, tag=HALF), "the run's tag"),
    "id": (lambda app, _: app.start(bystander, 1, id=HALF), "the run's id"),
    "queue": (lambda app, _: app.start(bystander, 1, queue=HALF), "the run's queue"),
    "tenant": (lambda app, _: app.start(bystander, 1, tenant=HALF), "the run's tenant"),
    "principal": (lambda app, _: app.start(bystander, 1, principal=HALF), "the run's principal"),
    "priority": (lambda app, _: app.start(bystander, 1, priority=HUGE), "the run's priority"),
    "negative priority": (lambda app, _: app.start(bystander, 1, priority=-HUGE - 1), "the run's priority"),
    "number for a tag": (lambda app, _: app.start(bystander, 1, tag=5), "the run's tag is 5; expected text"),  # pyright: ignore[reportArgumentType]  the subject
    "signal id": (lambda app, run: _signal(app, run, id=HALF), "the signal's id"),
    "signal name": (lambda app, run: _signal(app, run, name=HALF), "the signal's name"),
    "signal body": (lambda app, run: _signal(app, run, body=[HALF]), "the signal's body"),
    "signal number": (lambda app, run: _signal(app, run, body=2**70), "the signal's body"),
    "cancel": (_cancel, "the signal's body"),
    "answer": (lambda app, _: _answer(app, HALF, "kim"), "the answer"),
    "operation by": (lambda app, run: _operate(app, run, by=HALF), "the name of whoever acts"),
    "operation why": (lambda app, run: _operate(app, run, why=HALF), "the reason"),
    "answer by": (lambda app, _: _answer(app, "yes", HALF), "the name of whoever acts"),
}


@pytest.mark.parametrize("entrance", ENTRANCES)
async def test_what_no_store_can_hold_is_refused_where_it_enters_by_name(bench: Bench, entrance: str) -> None:
    enter, names = ENTRANCES[entrance]
    async with bench.app(bystander, asks) as app:
        question = await app.start(asks)
        await bench.clock.settle()
        others = [await app.start(bystander, n) for n in range(5)]
        before = len(await app.runs.facts(question.id))
        with pytest.raises(InvalidValue, match=names):
            await enter(app, question.id)
        assert [await other.result() for other in others] == list(range(5))
        assert len(await app.runs.facts(question.id)) == before


def keyed(name: str, key: str) -> Any:
    """Return a workflow whose agent has a step under a key."""

    @agent(name=f"{name}_agent")
    async def fetches(n: int, steps: Steps) -> int:
        async def body() -> int:
            raise AssertionError("the body must not begin: its result could not be recorded")

        return await steps.once("fetch", body, key=key)

    @workflow(name=name)
    async def flow(ctx: Context) -> int:
        return await ctx.call(fetches, 1)

    return flow


steps_key = keyed("steps_key", HALF)
long_key = keyed("long_key", "https://example.org/?q=" + "x" * 70_000)
long_key_of_few_characters = keyed("long_key_of_few_characters", "\N{GRINNING FACE}" * 20_000)


@workflow
async def changes(ctx: Context) -> bool:
    return ctx.changed(HALF)


@workflow
async def spawns(ctx: Context) -> int:
    return await (await ctx.spawn(bystander, 1, priority=HUGE)).result()


@workflow
async def waits(ctx: Context) -> Any:
    return await ctx.signal(HALF)


@workflow
async def questions(ctx: Context) -> Any:
    return await ctx.ask(HALF)


@pytest.mark.parametrize(
    ("flow", "names"),
    [
        (steps_key, "the name and key of step 'fetch' cannot be stored"), (changes, "the name of the change"),
        (long_key, "the name and key of step 'fetch' has 70,0.. bytes; expected at most 65,535"),
        (long_key_of_few_characters, "the name and key of step 'fetch' has 80,0.. bytes"),
        (spawns, "the run's priority"), (waits, "expected JSON"), (questions, "expected JSON"),
    ],
)  # fmt: skip
async def test_a_run_that_makes_such_a_value_fails_alone_before_anything_is_done(
    bench: Bench, flow: Any, names: str
) -> None:
    async with bench.app(bystander, flow) as app:
        others = [await app.start(bystander, n) for n in range(5)]
        with pytest.raises(RunFailed, match=names):
            await app.run(flow)
        assert [await other.result() for other in others] == list(range(5))


class Choosy(SqliteStore):
    """Cannot store facts of one kind of one run, whatever stands beside them."""

    refused: tuple[str, FactKind] | None = None
    number: int | None = None
    """The store's number of the run."""

    async def commit(self, worker: str, operations: Sequence[Operation], *, alone: bool = False) -> Committed:
        self._check(operations)
        committed = await super().commit(worker, operations, alone=alone)
        if self.refused is not None and self.refused[0] in committed.started:
            self.number = committed.started[self.refused[0]]
        return committed

    def _check(self, operations: Sequence[Operation]) -> None:
        if self.refused is None:
            return
        _, kind = self.refused
        for each in operations:
            if isinstance(each, Write) and any(fact.kind is kind for fact in each.facts) and each.run == self.number:
                raise Unwritable("not this one")


@pytest.mark.parametrize("kind", [FactKind.ASKED, FactKind.ANSWERED, FactKind.ENDED])
async def test_a_run_whose_facts_cannot_be_stored_is_blocked_with_the_reason_and_the_others_go_on(
    bench: Bench, kind: FactKind
) -> None:
    witness = Witness(bench.path.with_suffix(".witness"))

    @agent(effects="once")
    async def pay(n: int) -> int:
        witness.saw("paid", str(n))
        return n

    @workflow
    async def pays(ctx: Context, n: int) -> int:
        await ctx.call(echo, n)
        await ctx.call(pay, n)
        return await ctx.call(echo, n)

    store = Choosy(str(bench.path))
    async with bench.app(pays, store=store) as app:
        store.refused = "bad", kind
        handles = [await app.start(pays, n, id="bad" if n == 3 else f"r{n}") for n in range(8)]
        ends = await asyncio.gather(*[handle.result() for handle in handles], return_exceptions=True)
        assert [end for n, end in enumerate(ends) if n != 3] == [0, 1, 2, 4, 5, 6, 7]
        assert isinstance(ends[3], RunBlocked)
        assert "what it recorded cannot be stored: not this one" in str(ends[3])
        assert (await handles[3].status()).state is RunState.BLOCKED
        assert not await app.reports.verify("bad")
        paid = witness.count("paid", "3")
        assert paid == (1 if kind is FactKind.ENDED else 0)
        store.refused = None
        assert await (await app.operations.retry("bad")).result() == 3
        assert witness.count("paid", "3") == 1
