"""`race`: the first good answer wins."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Agent, agent
from podium.errors import PatternError, RunFailed
from podium.patterns import cel, race, sequence
from podium.testing import failing, hanging, scripted, slow
from tests.examples import examples
from tests.unit.engine.bench import Bench


@agent
async def double(number: int) -> int:
    return number * 2


@agent
async def square(number: int) -> int:
    return number * number


@agent
async def word(text: str) -> str:
    return text


def always(name: str, value: Any, **options: Any) -> Agent[Any, Any]:
    return scripted(name, lambda _: value, **options)


async def test_the_first_answer_wins_and_the_others_are_cancelled(bench: Bench) -> None:
    made = race(slow("a", 3, then="a", clock=bench.clock), slow("b", 2, then="b", clock=bench.clock), name="r")
    async with bench.app() as app:
        handle = await app.start(made, None)
        await bench.clock.advance(2)
        assert await handle.result() == "b"


async def test_answers_that_are_not_good_are_passed_over(bench: Bench) -> None:
    made = race(double, square, good=lambda number: number > 10, name="r")
    async with bench.app() as app:
        assert await app.run(made, 5) == 25


async def test_failures_are_passed_over(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(race(failing("a"), always("b", "b"), name="r"), None) == "b"


async def test_a_rule_may_be_written_in_cel(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(race(double, square, good=cel("answer == 25"), name="r"), 5) == 25


async def test_where_none_wins_it_says_why_each_did_not(bench: Bench) -> None:
    made = race(always("a", "x" * 100), failing("b"), good=lambda _: False, name="r")
    why = "NoDecision: race: none of 2 won. a: not good: " + "x" * 80 + "…; b: b failed at 1: .*b fails as told"
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=why):
            await app.run(made, None)


async def test_an_answer_that_was_passed_over_is_not_bought_again_after_it_was_let_go(bench: Bench) -> None:
    early = always("early", "bad", witness=bench.witness)
    run = await bench.parked(race(early, hanging("late"), good=cel("answer == 'good'"), name="r"))
    again = race(early, always("late", "good"), good=cel("answer == 'good'"), name="r")
    assert await bench.result(run, again) == "good"
    assert bench.witness.count("early") == 1


async def test_a_model_may_win_where_another_member_is_only_named(bench: Bench) -> None:
    @dataclass
    class Page:
        title: str

    @agent
    async def page(title: str) -> Page:
        return Page(title)

    async with bench.app(hanging("slow")) as app:
        assert await app.run(race(page, "slow", name="r"), "x") == {"title": "x"}


async def test_a_race_whose_winner_was_recorded_is_won_by_the_same_after_a_crash(bench: Bench) -> None:
    made = sequence(race(always("a", "a"), slow("b", 1, then="b", clock=bench.clock)), hanging("next"), name="s")
    run = await bench.parked(made)
    again = sequence(race(failing("a"), always("b", "b")), scripted("next", lambda said: said), name="s")
    assert await bench.result(run, again) == "a"


@pytest.mark.parametrize(
    ("agents", "options", "message"),
    [
        ([double], {}, "race needs at least 2 agents, got 1"),
        ([double, double], {}, "race has double twice among its agents"),
        ([double, word], {}, "double and word are handed the same input, but take different ones"),
        ([double, square], {"good": cel("score > 1")}, "uses score: here it may use answer"),
        ([double, square], {"good": word}, "expected a plain function"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(agents: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        race(*agents, **options)


def test_it_takes_and_gives_what_its_agents_do() -> None:
    made = race(double, square)
    assert (made.input.type, made.output.type) == (int, int)


def test_its_picture_shows_who_runs() -> None:
    assert race(double, square, name="r").graph().splitlines()[1:] == [
        '    subgraph g1["race r"]',
        '        n2["double"]',
        '        n3["square"]',
        "    end",
    ]


def test_it_is_written_down_with_its_rule() -> None:
    assert race("a", "b", good=cel("answer > 1")).spec() == {"race": {"agents": ["a", "b"], "good": "answer > 1"}}


@dataclass(frozen=True)
class Runner:
    """Steps that take so many seconds each, one after the other, and how the last one ends."""

    steps: tuple[int, ...]
    ends: str

    @property
    def seconds(self) -> int:
        return sum(self.steps)


@dataclass(frozen=True)
class Seen:
    """What a step did, and when, in seconds since the start."""

    what: str
    runner: int
    step: int
    at: int


def runner_of(bench: Bench, number: int, plan: Runner) -> Agent[Any, Any]:
    """Return an agent of several calls, each of which tells the witness when it begins and when it ends."""
    start = bench.clock.now()

    def step(place: int, seconds: int) -> Agent[Any, Any]:
        @agent(name=f"step_{number}_{place}")
        async def work(given: str) -> str:
            bench.witness.saw("begins", number, place, int(bench.clock.now() - start))
            await bench.clock.sleep_until(bench.clock.now() + seconds)
            bench.witness.saw("ends", number, place, int(bench.clock.now() - start))
            if plan.ends == "fails" and place == len(plan.steps) - 1:
                raise ValueError(given)
            return f"{plan.ends} {number}"

        return work

    return sequence(*(step(place, seconds) for place, seconds in enumerate(plan.steps)), name=f"runner_{number}")


async def raced(folder: Path, plans: Sequence[Runner]) -> tuple[str, list[Seen]]:
    bench = Bench(folder)
    runners = [runner_of(bench, number, plan) for number, plan in enumerate(plans)]
    made = race(*runners, good=lambda answer: answer.startswith("good"), name="r")
    async with bench.app() as app:
        handle = await app.start(made, "go")
        await bench.clock.advance(sum(plan.seconds for plan in plans) + 1)
        try:
            value = await handle.result()
        except RunFailed as error:
            value = str(error)
    lines = [line.split() for line in bench.witness.lines()]
    return value, [Seen(what, int(runner), int(step), int(at)) for what, runner, step, at in lines]


RUNNERS = st.builds(
    Runner,
    steps=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    ends=st.sampled_from(["good", "bad", "fails"]),
)


@settings(max_examples=examples(40))
@given(plans=st.lists(RUNNERS, min_size=2, max_size=5))
def test_nothing_is_bought_after_the_winner(plans: list[Runner]) -> None:
    with TemporaryDirectory() as folder:
        value, seen = asyncio.run(raced(Path(folder), plans))
    good = {number: plan.seconds for number, plan in enumerate(plans) if plan.ends == "good"}
    if not good:
        assert f"none of {len(plans)} won" in value
        assert all(f"runner_{number}" in value for number in range(len(plans)))
        return
    first = min(good.values())
    winner = int(value.removeprefix("good "))
    assert good[winner] == first
    assert [each for each in seen if each.at > first] == []
    for number, plan in enumerate(plans):
        begun = [each.at for each in seen if each.runner == number and each.what == "begins"]
        starts = list(accumulate(plan.steps, initial=0))[:-1]
        assert set(begun) >= {at for at in starts if at < first}  # else nothing of this would be seen at all
        if number != winner and plan.seconds > first:
            assert Seen("ends", number, len(plan.steps) - 1, plan.seconds) not in seen
