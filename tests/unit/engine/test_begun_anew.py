"""A workflow that undid itself is tried again from its beginning: what was not undone is not done again unasked."""

from typing import Any

import pytest

from podium import App, Context, Retry, Steps, agent, workflow
from podium.errors import CallFailed, NotDone
from podium.model.json import Json
from tests.unit.engine.bench import Bench

TWICE = Retry(attempts=2, delay=1)


class Trip:
    """What an inner workflow calls: it books and cancels, and its last part fails at first."""

    def __init__(self, bench: Bench, *, fails: int = 1) -> None:
        self.bench = bench
        self.left = fails
        self.cancel_fails = False

        @agent(effects="once")
        async def book(what: Json) -> Json:
            bench.witness.saw("book", what)
            return what

        @agent(effects="once")
        async def mail(what: Json) -> Json:
            bench.witness.saw("mail", what)
            return what

        @agent
        async def look(what: Json) -> Json:
            bench.witness.saw("look", what)
            return what

        @agent
        async def cancel(what: Json) -> None:
            if self.cancel_fails:
                raise PermissionError("nobody may")
            bench.witness.saw("cancel", what)

        @agent
        async def last(what: Json = None) -> Json:
            self.left -= 1
            if self.left >= 0:
                raise NotDone("the line is down")
            return what

        @agent
        async def clerk(what: Json, steps: Steps) -> Json:
            async def write() -> Json:
                bench.witness.saw("write", what)
                return what

            return await steps.once("write", write, input=what, effects="once")

        self.book, self.mail, self.look, self.cancel, self.last, self.clerk = book, mail, look, cancel, last, clerk

    @property
    def agents(self) -> list[Any]:
        return [self.book, self.mail, self.look, self.cancel, self.last, self.clerk]

    def seen(self) -> list[str]:
        return self.bench.witness.lines()

    def workflows(self, part: Any, retry: Retry = TWICE) -> list[Any]:
        """Return an outer workflow that calls an inner one, of this part, with a retry."""
        inner = workflow(name="inner")(part)

        @workflow
        async def outer(ctx: Context) -> Json:
            return await ctx.call(inner, retry=retry)

        return [outer, inner]


async def brought_to_its_end(bench: Bench, app: App, flow: Any, *, seconds: float = 5) -> Any:
    handle = await app.start(flow, id="r")
    await bench.clock.advance(seconds)
    return await handle.result()


async def test_what_happened_once_and_was_not_undone_is_handed_back(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        await ctx.call(trip.clerk, "booked")
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "there"
    assert trip.seen() == ["book flight", "mail booked", "write booked", "cancel flight", "book flight"]


async def test_that_holds_when_the_process_ends_in_the_pause(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        await app.start(outer, id="r")
        await bench.clock.settle()
    assert await bench.result("r", outer, inner, *trip.agents, seconds=5) == "there"
    assert trip.seen() == ["book flight", "mail booked", "cancel flight", "book flight"]


async def test_each_of_several_attempts_takes_what_the_ones_before_left(bench: Bench) -> None:
    trip = Trip(bench, fails=3)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        for n in range(5 - trip.left):
            await ctx.call(trip.mail, n)
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part, Retry(attempts=4, delay=1))
    async with bench.app(outer, inner, *trip.agents) as app:
        await app.start(outer, id="r")
        await bench.clock.advance(1.5)
    async with bench.app(outer, inner, *trip.agents) as app:
        for _ in range(4):
            await bench.clock.advance(10)
            for question in await app.inbox.list():
                await app.inbox.answer(question.id, {"not_done": True}, by="ann")
        assert await (await app.handle("r")).result() == "there"
    assert [line for line in trip.seen() if line.startswith("mail")] == [f"mail {n}" for n in range(5)]
    assert bench.witness.count("book") == 4


async def test_what_was_handed_back_is_recorded_and_a_finished_run_can_be_forked_at_its_end(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        return await ctx.call(trip.last, "there")

    inner = workflow(name="inner")(part)

    @workflow
    async def outer(ctx: Context) -> Json:
        found = await ctx.call(inner, retry=TWICE)
        await ctx.call(trip.look, "after")
        return found

    async with bench.app(outer, inner, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "there"
        fork = await app.operations.fork("r", "1")
        assert await fork.result() == "there"
    assert bench.witness.count("mail") == 1


async def test_an_effect_that_is_not_the_same_is_asked_about(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, f"in words of the attempt {trip.left}")
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(5)
        (question,) = await app.inbox.list()
        assert question.ask.kind == "in_doubt"
        await app.inbox.answer(question.id, {"happened": "booked"}, by="ann")
        assert await handle.result() == "there"
    assert bench.witness.count("mail") == 1


@pytest.mark.parametrize("what", ["book", "clerk"])
async def test_an_effect_whose_compensation_failed_is_asked_about(bench: Bench, what: str) -> None:
    trip = Trip(bench)
    trip.cancel_fails = True

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book if what == "book" else trip.clerk, "flight"))
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(100)
        (question,) = await app.inbox.list()
        assert question.ask.kind == "in_doubt"
        await app.inbox.answer(question.id, {"happened": "flight"}, by="ann")
        await bench.clock.settle()
        assert await handle.result() == "there"
    assert len(trip.seen()) == 1


async def test_one_compensation_for_several_effects_has_those_asked_about_that_it_does_not_follow(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.call(trip.look, "before")
        await ctx.gather(ctx.call(trip.book, "flight"), ctx.call(trip.book, "hotel"))
        await ctx.on_undo(trip.cancel, "all of it")
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(5)
        (question,) = await app.inbox.list()
        assert (question.ask.kind, question.ask.subject) == ("in_doubt", "flight")
        await app.inbox.answer(question.id, {"not_done": True}, by="ann")
        await bench.clock.advance(5)
        assert await handle.result() == "there"
    assert bench.witness.count("look") == 2
    assert bench.witness.count("book") == 4


async def test_a_compensation_that_comes_first_has_the_effect_after_it_asked_about(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, "flight")
        await ctx.call(trip.book, "flight")
        return await ctx.call(trip.last, "there")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        await app.start(outer, id="r")
        await bench.clock.advance(5)
        (question,) = await app.inbox.list()
        assert (question.ask.kind, question.ask.subject) == ("in_doubt", "flight")


async def test_a_workflow_inside_that_undid_itself_begins_anew_where_the_one_around_it_goes_on(bench: Bench) -> None:
    trip = Trip(bench)

    @workflow
    async def innermost(ctx: Context) -> Json:
        await ctx.call(trip.mail, "inside")
        await ctx.call(trip.look, "inside")
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        return await ctx.call(trip.last, "there")

    async def part(ctx: Context) -> Json:
        await ctx.call(trip.mail, "outside")
        await ctx.call(trip.look, "outside")
        return await ctx.call(innermost)

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, innermost, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(5)
        (question,) = await app.inbox.list()
        assert question.ask.subject == "inside"  # the compensation may be about it
        await app.inbox.answer(question.id, {"happened": "inside"}, by="ann")
        assert await handle.result() == "there"
        asked = [fact.key for fact in await handle.facts() if fact.kind.name == "ASKED"]
    assert len(asked) == len(set(asked)), "what was undone is asked again under another key, for its idempotency key"
    assert trip.seen() == [
        "mail outside", "look outside", "mail inside", "look inside", "book flight", "cancel flight",
        "look inside", "book flight",
    ]  # fmt: skip


async def test_a_workflow_in_which_one_was_cut_and_undid_itself_begins_anew(bench: Bench) -> None:
    trip = Trip(bench, fails=0)
    slow = [True]

    @workflow
    async def innermost(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        if slow:
            await ctx.sleep(10)
        return await ctx.call(trip.last, "there")

    async def part(ctx: Context) -> Json:
        await ctx.call(trip.look, "outside")
        return await ctx.call(innermost)

    inner = workflow(name="inner")(part)

    @workflow
    async def outer(ctx: Context) -> Json:
        return await ctx.call(inner, retry=Retry(attempts=2, delay=1), timeout=3)

    async with bench.app(outer, inner, innermost, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await bench.clock.advance(3.5)
        slow.clear()
        await bench.clock.advance(5)
        assert await handle.result() == "there"
    assert trip.seen() == ["look outside", "book flight", "mail booked", "cancel flight", "book flight"]


async def test_a_fork_in_the_middle_of_an_undo_goes_on_from_there(bench: Bench) -> None:
    trip = Trip(bench, fails=9)

    @workflow
    async def inner(ctx: Context) -> Json:
        await ctx.gather(ctx.on_undo(trip.cancel, 1), ctx.on_undo(trip.cancel, 2))
        await ctx.call(trip.look, "inside")
        return await ctx.call(trip.last, "there")

    @workflow
    async def outer(ctx: Context) -> Json:
        try:
            return await ctx.call(inner)
        except CallFailed:
            return "caught"

    async with bench.app(outer, inner, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "caught"
        asked = dict.fromkeys(fact.key for fact in await app.runs.facts("r") if fact.kind.name == "ASKED")
        for key in asked:
            assert await (await app.operations.fork("r", key)).result() == "caught"


async def test_a_run_whose_called_workflow_undid_itself_can_be_retried(bench: Bench) -> None:
    trip = Trip(bench, fails=2)

    @workflow
    async def innermost(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        return await ctx.call(trip.last, "there")

    @workflow
    async def outer(ctx: Context) -> Json:
        await ctx.call(trip.look, "before")
        return await ctx.call(innermost)

    async with bench.app(outer, innermost, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        for _ in range(2):
            await bench.clock.settle()
            handle = await app.operations.retry("r")
        assert await handle.result() == "there"
    assert trip.seen() == [
        "look before", "book flight", "mail booked", "cancel flight", "book flight", "cancel flight", "book flight",
    ]  # fmt: skip


async def test_a_failure_inside_that_was_undone_and_caught_stays_as_it_was_dealt_with(bench: Bench) -> None:
    trip = Trip(bench, fails=2)

    @workflow
    async def innermost(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        return await ctx.call(trip.last, "there")

    async def part(ctx: Context) -> Json:
        try:
            await ctx.call(innermost)
        except CallFailed:
            await ctx.call(trip.mail, "no flight")
        return await ctx.call(trip.last, "stayed at home")

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, innermost, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "stayed at home"
    assert trip.seen() == ["book flight", "cancel flight", "mail no flight"]


@pytest.mark.parametrize("crash", [False, True])
async def test_signals_answers_and_child_runs_are_handed_to_the_new_attempt(bench: Bench, *, crash: bool) -> None:
    trip = Trip(bench)

    @workflow
    async def kid(ctx: Context, n: int) -> int:
        await ctx.call(trip.mail, n)
        return n

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        word = await ctx.signal("go", str)
        n = await (await ctx.spawn(kid, 5)).result()
        later = await ctx.spawn(kid, 6)
        await ctx.call(trip.last, "there")
        return [word, n, await later.result()]

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, kid, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await handle.signal("go", "now")
        await bench.clock.advance(0.5 if crash else 5)
    assert await bench.result("r", outer, inner, kid, *trip.agents, seconds=5) == ["now", 5, 6]
    assert bench.witness.count("mail") == 2


async def test_a_signal_that_came_twice_is_handed_back_twice_in_its_order(bench: Bench) -> None:
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        words = [await ctx.signal("go", str), await ctx.signal("go", str)]
        await ctx.call(trip.last, "there")
        return [*words, await ctx.signal("go", str)]

    outer, inner = trip.workflows(part)
    async with bench.app(outer, inner, *trip.agents) as app:
        handle = await app.start(outer, id="r")
        await handle.signal("go", "one")
        await handle.signal("go", "two")
        await bench.clock.advance(5)
        await handle.signal("go", "three")
        assert await handle.result() == ["one", "two", "three"]


async def test_what_an_attempt_left_is_for_its_call_alone(bench: Bench) -> None:
    """Two orders pay the same: that the first attempt of one had paid is not taken for the payment of the other."""
    trip = Trip(bench)

    async def part(ctx: Context) -> Json:
        await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        if trip.left:
            await ctx.call(trip.mail, "paid")
        return await ctx.call(trip.last, "there")

    inner = workflow(name="inner")(part)

    @workflow
    async def outer(ctx: Context) -> Json:
        await ctx.call(inner, retry=TWICE)
        return await ctx.call(trip.mail, "paid")

    async with bench.app(outer, inner, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "paid"
    assert bench.witness.count("mail") == 2


@pytest.mark.parametrize("undoes", [False, True])
async def test_a_fallback_does_not_do_again_what_happened_once(bench: Bench, *, undoes: bool) -> None:
    trip = Trip(bench)

    @workflow
    async def instead(ctx: Context) -> Json:
        await ctx.call(trip.look, "what")
        return await ctx.call(trip.mail, "booked")

    @workflow
    async def inner(ctx: Context) -> Json:
        await ctx.call(trip.look, "what")
        if undoes:
            await ctx.on_undo(trip.cancel, await ctx.call(trip.book, "flight"))
        await ctx.call(trip.mail, "booked")
        return await ctx.call(trip.last, "there")

    @workflow
    async def outer(ctx: Context) -> Json:
        return await ctx.call(inner, fallback=(instead,))

    async with bench.app(outer, inner, instead, *trip.agents) as app:
        assert await brought_to_its_end(bench, app, outer) == "booked"
    assert bench.witness.count("mail") == 1
    assert bench.witness.count("look") == 2, "a fallback has a mind of its own"
