"""`gate`: an output passes, goes back, is put to a person, or ends it."""

from dataclasses import dataclass
from typing import Any

import pytest

from podium import Agent, App, agent
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import Check, Returned, cel, gate, sequence
from podium.testing import scripted
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
async def revise(task: str, output: str = "", reasons: str = "") -> str:
    return f"{output}[{reasons}]" if output else task


def long_enough(page: Page) -> bool:
    return len(page.words) > 1


PASSED = {"passed": True}


def checker(*said: Json) -> Agent[Any, Any]:
    return scripted("checker", list(said))


async def answered(bench: Bench, app: App, **answer: Json) -> Json:
    """Answer the one question that is open, and return its subject."""
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    await app.inbox.answer(question.id, answer, by="ann")
    return question.ask.subject


async def test_what_passes_goes_on_typed_to_the_next_stage(bench: Bench) -> None:
    made = sequence(read, gate(long_enough), count, name="s")
    async with bench.app() as app:
        assert await app.run(made, "a b") == 2


async def test_what_does_not_pass_ends_it_with_the_reasons(bench: Bench) -> None:
    made = sequence(read, gate(long_enough), count, name="s")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="GateClosed: gate: the output did not pass long_enough: long_enough does"):
            await app.run(made, "a")
        assert len(await app.runs.list()) == 1


async def test_a_rule_in_cel_says_what_did_not_hold(bench: Bench) -> None:
    async with bench.app() as app:
        assert await app.run(gate(cel("output > 3"), name="g"), 4) == 4
        with pytest.raises(RunFailed, match=r"cel\('output > 3'\) does not hold"):
            await app.run("g", 3)


async def test_the_reasons_are_those_of_the_agent_that_checks(bench: Bench) -> None:
    made = gate(checker({"passed": False, "reasons": "too dry"}), name="g")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="the output did not pass checker: too dry"):
            await app.run(made, "x")


async def test_an_agent_may_check_with_a_plain_bool(bench: Bench) -> None:
    @agent
    async def is_x(text: str) -> bool:
        return text == "x"

    async with bench.app() as app:
        assert await app.run(gate(is_x, name="g"), "x") == "x"
        with pytest.raises(RunFailed, match="the output did not pass is_x: is_x gave no reasons"):
            await app.run("g", "y")


async def test_an_agent_that_checks_what_a_worker_gives_is_offered_the_task_too(bench: Bench) -> None:
    @agent
    async def compare(task: str, output: str) -> Check:
        return Check(passed=False, reasons=f"{task} became {output}")

    async with bench.app() as app:
        with pytest.raises(RunFailed, match="x became y"):
            await app.run(gate(compare, worker=scripted("worker", ["y"]), name="g"), "x")


async def test_an_agent_of_texts_checks_a_value_without_changing_it(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def reader(text: str) -> bool:
        seen.append(text)
        return True

    async with bench.app() as app:
        assert await app.run(sequence(read, gate(reader), count, name="s"), "a b") == 2
    assert '"title": "a b"' in seen[0]


async def test_a_worker_is_sent_back_with_its_output_and_the_reasons(bench: Bench) -> None:
    made = gate(checker({"passed": False, "reasons": "dry"}, PASSED), worker=revise, fails="back", name="g")
    async with bench.app() as app:
        assert await app.run(made, "a") == "a[dry]"


async def test_a_worker_of_one_type_gets_the_task_and_then_what_was_returned(bench: Bench) -> None:
    seen: list[object] = []

    @agent
    async def worker(what: str | Returned[str]) -> str:
        seen.append(what)
        return f"draft {len(seen)}"

    def second(output: str) -> bool:
        return output == "draft 2"

    async with bench.app() as app:
        assert await app.run(gate(second, worker=worker, fails="back", name="g"), "a") == "draft 2"
    assert seen == ["a", Returned(task="a", output="draft 1", reasons="second does not hold")]


async def test_the_worker_writes_no_oftener_than_the_rounds_allow(bench: Bench) -> None:
    worker = scripted("worker", lambda task: "x", witness=bench.witness)
    made = gate(lambda output: False, worker=worker, fails="back", rounds=3, name="g")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="GateClosed"):
            await app.run(made, "a")
    assert bench.witness.count("worker") == 3


async def test_a_person_sees_output_and_reasons_and_lets_it_pass(bench: Bench) -> None:
    made = gate(long_enough, worker=read, fails="ask", to="editors", name="g")
    async with bench.app() as app:
        handle = await app.start(made, "a")
        subject = await answered(bench, app, approved=True)
        assert subject == {"output": {"title": "a", "words": ["a"]}, "reasons": "long_enough does not hold"}
        assert await handle.result() == Page("a", ["a"])


async def test_a_person_who_does_not_let_it_pass_is_named_with_the_comment(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(gate(long_enough, worker=read, fails="ask", name="g"), "a")
        await answered(bench, app, approved=False, comment="no way")
        with pytest.raises(RunFailed, match="long_enough does not hold; ann did not let it pass: no way"):
            await handle.result()


async def test_nobody_answering_in_time_means_no(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(gate(long_enough, worker=read, fails="ask", to="editors", within=60, name="g"), "a")
        await bench.clock.advance(60)
        with pytest.raises(RunFailed, match="editors did not let it pass: nobody answered in time"):
            await handle.result()


async def test_after_the_rounds_a_person_may_be_asked(bench: Bench) -> None:
    worker = scripted("worker", ["one", "two"], witness=bench.witness)
    made = gate(lambda output: False, worker=worker, fails="back", then="ask", name="g")
    run = await bench.parked(made, "a")
    async with bench.app(made) as app:
        await answered(bench, app, approved=True)
        assert await (await app.handle(run)).result() == "two"
    assert bench.witness.count("worker") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fails": "back"}, "gate sends back to its worker, and has none"),
        ({"fails": "again"}, "gate was given fails='again': expected 'stop' or 'back' or 'ask'"),
        ({"fails": "back", "worker": read, "then": "back"}, "gate was given then='back': expected 'stop' or 'ask'"),
        ({"then": "ask"}, "gate was given then='ask', which counts after fails='back' only"),
        ({"within": 5.0}, "gate was given within, and asks nobody"),
        ({"fails": "back", "worker": read, "rounds": 0}, "gate was given rounds=0: expected at least 1"),
        ({"worker": 5}, "gate was given 5 as its worker"),
    ],
)
def test_options_that_do_not_fit_are_refused_when_it_is_built(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        gate(long_enough, **options)


def test_an_agent_that_cannot_say_whether_it_passes_is_refused() -> None:
    with pytest.raises(PatternError, match="count does not give what its check has to give"):
        gate(count)


def test_an_agent_that_needs_the_task_is_refused_where_there_is_none() -> None:
    @agent
    async def compare(task: str, output: str) -> bool:
        return task == output

    with pytest.raises(PatternError, match="compare, its check, needs task, and is offered output"):
        gate(compare)


def test_a_rule_that_asks_for_what_is_not_there_is_refused() -> None:
    with pytest.raises(PatternError, match="uses draft: here it may use output"):
        gate(cel("draft > 3"))


def test_it_takes_and_gives_what_its_worker_does_or_what_its_rule_is_written_for() -> None:
    made, alone = gate(long_enough, worker=read), gate(long_enough)
    assert (made.input.type, made.output.type) == (str, Page)
    assert (alone.input.type, alone.output.type) == (Page, Page)


def test_its_picture_shows_the_way_back() -> None:
    picture = gate(long_enough, worker=read, fails="back", name="g").graph()
    assert "not passed, at most 2 rounds" in picture
    assert "worker: read" in picture
