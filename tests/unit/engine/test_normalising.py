"""Types whose validators change what they are given: unchanged code replays, whatever they make of a value."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WrapValidator, field_validator, model_validator

from podium import Approval, Context, Decision, agent, workflow
from tests.unit.engine.bench import Bench
from tests.unit.engine.value_places import TYPED, child_of, echoing

Stripped = Annotated[str, AfterValidator(str.strip)]


class Contact(BaseModel):
    name: str
    size: int = 0

    @field_validator("name")
    @classmethod
    def lower(cls, name: str) -> str:
        return name.strip().lower()

    @model_validator(mode="after")
    def measured(self) -> "Contact":
        self.size = len(self.name)
        return self


@dataclass
class Tagged:
    tag: Stripped


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


NORMALISED: dict[str, tuple[Any, Any, Any]] = {
    "a text": (Stripped, " a ", "a"),
    "a text that is short once it is stripped": (Annotated[Stripped, Field(max_length=1)], " a ", "a"),
    "a dict for a model": (Contact, {"name": " Ada "}, Contact(name="ada")),
    "a dict for a dataclass": (Tagged, {"tag": " a "}, Tagged("a")),
    "a list": (list[Annotated[str, AfterValidator(str.lower)]], ["A", "b"], ["a", "b"]),
    "keys": (dict[Annotated[str, AfterValidator(str.lower)], int], {"A": 1}, {"a": 1}),
    "rounded": (Annotated[float, AfterValidator(lambda number: round(number, 2))], 1.2345, 1.23),
    "abs": (Annotated[int, AfterValidator(abs)], -3, 3),
    "sorted": (Annotated[list[int], AfterValidator(sorted)], [3, 1], [1, 3]),
    "a naive time": (Annotated[datetime, AfterValidator(in_utc)], NOON.replace(tzinfo=None), NOON),
    "before": (Annotated[str, BeforeValidator(str.upper)], "a", "A"),
    "around": (Annotated[int, WrapValidator(lambda value, inner: min(inner(value), 10))], 50, 10),
}  # fmt: skip


def handing_over(place: str, kind: Any, value: Any, seen: list[Any]) -> Any:
    @workflow(name="flow")
    async def flow(ctx: Context) -> None:
        if place == "map":
            seen.extend(await ctx.map(echoing(kind), [value]))
        else:
            seen.append(await TYPED[place](ctx, kind, value))
        await ctx.signal("go")

    return flow


@pytest.mark.parametrize("place", ["input of a call", "map", "an inner workflow", "a child run", "on_undo"])
@pytest.mark.parametrize("name", NORMALISED)
async def test_an_input_that_its_type_normalises_is_the_same_in_a_replay(bench: Bench, name: str, place: str) -> None:
    kind, value, made = NORMALISED[name]
    seen: list[Any] = []
    flow = handing_over(place, kind, value, seen)
    run = await bench.parked(flow, None, child_of(kind), echoing(kind))
    async with bench.app(flow, child_of(kind), echoing(kind)) as app:
        await (await app.handle(run)).signal("go")
        await (await app.handle(run)).result()
    assert len(seen) > 1
    assert all(each == (value if place == "on_undo" else made) for each in seen)


class Mood:
    """A validator that lets pass what it refuses later, and counts how often it is asked."""

    def __init__(self) -> None:
        self.agrees, self.asked = True, 0

    def check(self, value: int) -> int:
        self.asked += 1
        if not self.agrees:
            raise ValueError("too late")
        return value


def booking(mood: Mood) -> Any:
    class Booking(BaseModel):
        name: Stripped
        day: Annotated[int, AfterValidator(mood.check)]

    return Booking


PLACES = ["input of a call", "an inner workflow", "a child run", "on_undo"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["ada", " ada "])
async def test_a_validator_that_refuses_now_what_was_recorded_does_not_block(
    bench: Bench, name: str, place: str
) -> None:
    mood, seen = Mood(), list[Any]()
    kind = booking(mood)
    flow = handing_over(place, kind, {"name": name, "day": 1}, seen)
    run = await bench.parked(flow, None, child_of(kind), echoing(kind))
    mood.agrees = False
    async with bench.app(flow, child_of(kind), echoing(kind)) as app:
        await (await app.handle(run)).signal("go")
        await (await app.handle(run)).result()
    assert len(seen) > 1


@pytest.mark.parametrize("place", PLACES)
async def test_an_input_that_is_another_still_blocks(bench: Bench, place: str) -> None:
    run = await bench.parked(handing_over(place, Stripped, " a ", []), None, child_of(Stripped), echoing(Stripped))
    flow = handing_over(place, Stripped, " b ", [])
    async with bench.app(flow, child_of(Stripped), echoing(Stripped)) as app:
        await (await app.handle(run)).signal("go")
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state == "blocked"


async def test_what_undoes_is_handed_what_was_registered_though_a_validator_refuses_it_now(bench: Bench) -> None:
    mood, undone = Mood(), list[int]()
    kind: Any = Annotated[int, AfterValidator(mood.check)]

    async def undo(day: Any) -> None:
        undone.append(day)

    undo.__annotations__["day"] = kind
    undoes = agent(undo)

    @workflow
    async def flow(ctx: Context) -> None:
        await ctx.on_undo(undoes, 5)
        await ctx.sleep(10)
        raise ValueError("too late")

    run = await bench.parked(flow, None, undoes)
    mood.agrees = False
    assert (await bench.ended(run, flow, undoes, seconds=20)).state == "failed"
    assert undone == [5]


def bounded(mood: Mood) -> Any:
    class Bounded(BaseModel):
        day: Annotated[int, AfterValidator(mood.check), Field(ge=0)]

    return Bounded


FREELY: dict[str, Callable[[Context, Any], Awaitable[Any]]] = {
    "in an input": lambda ctx, value: ctx.call(echoing(dict[str, Any]), {"in": value}),
    "in an undo": lambda ctx, value: ctx.on_undo(echoing(dict[str, Any]), {"in": value}),
    "in a child run": lambda ctx, value: ctx.spawn(child_of(dict[str, Any]), {"in": value}),
    "as a subject": lambda ctx, value: ctx.ask("?", subject=value, within=1, default=None),
    "as what is approved": lambda ctx, value: ctx.ask(Approval("?", value), within=1, default=Decision(approved=False)),
}


@pytest.mark.parametrize("place", FREELY)
async def test_a_model_in_a_place_of_any_type_is_not_judged_again(bench: Bench, place: str) -> None:
    mood, times = Mood(), list[int]()
    value = bounded(mood)(day=1)

    @workflow
    async def flow(ctx: Context) -> None:
        times.append(1)
        await FREELY[place](ctx, value)
        await ctx.signal("go")

    others = [child_of(dict[str, Any]), echoing(dict[str, Any])]
    async with bench.app(flow, *others) as app:
        run = (await app.start(flow)).id
        await bench.clock.advance(2)
    mood.agrees = False
    async with bench.app(flow, *others) as app:
        await (await app.handle(run)).signal("go")
        await (await app.handle(run)).result()
    assert len(times) > 1
