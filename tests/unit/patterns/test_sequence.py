"""`sequence`: each output is the next input."""

from dataclasses import dataclass

import pytest

from podium import agent
from podium.errors import PatternError, UnknownAgent, UsageError
from podium.patterns import cel, sequence
from podium.testing import hanging
from tests.unit.engine.bench import Bench


@dataclass
class Page:
    title: str
    words: list[str]


@agent
async def read(text: str) -> Page:
    return Page(title=text, words=text.split())


@agent
async def count(page: Page) -> int:
    return len(page.words)


@agent
async def double(number: int) -> int:
    return number * 2


async def test_each_stage_gets_what_the_one_before_gave(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(sequence(read, count, double, name="s"), "a b c") == 6


async def test_functions_and_rules_may_stand_between_agents(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(sequence(count, lambda n: n + 1, cel("it * 3"), name="s"), Page("t", ["a"])) == 6


async def test_an_agent_may_be_named_and_a_typed_value_reaches_it_as_json(bench: Bench) -> None:
    async with bench.app(count) as app:
        assert await app.run(sequence(read, "count", name="s"), "a b") == 2


async def test_an_unknown_name_is_refused_before_anything_runs(bench: Bench) -> None:
    async with bench.app() as app:
        with pytest.raises(UnknownAgent, match="no agent is called 'nobody'"):
            await app.run(sequence(hanging("first"), sequence("nobody"), name="s"))
        assert not await app.runs.list()


async def test_a_run_goes_on_from_the_stage_at_which_it_was_let_go(bench: Bench) -> None:
    @agent
    async def witnessed(text: str) -> str:
        bench.witness.saw("first")
        return text

    waiting = sequence(witnessed, sequence(hanging("slow"), name="inner"), name="outer")
    run = await bench.parked(waiting, "x")
    async with bench.app(waiting) as app:
        await bench.clock.settle()
        assert [fact.key for fact in await app.runs.facts(run)][-2:] == ["1", "1.0"]
    assert bench.witness.count("first") == 1


async def test_without_a_name_it_is_not_started_as_a_run(bench: Bench) -> None:
    async with bench.app() as app:
        with pytest.raises(UsageError, match="has no name to be found by after a crash"):
            await app.run(sequence(double), 1)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([], "sequence needs at least 1 stage, got 0"),
        ([read, double], "read does not give what double takes: it is object, where integer is taken"),
        ([read, 5], "sequence was given 5 as an agent"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(stages: list[object], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        sequence(*stages)  # pyright: ignore[reportArgumentType, reportCallIssue] - what is being refused


def test_it_takes_what_the_first_stage_takes_and_gives_what_the_last_one_gives() -> None:
    made = sequence(read, count, double)
    assert (made.input.type, made.output.type) == (str, int)


def test_its_picture_is_a_chain() -> None:
    assert sequence(read, count, name="s").graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["sequence s"]',
        '        n2["read"]',
        '        n3["count"]',
        "        n2 --> n3",
        "    end",
    ]
