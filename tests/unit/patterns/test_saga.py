"""`saga`: what is done is undone in reverse when a later step fails; nothing stays uncompensated."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Agent, Context, RunState, agent, workflow
from podium.agents.function import NOT_DONE
from podium.errors import NotDone, PatternError, RunCancelled, RunFailed
from podium.model.json import Json
from podium.patterns import cel, saga, sequence, step
from podium.testing import failing, hanging, scripted
from tests.catalogue.roles.role import member
from tests.examples import examples
from tests.unit.engine.bench import Bench


@dataclass
class Booking:
    code: str
    price: int


@agent
async def book(city: str) -> Booking:
    return Booking(code=f"B-{city}", price=10)


@agent
async def charge(booking: Booking) -> int:
    return booking.price


@agent
async def decline(price: int) -> str:
    raise ValueError(f"{price} is declined")


def witnessed(bench: Bench, name: str, kind: Any) -> Agent[Any, Any]:
    """Return an agent that undoes, takes one thing of this type, and is seen with it."""

    async def undo(what: Any) -> None:
        bench.witness.saw(name, what)

    undo.__annotations__["what"] = kind
    return agent(name=name)(undo)


async def failed(bench: Bench, made: Agent[Any, Any], value: Json, *others: Agent[Any, Any]) -> list[str]:
    """Run what fails, and return what the witness saw."""
    async with bench.app(*others) as app:
        with pytest.raises(RunFailed, match="10 is declined"):
            await app.run(made, value)
    return bench.witness.lines()


async def test_each_output_is_the_next_input_and_the_last_one_is_the_value(bench: Bench) -> None:
    made = saga(step(book, witnessed(bench, "cancel", Booking)), charge, name="s")
    async with bench.app() as app:
        assert await app.run(made, "Rome") == 10
    assert bench.witness.lines() == []


async def test_what_is_done_is_undone_in_reverse_when_a_later_step_fails(bench: Bench) -> None:
    cancel, refund = witnessed(bench, "cancel", Booking), witnessed(bench, "refund", int)
    made = saga(step(book, cancel), step(charge, refund), decline, name="s")
    assert await failed(bench, made, "Rome") == ["refund 10", "cancel Booking(code='B-Rome', price=10)"]


async def test_the_step_that_fails_is_not_undone_itself(bench: Bench) -> None:
    made = saga(book, charge, step(decline, witnessed(bench, "undo", str)), name="s")
    assert await failed(bench, made, "Rome") == []


async def test_an_undo_may_ask_for_input_and_output_by_name(bench: Bench) -> None:
    @agent
    async def cancel(input: str, output: Booking) -> None:
        bench.witness.saw(input, output.code)

    assert await failed(bench, saga(step(book, cancel), charge, decline, name="s"), "Rome") == ["Rome B-Rome"]


async def test_a_part_of_the_undo_may_be_none(bench: Bench) -> None:
    @agent
    async def cancel(input: int, output: None) -> None:
        bench.witness.saw(input, output)

    @agent
    async def note(n: int) -> None:
        pass

    made = saga(step(note, cancel), scripted("price", [10]), decline, name="s")
    assert await failed(bench, made, 5) == ["5 None"]


async def test_an_undo_that_takes_anything_gets_a_mapping_of_both(bench: Bench) -> None:
    cancel = scripted("cancel", lambda parts: bench.witness.saw(sorted(parts), parts["output"]["code"]))
    assert await failed(bench, saga(step(book, cancel), charge, decline, name="s"), "Rome") == [
        "['input', 'output'] B-Rome"
    ]


async def test_an_undo_may_be_named(bench: Bench) -> None:
    cancel = scripted("cancel", lambda parts: bench.witness.saw(parts["input"]))
    assert await failed(bench, saga(step(book, "cancel"), charge, decline, name="s"), "Rome", cancel) == ["Rome"]


def slashed(city: str, booking: Booking) -> str:
    return f"{city}/{booking.code}"


@pytest.mark.parametrize("undo_input", [slashed, cel("input + '/' + output.code")])
async def test_what_an_undo_gets_may_be_made_of_both(bench: Bench, undo_input: Callable[[Any, Any], Any]) -> None:
    made = saga(step(book, witnessed(bench, "cancel", str), undo_input), charge, decline, name="s")
    assert await failed(bench, made, "Rome") == ["cancel Rome/B-Rome"]


async def test_a_step_is_offered_the_task_and_what_is_done_so_far(bench: Bench) -> None:
    @agent
    async def report(task: str, done: dict[str, Json]) -> str:
        return f"{task}: {done['book']['code']} for {done['charge']}"

    async with bench.app() as app:
        assert await app.run(saga(book, charge, report, name="s"), "Rome") == "Rome: B-Rome for 10"


async def test_a_cancelled_run_is_compensated(bench: Bench) -> None:
    made = saga(step(book, witnessed(bench, "cancel", Booking)), hanging("never"), name="s")
    async with bench.app() as app:
        handle = await app.start(made, "Rome")
        await bench.clock.settle()
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await handle.result()
    assert bench.witness.count("cancel") == 1


async def test_what_stays_uncompensated_is_told_and_does_not_keep_the_others(bench: Bench) -> None:
    made = saga(
        step(book, witnessed(bench, "cancel", Booking)),
        step(charge, failing("refund", error=ValueError("no money"))),
        decline,
        name="s",
    )
    async with bench.app() as app:
        handle = await app.start(made, "Rome")
        await bench.clock.advance(1_000)
        with pytest.raises(RunFailed, match=r"10 is declined; not undone: refund .*no money"):
            await handle.result()
    assert bench.witness.count("cancel") == 1


async def test_an_undo_is_tried_again(bench: Bench) -> None:
    refund = failing("refund", times=2, then="refunded", witness=bench.witness)
    async with bench.app() as app:
        handle = await app.start(saga(book, step(charge, refund), decline, name="s"), "Rome")
        await bench.clock.advance(1_000)
        with pytest.raises(RunFailed) as caught:
            await handle.result()
        assert str(caught.value).endswith("10 is declined")
    assert bench.witness.count("refund") == 3


async def test_a_saga_that_succeeded_leaves_its_compensations_to_its_caller(bench: Bench) -> None:
    inner = saga(step(book, witnessed(bench, "cancel", Booking)), charge)
    assert await failed(bench, sequence(inner, decline, name="s"), "Rome") == [
        "cancel Booking(code='B-Rome', price=10)"
    ]


async def test_a_saga_that_fails_is_undone_before_its_caller_hears_of_it(bench: Bench) -> None:
    inner = saga(step(book, witnessed(bench, "cancel", Booking)), charge, decline)

    @workflow
    async def caller(ctx: Context, city: str) -> list[str]:
        await ctx.gather(ctx.call(inner, city), return_exceptions=True)
        return bench.witness.lines()

    async with bench.app() as app:
        assert len(await app.run(caller, "Rome")) == 1


async def test_a_step_whose_undo_input_cannot_be_made_blocks_the_run_until_it_is_mended(bench: Bench) -> None:
    def build(undo_input: Callable[[Any, Any], Any]) -> Agent[Any, Any]:
        made = witnessed(bench, "cancel", str)
        return saga(step(book, made, undo_input), charge, decline, name="s")

    broken = build(lambda _, booking: booking["code"])
    async with bench.app(broken) as app:
        handle = await app.start(broken, "Rome")
        await bench.clock.settle()
        stands = await handle.status()
        assert stands.state is RunState.BLOCKED
        assert "book is done, and cancel cannot be handed what would undo it" in stands.reason
    mended = build(lambda _, booking: booking.code)
    async with bench.app(mended) as app:
        with pytest.raises(RunFailed, match="10 is declined"):
            await (await app.handle(handle.id)).result()
    assert bench.witness.lines() == ["cancel B-Rome"]


def test_an_anonymous_pattern_cannot_undo() -> None:
    with pytest.raises(PatternError, match=r"saga: sequence\(charge\) has no name to be found by when it is to undo"):
        saga(step(book, sequence(charge)))


def test_an_undo_that_certainly_takes_something_else_is_refused() -> None:
    with pytest.raises(PatternError, match="saga: book does not give what decline takes: it is object"):
        saga(step(book, decline))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "saga needs at least 1 steps, got 0"),
        ([5], "saga was given 5 as its step"),
        ([book, book], "saga has book twice among its steps"),
        ([book, decline], "saga: book does not give what decline takes"),
        ([step(book, undo_input=max)], "saga was given an undo_input for book, and no undo"),
        ([step(book, 5)], "saga was given 5 as the undo of book"),  # pyright: ignore[reportArgumentType] - refused
        ([step(book, charge, cel("price"))], "uses price: here it may use input and output"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(steps: list[Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        saga(*steps)


def test_it_takes_what_the_first_step_takes_and_gives_what_the_last_one_gives() -> None:
    assert (saga(book, charge).input.type, saga(book, charge).output.type) == (str, int)


def test_its_picture_shows_what_undoes_what() -> None:
    picture = saga(step(book, charge), charge, name="s").graph()
    assert '-->|"if a later one fails"|' in picture
    assert "undo book: charge" in picture


# Whatever fails, wherever the process dies, whenever somebody cancels: all of it is there in the end, or nothing.


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happens to one saga."""

    steps: int
    fails: int | None
    """The step that fails, if one does."""
    crashes: list[tuple[int, bool]]
    """The process dies in the n-th body that runs, before or after its effect."""
    cancel: int | None
    """Somebody cancels while the n-th body runs."""


@st.composite
def stories(draw: st.DrawFn) -> Story:
    steps = draw(st.integers(1, 4))
    bodies = st.integers(1, 2 * steps + 2)
    return Story(
        steps=steps,
        fails=draw(st.none() | st.integers(0, steps - 1)),
        crashes=draw(st.lists(st.tuples(bodies, st.booleans()), max_size=3, unique_by=lambda crash: crash[0])),
        cancel=draw(st.none() | bodies),
    )


@dataclass
class World:
    """Where the effects are, outside of all processes; and what is to happen while a body runs."""

    story: Story
    there: set[int] = field(default_factory=set[int])
    done: list[int] = field(default_factory=list[int])
    undone: list[int] = field(default_factory=list[int])
    bodies: int = 0
    dead: bool = False
    cancelling: bool = False
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def body(self, effect: Callable[[], None]) -> None:
        """Have an effect, unless this is where the process dies before it; it may die after it too."""
        self.bodies += 1
        if self.bodies == self.story.cancel:
            self.cancelling = True
            await self.cancelled.wait()
        before = dict(self.story.crashes).get(self.bodies)
        if before is not True:
            effect()
        if before is not None:
            self.dead = True
            await asyncio.get_running_loop().create_future()  # what is left of a process that died

    def do(self, n: int) -> None:
        self.there.add(n)
        self.done.append(n)

    def undo(self, n: int) -> None:
        self.there.discard(n)
        self.undone.append(n)

    def step(self, n: int) -> Any:
        async def do(value: int) -> int:
            if n == self.story.fails:
                raise NotDone(f"step {n} fails")
            await self.body(lambda: self.do(n))
            return n

        async def was_done(value: int) -> Any:
            return n if n in self.there else NOT_DONE

        async def undo(output: int) -> None:
            await self.body(lambda: self.undo(output))

        made = agent(name=f"do{n}", effects="once", verify=was_done)(do)
        return step(made, agent(name=f"undo{n}")(undo))


async def lived(world: World, folder: Path) -> RunState:
    """Let a saga live through its story; returns how its run ended."""
    bench = Bench(folder)
    made = saga(*(world.step(n) for n in range(world.story.steps)), name="s")
    for life in range(len(world.story.crashes) + 1):
        world.dead = False
        async with bench.app(made) as app:
            handle = await app.handle("r") if life else await app.start(made, 0, id="r")
            await bench.clock.settle()
            while not (world.dead or (await handle.status()).state.ended):
                if world.cancelling:
                    await handle.cancel()
                    world.cancelled.set()
                await bench.clock.advance(10)
            state = (await handle.status()).state
            if state.ended:
                assert await app.reports.verify("r") == []
                return state
    raise AssertionError("it did not come to an end")


@settings(max_examples=examples(60))
@given(stories())
def test_whatever_happens_all_of_it_is_there_in_the_end_or_nothing(story: Story) -> None:
    world = World(story)
    with TemporaryDirectory() as folder:
        state = asyncio.run(lived(world, Path(folder)))
    if state is RunState.DONE:
        assert (world.there, world.undone) == (set(range(story.steps)), [])
    else:
        assert world.there == set()
        assert list(dict.fromkeys(world.undone)) == sorted(set(world.done), reverse=True)
    assert sorted(world.done) == sorted(set(world.done)), "a `once` effect was had twice"


# What a step is told


def test_a_model_may_follow_a_step_that_gives_no_text() -> None:
    model = member("reader", ["done"], [])
    assert saga(book, model).graph()
    with pytest.raises(PatternError, match="does not give what"):
        saga(book, note)  # a function is handed that output alone, and takes a text


@agent
async def note(text: str) -> str:
    return text
