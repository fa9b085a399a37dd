"""`supervisor`: delegate, read the reports, delegate again or finish."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage, UserPromptPart

from podium import Agent, App, agent
from podium.agents.pydantic_ai import llm_agent
from podium.errors import BadAnswer, BoundReached, PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import load
from podium.patterns.supervisor import Assignment, Delegate, Finish, WorkReport, supervisor
from podium.testing import hanging, scripted, slow
from podium.testing.model import ModelReply, ScriptedModel, Use
from tests.examples import examples
from tests.unit.engine.bench import Bench


@agent
async def search(query: str) -> str:
    """Look something up."""
    return f"found {query}"


@agent
async def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


@agent
async def broken(text: str) -> str:
    raise RuntimeError("no power")


def to(*assignments: tuple[str, Json], in_order: bool = False) -> Json:
    given = [{"to": name, "input": value} for name, value in assignments]
    return {"assignments": given, "in_order": in_order}


class Asked:
    """A manager that plays a script and keeps what it was handed."""

    def __init__(self, *answers: Json) -> None:
        self.handed: list[Json] = []
        self.agent: Agent[Any, Any] = scripted("boss", lambda told: self.answer(told, answers))

    def answer(self, told: Json, answers: Sequence[Json]) -> Json:
        self.handed.append(told)
        return answers[len(self.handed) - 1]

    @property
    def remarks(self) -> list[str | None]:
        return [told.get("remark") for told in self.handed]

    @property
    def outputs(self) -> list[Json]:
        """What was reported to it in the end."""
        return [report["error"] or report["output"] for report in self.handed[-1]["reports"]]


async def test_it_gives_what_the_manager_finishes_with(bench: Bench) -> None:
    boss = Asked({"answer": {"verdict": "yes"}})
    async with bench.app() as app:
        assert await app.run(supervisor(boss.agent, [search], name="s"), "is it?") == {"verdict": "yes"}


async def test_the_manager_is_told_the_task_the_workers_the_reports_and_the_rounds_left(bench: Bench) -> None:
    boss = Asked(to(("search", "tea")), {"answer": "done"})
    async with bench.app() as app:
        await app.run(supervisor(boss.agent, [search, add], rounds=3, name="s"), "shop")
    report = {"round": 1, "worker": "search", "input": "tea", "output": "found tea", "error": None}
    known = {"task": "shop", "workers": {"search": "Look something up.", "add": "Add two numbers."}}
    assert boss.handed == [known | {"reports": [], "rounds_left": 2}, known | {"reports": [report], "rounds_left": 1}]


async def test_a_manager_may_be_a_function_of_typed_parts(bench: Bench) -> None:
    @agent
    async def boss(task: str, reports: list[WorkReport]) -> Delegate | Finish:
        if not reports:
            return Delegate(assignments=[Assignment(to="search", input=task)])
        return Finish(answer=f"{reports[0].output}!")

    async with bench.app() as app:
        assert await app.run(supervisor(boss, [search], name="s"), "tea") == "found tea!"


async def test_reports_of_one_round_are_in_the_order_of_the_assignments_whoever_ends_first(bench: Bench) -> None:
    boss = Asked(to(("late", None), ("soon", None)), {"answer": None})
    late, soon = slow("late", 5, then="late", clock=bench.clock), slow("soon", 1, then="soon", clock=bench.clock)
    async with bench.app() as app:
        handle = await app.start(supervisor(boss.agent, [late, soon], name="s"), "go")
        await bench.clock.advance(5)
        await handle.result()
    assert boss.outputs == ["late", "soon"]


async def test_assignments_run_side_by_side(bench: Bench) -> None:
    boss = Asked(to(("one", None), ("two", None)), {"answer": None})
    workers = [slow(name, 10, clock=bench.clock, witness=bench.witness) for name in ("one", "two")]
    async with bench.app() as app:
        await app.start(supervisor(boss.agent, workers, name="s"), "go")
        await bench.clock.settle()
        assert (bench.witness.count("one"), bench.witness.count("two")) == (1, 1)


async def test_no_more_than_at_once_work_at_the_same_time(bench: Bench) -> None:
    boss = Asked(to(("a", 1), ("b", 2), ("a", 3)), {"answer": "done"})
    workers = [slow(name, 10, clock=bench.clock, witness=bench.witness) for name in ("a", "b")]
    async with bench.app() as app:
        handle = await app.start(supervisor(boss.agent, workers, at_once=2, name="s"), "go")
        await bench.clock.settle()
        begun = len(bench.witness.lines())
        await bench.clock.advance(10)
        assert (begun, len(bench.witness.lines())) == (2, 3)
        await bench.clock.advance(10)
        assert await handle.result() == "done"


async def test_in_order_the_next_one_starts_when_the_one_before_has_ended(bench: Bench) -> None:
    boss = Asked(to(("one", None), ("two", None), in_order=True), {"answer": "done"})
    workers = [slow(name, 10, clock=bench.clock, witness=bench.witness) for name in ("one", "two")]
    async with bench.app() as app:
        handle = await app.start(supervisor(boss.agent, workers, name="s"), "go")
        await bench.clock.settle()
        assert (bench.witness.count("one"), bench.witness.count("two")) == (1, 0)
        await bench.clock.advance(10)
        assert bench.witness.count("two") == 1
        await bench.clock.advance(10)
        assert await handle.result() == "done"


async def test_in_order_nobody_starts_after_one_that_failed(bench: Bench) -> None:
    boss = Asked(to(("search", "a"), ("broken", "b"), ("search", "c"), in_order=True), {"answer": None})
    async with bench.app() as app:
        await app.run(supervisor(boss.agent, [search, broken], name="s"), "go")
    first, failed, never = boss.outputs
    assert (first, never) == ("found a", "not started: one before it failed")
    assert "broken failed" in failed


async def test_a_failure_is_reported_beside_what_the_others_gave(bench: Bench) -> None:
    boss = Asked(to(("broken", "x"), ("search", "tea")), {"answer": None})
    async with bench.app() as app:
        await app.run(supervisor(boss.agent, [search, broken], name="s"), "go")
    error, output = boss.outputs
    assert output == "found tea"
    assert error.endswith("RuntimeError: no power")


async def test_an_input_that_a_worker_does_not_take_is_reported(bench: Bench) -> None:
    boss = Asked(to(("add", {"left": 1})), {"answer": None})
    async with bench.app() as app:
        await app.run(supervisor(boss.agent, [add], name="s"), "go")
    assert boss.outputs == ["expected add: `right`: field required"]


async def test_a_worker_is_handed_what_it_takes_a_text_as_text(bench: Bench) -> None:
    boss = Asked(to(("search", {"n": 1}), ("add", {"left": 1, "right": 2})), {"answer": None})
    async with bench.app() as app:
        await app.run(supervisor(boss.agent, [search, add], name="s"), "go")
    assert boss.outputs == ['found {\n  "n": 1\n}', 3]


async def test_the_answer_is_of_the_type_that_is_asked_for(bench: Bench) -> None:
    boss = Asked({"answer": {"to": "search", "input": 5}})
    made = supervisor(boss.agent, [search], gives=Assignment, name="s")
    async with bench.app() as app:
        assert await app.run(made, "go") == Assignment(to="search", input=5)
    assert made.output.type is Assignment


@pytest.mark.parametrize(
    ("wrong", "remark"),
    [
        (to(("nobody", 1), ("search", 2)), "there is no worker nobody: there is search. Nothing was delegated."),
        (to(), "you delegated to nobody: assign something to search, or finish."),
        ({"answer": 1}, "nobody has reported yet: delegate to search before you finish."),
        ("finish", "boss, its manager, gave what cannot be read: expected"),
    ],
)
async def test_what_cannot_be_carried_out_is_told_to_the_manager_once(
    bench: Bench, wrong: Json, remark: str
) -> None:  # fmt: skip
    boss = Asked(wrong, to(("search", "tea")), {"answer": "done"})
    async with bench.app() as app:
        assert await app.run(supervisor(boss.agent, [search], must_delegate=True, name="s"), "go") == "done"
    first, second, third = boss.remarks
    assert (first, third) == (None, None)
    assert second is not None
    assert remark in second
    assert boss.outputs == ["found tea"]


async def test_an_answer_of_another_type_is_told_to_the_manager(bench: Bench) -> None:
    boss = Asked({"answer": "many"}, {"answer": 3})
    async with bench.app() as app:
        assert await app.run(supervisor(boss.agent, [search], gives=int, name="s"), "go") == 3
    assert boss.remarks[1] is not None
    assert boss.remarks[1].startswith("expected int: input should be a valid integer")


async def test_without_must_delegate_it_may_finish_at_once_and_otherwise_after_a_failure(bench: Bench) -> None:
    boss = Asked(to(("broken", "x")), {"answer": "sorry"})
    async with bench.app() as app:
        assert await app.run(supervisor(boss.agent, [broken], must_delegate=True, name="s"), "go") == "sorry"


async def test_an_answer_that_both_delegates_and_finishes_is_a_delegation(bench: Bench) -> None:
    boss = Asked(to(("search", "tea")) | {"answer": "early"}, {"answer": "late"})
    async with bench.app() as app:
        assert await app.run(supervisor(boss.agent, [search], name="s"), "go") == "late"
    assert boss.outputs == ["found tea"]


async def test_an_answer_that_cannot_be_carried_out_costs_no_round_and_again_and_again_fails_it(bench: Bench) -> None:
    boss = Asked(to((" Search.", "a")), *[to(("serch", "b"))] * 3)
    refused = "BadAnswer: supervisor: boss, its manager, .* no worker serch: there is search; did you mean search"
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=refused):
            await app.run(supervisor(boss.agent, [search], rounds=2, name="s"), "go")
    assert [told["rounds_left"] for told in boss.handed] == [1, 0, 0, 0]


async def test_rounds_without_a_finish_end_it(bench: Bench) -> None:
    boss = Asked(to(("search", "a")), to(("search", "b")))
    async with bench.app() as app:
        with pytest.raises(
            RunFailed, match=r"BoundReached: supervisor: rounds=2 is used up, and boss has not finished\."
        ):
            await app.run(supervisor(boss.agent, [search], rounds=2, name="s"), "go")
    assert [told["rounds_left"] for told in boss.handed] == [1, 0]


async def test_a_run_goes_on_in_its_round_and_asks_nobody_again(bench: Bench) -> None:
    @agent
    async def boss(task: str, reports: list[WorkReport]) -> Delegate | Finish:
        bench.witness.saw("boss")
        return Delegate(assignments=[Assignment(to="quick", input=1), Assignment(to="stuck", input=2)])

    quick = scripted("quick", lambda given: given, witness=bench.witness)
    made = supervisor(boss, [quick, hanging("stuck")], name="s")
    run = await bench.parked(made, "go")
    async with bench.app(made) as app:
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state.value == "running"
    assert (bench.witness.count("boss"), bench.witness.count("quick")) == (1, 1)


async def test_a_language_model_can_be_the_manager(bench: Bench) -> None:
    prompts: list[list[str]] = []

    def think(messages: Sequence[ModelMessage]) -> ModelReply:
        prompts.append([str(part.content) for part in messages[-1].parts if isinstance(part, UserPromptPart)])
        if len(prompts) == 1:
            return Use("final_result_Delegate", to(("search", "tea")))
        return Use("final_result_Finish", {"answer": "green tea"})

    boss = llm_agent("boss", model=ScriptedModel(think), instructions="Lead.", output=Delegate | Finish)
    async with bench.app() as app:
        assert await app.run(supervisor(boss, [search], name="s"), "Which tea?") == "green tea"
    able = 'workers:\n{\n  "search": "Look something up."\n}\n\nrounds_left:'
    assert prompts == [["Which tea?", f"{able}\n5"], ["search: found tea", f"{able}\n4"]]


@dataclass
class Numbers:
    left: int


@agent
async def needy(task: str, remark: str) -> Finish:
    return Finish(answer=task)


@agent
async def wordy(task: str) -> str:
    return task


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: supervisor(search, []), "supervisor needs at least 1 workers, got 0"),
        (lambda: supervisor("boss", [search, search]), "supervisor has search twice among its workers"),
        (lambda: supervisor("boss", [search], rounds=0), "supervisor was given rounds=0: expected at least 1"),
        (lambda: supervisor("boss", [search], at_once=0), "supervisor was given at_once=0: expected at least 1"),
        (lambda: supervisor(needy, [search]), "needy, its manager, needs remark, and is offered task, workers"),
        (lambda: supervisor(wordy, [search]), "wordy does not give what its manager has to give"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(build: Any, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        build()


def test_its_picture_shows_who_delegates_to_whom() -> None:
    lines = supervisor("boss", [search], name="s").graph().splitlines()
    assert [line.strip() for line in lines[1:-1]] == [
        'subgraph g1["supervisor s"]',
        'n2["manager: boss"]',
        'n3["worker 1: search"]',
        'n2 -->|"at most 6 rounds"| n3',
        'n3 -->|"reports"| n2',
    ]


def test_it_can_be_written_down_and_read_again() -> None:
    made = supervisor("boss", [search], rounds=2, gives=Assignment)
    assert load(made.spec(), agents=[search]).spec() == made.spec()
    assert made.spec() == {
        "supervisor": {
            "manager": "boss",
            "workers": ["search"],
            "rounds": 2,
            "gives": "podium.patterns:Assignment",
        }
    }


ORDERS = st.lists(st.tuples(st.sampled_from(["a", "b", "stranger"]), st.integers(0, 9)), max_size=4)


@st.composite
def answers_of_a_manager(draw: st.DrawFn) -> Json:
    match draw(st.sampled_from(["delegate", "finish", "nonsense"])):
        case "delegate":
            return to(*draw(ORDERS), in_order=draw(st.booleans()))
        case "finish":
            return {"answer": draw(st.integers(0, 9))}
        case nonsense:
            return {"say": nonsense}


def carried_out(answers: Sequence[Json]) -> list[tuple[str, Json]]:
    """Return what these answers assign to those who are there."""
    found: list[tuple[str, Json]] = []
    for answer in answers:
        given: list[Json] = answer.get("assignments", [])
        if all(each["to"] != "stranger" for each in given):
            found += [(each["to"], each["input"]) for each in given]
    return found


@settings(max_examples=examples(60))
@given(
    answers=st.lists(answers_of_a_manager(), min_size=1, max_size=6),
    must_delegate=st.sampled_from([False, True]),
    at_once=st.sampled_from([None, 1, 2]),
)
def test_only_named_workers_are_called_with_what_they_were_given_and_the_manager_at_most_rounds_times(
    answers: list[Json], *, must_delegate: bool, at_once: int | None
) -> None:
    called: list[tuple[str, Json]] = []
    boss = Asked(*answers)
    a, b = (scripted(name, lambda given, name=name: called.append((name, given))) for name in "ab")
    options: Any = {"rounds": len(answers), "must_delegate": must_delegate, "at_once": at_once}

    async def run() -> Json:
        async with App.open(":memory:") as app:
            return await app.run(supervisor(boss.agent, [a, b], name="s", corrections=0, **options), "go")

    try:
        value = asyncio.run(run())
    except RunFailed as error:
        value = error
    used = answers[: len(boss.handed)]
    obeyed = carried_out(used)
    assert sorted(called, key=repr) == sorted(obeyed, key=repr)
    if isinstance(value, RunFailed):
        if BadAnswer.__name__ in str(value):
            assert carried_out(used[-1:]) == []
        else:
            assert BoundReached.__name__ in str(value)
            assert len(boss.handed) == len(answers)
    else:
        assert used[-1] == {"answer": value}
        assert obeyed or not must_delegate
