"""What is finished stays finished: a retry, of whatever kind, is handed what was done, and does only what was not."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from podium import App, Call, Context, Retry, RunState, Steps, agent, run_sync, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import BadAnswer, CallFailed, Refusal, RunFailed
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.testing import DrivenClock, Give, ScriptedModel, Use
from tests.unit.engine.bench import Bench

ALWAYS = Retry(attempts=9, delay=1, kinds=frozenset(FailureKind))
ERRORS = {
    "bug": ValueError("it broke"),
    "validation": BadAnswer("it does not fit"),
    "refusal": Refusal("I will not"),
    "transport": ConnectionError("cut"),
    "timeout": TimeoutError("late"),
}


def calling(target: Any, input: Any = 5) -> Any:
    @workflow(name="calls")
    async def calls(ctx: Context) -> Json:
        return plain(await ctx.call(target, input))

    return calls


def plain(value: Any) -> Json:
    return value.n if isinstance(value, Receipt) else value


def stumbling(bench: Bench, error: Exception, *, effects: Any, **options: Any) -> Any:
    """Return an agent that does something recorded and then fails, the first time that it is run to that point."""

    @agent(**options)
    async def stumbles(n: int, steps: Steps) -> str:
        async def act() -> str:
            bench.witness.saw("acted", steps.idempotency_key)
            return f"receipt {n}"

        receipt: str = await steps.once("act", act, input={"n": n}, effects=effects)
        bench.witness.saw("went_on")
        if bench.witness.count("went_on") == 1:
            raise error
        return receipt

    return stumbles


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
async def test_a_step_that_is_done_is_handed_back_to_the_next_attempt(
    bench: Bench, error: Exception, effects: str
) -> None:
    flow = calling(stumbling(bench, error, effects=effects, retry=ALWAYS))
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        assert await handle.result() == "receipt 5"
    assert (bench.witness.count("went_on"), bench.witness.count("acted")) == (2, 1)


@pytest.mark.parametrize("effects", ["idempotent", "once"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
async def test_a_step_that_is_done_is_handed_back_when_its_run_is_retried(
    bench: Bench, error: Exception, effects: str
) -> None:
    flow = calling(stumbling(bench, error, effects=effects))
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed):
            await app.run(flow, id="r")
        assert await (await app.operations.retry("r")).result() == "receipt 5"
    assert (bench.witness.count("went_on"), bench.witness.count("acted")) == (2, 1)


async def test_what_was_handed_back_is_so_in_every_replay(bench: Bench) -> None:
    @agent(retry=ALWAYS)
    async def twice(n: int, steps: Steps, call: Call) -> list[str]:
        async def act() -> str:
            bench.witness.saw("acted")
            return f"receipt {bench.witness.count('acted')}"

        found = [await steps.once("act", act, effects="once") for _ in range(2)]
        if call.attempt == 1:
            raise ValueError
        return found

    @workflow
    async def waits(ctx: Context) -> Json:
        found = await ctx.call(twice, 5)
        await ctx.sleep(100)
        return [found, await ctx.call(twice, 5)]

    async with bench.app(waits) as app:
        run = await app.start(waits)
        await bench.clock.advance(10)
        steps = [fact for fact in await app.runs.facts(run.id) if fact.kind is FactKind.STEP]
        assert [(fact.key, fact.payload is None) for fact in steps] == [
            ("0/1/act#0", False), ("0/1/act#1", False), ("0/2/act#0", True), ("0/2/act#1", True),
        ]  # fmt: skip
    first, second = await bench.result(run.id, waits, seconds=200)
    assert first == ["receipt 1", "receipt 2"]
    assert second == ["receipt 3", "receipt 4"]


# One rule: a property, against a count by hand

Acts = list[tuple[str, int, bool]]
"""What an attempt does: names, inputs, and whether each is an effect."""
ACTS: st.SearchStrategy[Acts] = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 1), st.booleans()), max_size=5
).map(lambda acts: [(f"{name}!" if once else name, n, once) for name, n, once in acts])


@dataclass
class Tally:
    """What the rule says: how often each thing is done, and how often somebody is asked."""

    done: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    asked: int = 0

    def attempt(self, acts: Acts) -> None:
        before = +self.done  # each of them is handed back once
        for name, n, once in acts:
            if before[name, n]:
                before[name, n] -= 1
                continue
            if once and any(key[0] == name and before[key] for key in before):
                self.asked += 1
            self.done[name, n] += 1


async def played(attempts: list[Acts]) -> Tally:
    """Play attempts of one call, all but the last of which fail with a bug; those who are asked say no."""
    seen = Tally()

    @agent(retry=Retry(attempts=len(attempts), delay=1))
    async def acts(_: int, steps: Steps, call: Call) -> str:
        for name, n, once in attempts[call.attempt - 1]:

            async def act(name: str = name, n: int = n) -> str:
                seen.done[name, n] += 1
                return f"{name}{n}"

            assert await steps.once(name, act, input=n, effects="once" if once else "idempotent") == f"{name}{n}"
        if call.attempt < len(attempts):
            raise ValueError
        return "done"

    clock, flow = DrivenClock(), calling(acts)
    async with App.open(":memory:", agents=[flow], clock=clock) as app:
        handle = await app.start(flow)
        for _ in range(100):  # a run that never ends, or is blocked, fails the test below
            if (await handle.status()).state.ended:
                break
            await clock.advance(5)
            for question in await app.inbox.list():
                seen.asked += 1
                await app.inbox.answer(question.id, {"not_done": True}, by="ann")
                await clock.settle()
        assert (await handle.status()).state is RunState.DONE
    return seen


@given(st.lists(ACTS, min_size=2, max_size=4))
def test_whatever_attempts_do_nothing_is_done_twice_and_nobody_is_asked_in_vain(attempts: list[Acts]) -> None:
    expected = Tally()
    for each in attempts:
        expected.attempt(each)
    seen = run_sync(played(attempts))
    assert (seen.done, seen.asked) == (expected.done, expected.asked)


# Agents with a model


class Receipt(BaseModel):
    n: int


def paying(bench: Bench, model: ScriptedModel, name: str = "bot", **options: Any) -> Any:
    async def pay(amount: int) -> str:
        bench.witness.saw("paid", amount)
        return "receipt"

    async def look(word: str) -> str:
        bench.witness.saw("looked")
        if bench.witness.count("looked") == 1:
            raise KeyError(word)
        return "found"

    return llm_agent(name, model=model, instructions="Pay.", tools=[pay, look], tool_effects={"pay": "once"}, **options)


BOTH: list[Any] = [[Use("pay", {"amount": 5}, id="c1"), Use("look", {"word": "x"}, id="c2")], "done"]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_tool_that_failed_is_called_again_and_nothing_else(
    bench: Bench, tmp_path: Any, *, by_hand: bool
) -> None:
    asked = tmp_path / "asked"
    bot = paying(bench, ScriptedModel(BOTH, witness=asked), retry=Retry() if by_hand else ALWAYS)
    flow = calling(bot, "pay 5")
    async with bench.app(flow) as app:
        handle = await app.start(flow, id="r")
        await bench.clock.advance(10)
        if by_hand:
            with pytest.raises(RunFailed):
                await handle.result()
            handle = await app.operations.retry("r")
        assert await handle.result() == "done"
    assert (bench.witness.count("paid"), bench.witness.count("looked")) == (1, 2)
    assert len(asked.read_text().splitlines()) == 2


@pytest.mark.parametrize("by_hand", [False, True])
async def test_an_answer_that_could_not_be_used_is_asked_for_again_and_nothing_before_it(
    bench: Bench, tmp_path: Any, *, by_hand: bool
) -> None:
    asked = tmp_path / "asked"

    def script(messages: Any) -> Any:
        if len(messages) == 1:
            return [Use("pay", {"amount": 5}, id="c1")]
        return Give({"n": "seven"} if len(asked.read_text().splitlines()) == 2 else {"n": 7})

    retry = Retry() if by_hand else Retry(attempts=2, delay=1, feedback=False, kinds=frozenset(FailureKind))
    bot = paying(bench, ScriptedModel(script, witness=asked), output=Receipt, corrections=0, retry=retry)
    flow = calling(bot, "pay 5")
    async with bench.app(flow) as app:
        handle = await app.start(flow, id="r")
        await bench.clock.advance(10)
        if by_hand:
            with pytest.raises(RunFailed):
                await handle.result()
            handle = await app.operations.retry("r")
        assert await handle.result() == 7
    assert bench.witness.count("paid") == 1
    assert len(asked.read_text().splitlines()) == 3


async def test_a_fallback_is_handed_what_was_paid_and_not_what_another_model_answered(
    bench: Bench, tmp_path: Any
) -> None:
    models = [ScriptedModel(BOTH, witness=tmp_path / name) for name in ("first", "second")]
    spare = paying(bench, models[1], "spare")
    flow = calling(paying(bench, models[0], fallback=("spare",)), "pay 5")
    async with bench.app(flow, spare) as app:
        handle = await app.start(flow)
        await bench.clock.advance(10)
        assert await handle.result() == "done"
    assert bench.witness.count("paid") == 1
    assert [len((tmp_path / name).read_text().splitlines()) for name in ("first", "second")] == [1, 2]


# Those who caught the failure, and child runs


@pytest.mark.parametrize("way", ["except", "from", "group"])
async def test_a_retry_reaches_through_an_error_that_was_made_of_a_failure(bench: Bench, way: str) -> None:
    member = stumbling(bench, ValueError("it broke"), effects="idempotent")

    @workflow
    async def own(ctx: Context) -> str:
        try:
            return await ctx.call(member, 5)
        except CallFailed as error:
            if way == "group":
                raise ExceptionGroup("several", [ValueError("another"), error]) from None
            if way == "from":
                raise LookupError("nothing came of it") from error
            raise LookupError("nothing came of it")  # noqa: B904 - as people write it

    async with bench.app(own) as app:
        with pytest.raises(RunFailed):
            await app.run(own, id="r")
        assert await (await app.operations.retry("r")).result() == "receipt 5"


@workflow
async def kid(ctx: Context, n: int) -> Json:
    return await ctx.call("stumbles", n)


@workflow
async def parent(ctx: Context) -> Json:
    child = await ctx.spawn(kid, 5)
    return await child.result()


@pytest.mark.parametrize("first", ["child", "parent"])
async def test_a_parent_that_is_retried_hears_of_a_child_that_has_ended_meanwhile(bench: Bench, first: str) -> None:
    member = stumbling(bench, ValueError("it broke"), effects="once")
    async with bench.app(parent, kid, member) as app:
        with pytest.raises(RunFailed):
            await app.run(parent, id="p")
        if first == "child":
            assert await (await app.operations.retry("p.0")).result() == "receipt 5"
        assert await (await app.operations.retry("p")).result() == "receipt 5"
    assert bench.witness.count("acted") == 1
