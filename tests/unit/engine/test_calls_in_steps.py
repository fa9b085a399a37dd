"""An agent calls others in its steps: they are calls below its own, and it is left until they have answered."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from podium import App, Context, Retry, Steps, agent, human, workflow
from podium.errors import CallFailed, CallRefused, RunFailed, UsageError
from podium.model.agent import AnyAgent
from podium.model.budget import Budget
from podium.model.call import Call
from podium.model.fact import FactKind
from podium.model.facts.calls import Asked
from podium.model.question import Question
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from tests.faults.snapshots import Snapshots, left_by_a_crash
from tests.unit.engine.bench import Bench, facts


class House:
    """A boss, and those whom it calls in its steps."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.callers: list[tuple[str, ...]] = []

        @agent
        async def dig(task: str, call: Call) -> str:
            self.done.append(f"dig {task}")
            self.callers.append(call.callers)
            return f"dug {task}"

        @workflow
        async def crew(ctx: Context, task: str) -> str:
            first = await ctx.call(dig, f"{task} 1")
            return f"{first} and {await ctx.call(dig, f'{task} 2')}"

        self.dig, self.crew = dig, crew
        self.ada = human("ada", text="Is it well?", answer=str)

        @agent
        async def boss(task: str, steps: Steps) -> str:
            found = await asyncio.gather(steps.call(dig, task), steps.call(crew, task), steps.call(self.ada, task))
            self.done.append("boss")
            return " | ".join([*found, await steps.call(dig, "last")])

        self.boss = boss

        @workflow
        async def job(ctx: Context, task: str) -> str:
            return await ctx.call(boss, task)

        self.job = job

    @property
    def everybody(self) -> tuple[AnyAgent, ...]:
        return self.job, self.dig, self.crew, self.ada


GIVEN = "dug a | dug a 1 and dug a 2 | yes | dug last"


async def answered(app: App, bench: Bench) -> Question:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    await app.inbox.answer(question.id, "yes", by="ada")
    return question


async def test_they_are_calls_below_its_own_and_name_the_step(bench: Bench) -> None:
    house = House()
    async with bench.app(*house.everybody) as app:
        handle = await app.start(house.job, "a")
        await answered(app, bench)
        assert await handle.result() == GIVEN
        asked = [(fact.key, fact.content) for fact in await handle.facts()]
        told = {key: (said.agent, said.step) for key, said in asked if isinstance(said, Asked) and said.step}
        assert told == {
            "0.0": ("dig", "0/1/call/dig#0"), "0.1": ("crew", "0/1/call/crew#0"),
            "0.2": ("human-ada", "0/1/call/human-ada#0"), "0.3": ("dig", "0/1/call/dig#1"),
        }  # fmt: skip
        tree = await app.runs.tree(handle.id)
        assert [(each.key, each.kind) for each in tree.root.children] == [("0", "call")]
        assert [each.key for each in tree.root.children[0].children if each.kind != "step"] == [
            "0.0",
            "0.1",
            "0.2",
            "0.3",
        ]
    assert house.callers == [("job", "boss"), ("job", "boss", "crew"), ("job", "boss", "crew"), ("job", "boss")]


async def test_the_run_parks_while_one_waits_and_goes_on_in_another_process(bench: Bench) -> None:
    house = House()
    run = await bench.parked(house.job, "a", *house.everybody[1:])
    before = list(house.done)
    async with bench.app(*house.everybody) as app:
        assert (await app.runs.get(run)).state == "parked"
        await answered(app, bench)
        assert await (await app.handle(run)).result() == GIVEN
    assert before == ["dig a", "dig a 1", "dig a 2"]
    assert [each for each in house.done if each != "boss"] == [*before, "dig last"]


async def test_after_a_crash_at_any_commit_nothing_that_is_recorded_is_done_again(bench: Bench, tmp_path: Path) -> None:
    house = House()
    snapshots = Snapshots(SqliteStore(str(bench.path)), tmp_path)
    async with bench.app(*house.everybody, store=cast("Store", snapshots)) as app:
        handle = await app.start(house.job, "a")
        await answered(app, bench)
        assert await handle.result() == GIVEN
    ended = 0
    for copy in snapshots.copies:
        house.done.clear()
        async with bench.app(*house.everybody, store=left_by_a_crash(copy)) as app:
            runs = (await app.runs.list()).items
            if not runs or runs[0].state.ended:
                continue
            said = await app.runs.facts(runs[0].id)
            known = {fact.key for fact in said if fact.kind is FactKind.ANSWERED}
            await bench.clock.settle()
            if open_ones := await app.inbox.list():
                await app.inbox.answer(open_ones[0].id, "yes", by="ada")
            assert await (await app.handle(runs[0].id)).result() == GIVEN
            ended += 1
            places = {"0.0": "dig a", "0.1.0": "dig a 1", "0.1.1": "dig a 2", "0.3": "dig last"}
            again = [each for each in house.done if each != "boss"]
            left = [each for key, each in places.items() if not {key, key.rpartition(".")[0]} & known]
            assert sorted(again) == sorted(left), copy
    assert ended > 5


async def test_the_error_of_one_is_raised_in_the_step_and_a_further_attempt_calls_that_one_anew(bench: Bench) -> None:
    failed = list[str]()
    done = list[str]()

    @agent(retry=Retry(attempts=1))
    async def shaky(task: str) -> str:
        done.append(task)
        if done.count(task) == 1:
            raise ValueError("no luck")
        return "luck"

    @agent
    async def sure(task: str) -> str:
        done.append("sure")
        return task

    @agent(retry=Retry(attempts=2))
    async def boss(task: str, steps: Steps) -> str:
        first = await steps.call(sure, task)
        try:
            return first + await steps.call(shaky, task)
        except CallFailed as error:
            failed.append(f"{error.key} {error.kind} {error.type}")
            raise

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(boss, task)

    async with bench.app(job) as app:
        handle = await app.start(job, "a")
        await bench.clock.advance(10)
        assert await handle.result() == "aluck"
        keys = [key for kind, key in await facts(app, handle.id) if kind is FactKind.ASKED]
    assert failed == ["0.1 bug ValueError"]
    assert done == ["sure", "a", "a"]
    assert keys == ["0", "0.0", "0.1", "0.r2.0"]


async def test_an_operators_retry_asks_only_the_one_that_failed(bench: Bench) -> None:
    done = list[str]()

    @agent
    async def sure(task: str) -> str:
        done.append("sure")
        return task

    @agent
    async def broken(task: str) -> str:
        done.append("broken")
        if done.count("broken") == 1:
            raise ValueError("it is down")
        return "up"

    @agent
    async def boss(task: str, steps: Steps) -> str:
        return "".join(await asyncio.gather(steps.call(sure, task), steps.call(broken, task)))

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(boss, task)

    async with bench.app(job, sure, broken) as app:
        handle = await app.start(job, "a")
        with pytest.raises(RunFailed, match="it is down"):
            await handle.result()
        await app.operations.retry(handle.id)
        assert await handle.result() == "aup"
    async with bench.app(job, sure, broken) as app:
        assert await (await app.handle(handle.id)).result() == "aup"
    assert done == ["sure", "broken", "broken"]


async def test_what_one_did_is_undone_with_the_workflow_around_and_done_again_in_a_fork(bench: Bench) -> None:
    done = list[str]()

    @agent(undo="cancel")
    async def book(what: str) -> str:
        done.append(f"book {what}")
        return f"ticket {len(done)}"

    @agent
    async def cancel(told: dict[str, Any]) -> None:
        done.append(f"cancel {told['value']}")

    @agent
    async def boss(task: str, steps: Steps) -> str:
        return await steps.call(book, task)

    @agent
    async def pay(ticket: str) -> str:
        if done.count("book a") == 1:
            raise ValueError("no money")
        return f"paid {ticket}"

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(pay, await ctx.call(boss, task))

    async with bench.app(job, book, cancel) as app:
        handle = await app.start(job, "a")
        with pytest.raises(RunFailed, match="no money"):
            await handle.result()
        assert done == ["book a", "cancel ticket 1"]
        fork = await app.operations.fork(handle.id, "1")
        assert await fork.result() == "paid ticket 3"
    assert done == ["book a", "cancel ticket 1", "book a"]


@pytest.mark.parametrize("crash", [False, True])
async def test_what_one_did_is_undone_where_the_agent_that_called_it_failed(bench: Bench, *, crash: bool) -> None:
    done = list[str]()

    @agent(undo="cancel")
    async def book(what: str) -> str:
        done.append(f"book {what}")
        return "ticket"

    @agent
    async def cancel(told: dict[str, Any]) -> None:
        done.append(f"cancel {told['value']}")

    @agent
    async def boss(task: str, steps: Steps) -> str:
        await steps.call(book, task)
        raise ValueError("I am lost")

    @workflow
    async def job(ctx: Context, task: str) -> str:
        try:
            await ctx.call(boss, task)
        except CallFailed:
            await ctx.sleep(10)
        raise ValueError("nothing came of it")

    async with bench.app(job, book, cancel) as app:
        run = (await app.start(job, "a")).id
        await bench.clock.settle()
        if not crash:
            await bench.clock.advance(20)
    if crash:
        assert (await bench.ended(run, job, book, cancel, seconds=20)).state == "failed"
    assert done == ["book a", "cancel ticket"]


async def test_a_rule_that_forbids_one_is_raised_in_the_step(bench: Bench) -> None:
    @agent
    async def deep(task: str) -> str:
        return task

    @agent
    async def boss(task: str, steps: Steps) -> str:
        try:
            return await steps.call(deep, task)
        except CallRefused as refused:
            return refused.rule

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(boss, task)

    async with bench.app(job, deep) as app:
        assert await app.run(job, "a", budget=Budget(depth=1)) == "budget:depth"
        assert await app.run(job, "a", budget=Budget(depth=2)) == "a"


async def test_more_than_the_budget_allows_at_once_are_refused(bench: Bench) -> None:
    house = House()
    async with bench.app(*house.everybody) as app:
        with pytest.raises(RunFailed, match="3 branches at once, and the budget of the run allows 2"):
            await app.run(house.job, "a", budget=Budget(fan_out=2))


async def test_a_cancel_reaches_those_that_are_under_way(bench: Bench) -> None:
    house = House()
    async with bench.app(*house.everybody) as app:
        handle = await app.start(house.job, "a")
        await bench.clock.settle()
        assert await handle.cancel()
        await bench.clock.settle()
        assert (await handle.status()).state == "cancelled"
        assert not await app.inbox.list()


async def test_an_input_that_does_not_fit_is_told_in_the_step(bench: Bench) -> None:
    house = House()

    @agent
    async def boss(task: str, steps: Steps) -> str:
        return await steps.call(house.dig, 7)

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(boss, task)

    async with bench.app(job) as app:
        with pytest.raises(RunFailed, match="InvalidValue: expected str"):
            await app.run(job, "a")


async def test_none_is_called_inside_an_effect_that_happens_once(bench: Bench) -> None:
    house = House()

    @agent
    async def boss(task: str, steps: Steps) -> str:
        return await steps.once("pay", lambda: steps.call(house.dig, "a"), effects="once")

    @workflow
    async def job(ctx: Context, task: str) -> str:
        return await ctx.call(boss, task)

    async with bench.app(job) as app:
        await app.start(job, "a")
        await bench.clock.settle()
        (question,) = await app.inbox.list()
        assert "call/dig would wait for dig inside pay, which is declared `once`" in question.ask.text


async def test_what_is_no_agent_is_refused(bench: Bench) -> None:
    @agent
    async def boss(task: str, steps: Steps) -> str:
        return await steps.call(print, "a")

    @workflow
    async def job(ctx: Context, task: str) -> str:
        try:
            return await ctx.call(boss, task)
        except CallFailed as error:
            return f"{error.type} {error}"

    async with bench.app(job) as app:
        said = await app.run(job, "a")
        assert UsageError.__name__ in said
        assert "print is no agent. Put @agent above it." in said
