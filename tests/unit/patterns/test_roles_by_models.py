"""Each role of each pattern can be filled by a language model, and a scripted one can play it in a test."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from podium import App, agent
from podium.agents.pydantic_ai import llm_agent
from podium.model.fact import FactKind
from podium.model.json import Json, is_object
from podium.model.step import ANSWER
from podium.patterns import (
    Answer,
    Assignment,
    Check,
    Delegate,
    Event,
    Finish,
    HandOff,
    Needs,
    Outgoing,
    PeerReply,
    Plan,
    PlanTask,
    ProgressLedger,
    Ruling,
    Scaling,
    ShapedTask,
    TaskLedger,
    TaskShape,
    adaptive,
    approve,
    blackboard,
    cascade,
    coordinate,
    debate,
    ensemble,
    gate,
    group_chat,
    handoff,
    magentic,
    mesh,
    parallel,
    plan_execute,
    race,
    refine,
    route,
    saga,
    sequence,
    state_machine,
    step,
    supervisor,
    task_force,
    transition,
    tree,
    vote,
    watch,
)
from podium.testing import DrivenClock
from podium.testing.model import Give, ModelReply, ScriptedModel

ASKED: list[str] = []
"""The models that were asked, told outside of the store."""


@pytest.fixture(autouse=True)
def nobody_asked() -> None:
    """Forget who was asked before."""
    ASKED.clear()


def model(name: str, *replies: ModelReply, output: Any = str) -> Any:
    """Return an LLM agent whose model plays a script: one reply for each call of it."""
    left = list(replies)

    def play(messages: object) -> ModelReply:
        ASKED.append(name)
        return left.pop(0)

    return llm_agent(name, model=ScriptedModel(play), instructions="Do your part.", output=output)


@agent(capabilities={"dig"})
async def digger(task: str) -> str:
    """Digs."""
    return f"dug {task}"


@agent
async def painter(task: str) -> str:
    """Paints."""
    return f"painted {task}"


PLAN = Plan(tasks=[PlanTask(id="a", worker="digger", input="a hole")])
AHEAD = ProgressLedger(satisfied=False, looping=False, progressing=True, next="digger", instruction="a hole")
DONE = ProgressLedger(satisfied=True, looping=False, progressing=True, next="digger", instruction="")
CHOICE = Literal["draft", "final"]


class Case(NamedTuple):
    """A role that a model plays."""

    role: str
    made: Callable[[], Any]
    gives: Json
    """What the pattern gives, or some of its fields."""
    input: Any = "a hole"


CASES: Sequence[Case] = (
    Case("sequence: stage", lambda: sequence(model("one", "a well"), digger, name="p"), "dug a well"),
    Case("parallel: agent", lambda: parallel(digger, model("one", "a well"), name="p"), ["dug a hole", "a well"]),
    Case("parallel: merge", lambda: parallel(digger, painter, merge=model("one", "both"), name="p"), "both"),
    Case(
        "parallel: tree", lambda: parallel(digger, painter, merge=tree(model("one", "both"), width=2), name="p"), "both"
    ),
    Case(
        "parallel: coordinator",
        lambda: parallel(
            model("one", Give(1), output=int), model("two", Give(2), output=int),
            merge=coordinate(model("three", Give(3), output=int)), name="p",
        ),
        3,
    ),
    Case("race: agent", lambda: race(model("one", "x"), model("two", "x"), name="p"), "x"),
    Case(
        "route: classifier of texts", lambda: route({"dig": digger, "paint": painter}, model("one", "dig"), name="p"),
        "dug a hole",
    ),
    Case(
        "route: classifier of a Literal",
        lambda: route(
            {"dig": digger, "paint": painter}, model("one", Give("paint"), output=Literal["dig", "paint"]), name="p"
        ),
        "painted a hole",
    ),
    Case(
        "supervisor: manager",
        lambda: supervisor(
            model(
                "boss", Give(Delegate(assignments=[Assignment(to="digger", input="it")])), Give(Finish(answer="so")),
                output=Delegate | Finish,
            ),
            [digger], gives=str, name="p",
        ),
        "so",
    ),
    Case(
        "supervisor: manager that must give a number",
        lambda: supervisor(model("boss", Give({"answer": 3}), output=Delegate | Finish), [digger], gives=int, name="p"),
        3,
    ),
    Case(
        "handoff: agents",
        lambda: handoff(
            model("one", Give(HandOff(to="two", reason="yours", context={"x": 1})), output=HandOff | Answer),
            model("two", Give(Answer(answer="so")), output=HandOff | Answer), name="p",
        ),
        "so",
    ),
    Case(
        "handoff: summarizer",
        lambda: handoff(
            model("one", Give(HandOff(to="two", reason="yours")), output=HandOff | Answer),
            model("two", Give(Answer(answer="so")), output=HandOff | Answer),
            history="summary", summarizer=model("three", "in short"), name="p",
        ),
        "so",
    ),
    Case(
        "group_chat: speakers", lambda: group_chat(model("one", "a"), model("two", "b"), turns=2, name="p"),
        {"messages": [{"speaker": "one", "text": "a"}, {"speaker": "two", "text": "b"}]},
    ),
    Case(
        "group_chat: manager",
        lambda: group_chat(
            model("one", "a"), model("two", "b"), name="p",
            next_speaker=model("boss", Give("two"), Give(None), output=Literal["one", "two"] | None),
        ),
        {"messages": [{"speaker": "two", "text": "b"}]},
    ),
    Case(
        "debate: debaters and judge",
        lambda: debate(
            model("one", "yes", "no!", "yes"), model("two", "no", "yes!", "no"), rounds=1, name="p",
            judge=model("judge", Give(Ruling(winner="A", reasons="it is")), output=Ruling),
        ),
        {"reasons": "it is"},
    ),
    Case(
        "ensemble: judge",
        lambda: ensemble(
            model("one", "x"), model("two", "y"), name="p",
            judge=model("judge", Give(Ruling(winner="A", reasons="it is", scores={"A": 1.0, "B": 0.5})), output=Ruling),
        ),
        {"reasons": "it is"},
    ),
    Case(
        "vote: voters of a Literal, and who breaks a tie",
        lambda: vote(
            model("one", Give("draft"), output=CHOICE), model("two", Give("final"), output=CHOICE),
            decide="plurality", tie=model("three", Give("final"), output=CHOICE), name="p",
        ),
        {"decision": "final"},
    ),
    Case(
        "vote: voters of a bool", lambda: vote(*(model(n, Give(value=True), output=bool) for n in "abc"), name="p"),
        {"decision": True},
    ),
    Case(
        "vote: a voter that abstains",
        lambda: vote(
            model("one", Give(None), output=CHOICE | None), model("two", Give("draft"), output=CHOICE | None),
            decide="plurality", name="p",
        ),
        {"decision": "draft"},
    ),
    Case(
        "refine: writer and critic",
        lambda: refine(
            model("one", "bad", "good"), model("two", Give(0.1), Give(0.9), output=float), until=_is_good, name="p"
        ),
        "good",
    ),
    Case(
        "gate: check by a bool",
        lambda: gate(model("one", Give(value=True), output=bool), worker=digger, name="p"), "dug a hole",
    ),
    Case(
        "gate: check that sends back",
        lambda: gate(
            model("one", Give(Check(passed=False, reasons="bad")), Give(value=True), output=Check | bool),
            worker=model("two", "bad", "good"), fails="back", name="p",
        ),
        "good",
    ),
    Case(
        "cascade: tiers, and who is confident",
        lambda: cascade(
            model("one", "x"), model("two", "y"), confident=model("three", Give(value=False), output=bool), name="p"
        ),
        {"value": "y", "tier": "two"},
    ),
    Case(
        "plan_execute: planner and report",
        lambda: plan_execute(
            model("one", Give(PLAN), output=Plan), [digger], report=model("two", "all is dug"), name="p"
        ),
        "all is dug",
    ),
    Case(
        "magentic: orchestrator, ledger and final",
        lambda: magentic(
            model("lead", Give(AHEAD), Give(DONE), output=ProgressLedger), [digger],
            ledger=model("plan", Give(TaskLedger(facts="none", plan="dig")), output=TaskLedger),
            final=model("sum", "dug"), name="p",
        ),
        {"answer": "dug", "satisfied": True},
    ),
    Case(
        "blackboard: watchers",
        lambda: blackboard(
            watch(model("one", Give({"x": 1}), output=dict[str, object] | None), when=_always, once=True),
            watch(model("two", Give(None), output=dict[str, object] | None), when=_always, once=True), name="p",
        ),
        {"entries": {"x": 1}}, {},
    ),
    Case(
        "mesh: peers",
        lambda: mesh(
            model("one", Give(PeerReply(messages=[Outgoing(to="two", type="ask")])), output=PeerReply),
            model("two", Give(PeerReply(answer="so")), output=PeerReply | None), name="p",
        ),
        {"answer": "so"},
    ),
    Case(
        "mesh: a peer that has nothing to say",
        lambda: mesh(
            model(
                "one", Give(PeerReply(messages=[Outgoing(to="two", type="know"), Outgoing(to="three", type="ask")])),
                output=PeerReply | None,
            ),
            model("two", Give(None), output=PeerReply | None),
            model("three", Give(PeerReply(answer="so")), output=PeerReply | None), name="p",
        ),
        {"answer": "so"},
    ),
    Case(
        "state_machine: entry actions",
        lambda: state_machine(
            transition("start", "end", on="go"), start="start", ends=["end"], name="p",
            entry={"start": model("one", Give(Event(name="go", data=3)), output=Event)},
        ),
        {"state": "end", "data": 3},
    ),
    Case(
        "state_machine: an entry action that names the event",
        lambda: state_machine(
            transition("start", "end", on="go"), transition("start", "out", on="stop"), start="start",
            ends=["end", "out"], name="p",
            entry={"start": model("one", Give("stop"), output=Literal["go", "stop"])},
        ),
        {"state": "out"},
    ),
    Case("saga: steps", lambda: saga(step(model("one", "a well")), digger, name="p"), "dug a well"),
    Case(
        "task_force: analyst",
        lambda: task_force(
            model("one", Give(Needs(capabilities=["dig"], work="sequence")), output=Needs), candidates=[digger],
            name="p",
        ),
        {"result": "dug a hole"},
    ),
    Case(
        "adaptive: analyst",
        lambda: adaptive(
            digger, name="p", rule=Scaling(centralised=painter, decentralised=painter),
            analyst=model("one", Give(TaskShape(tasks=[ShapedTask(id="a"), ShapedTask(id="b")])), output=TaskShape),
        ),
        {"chosen": "centralised", "value": "painted a hole"},
    ),
)  # fmt: skip


def _is_good(verdict: float) -> bool:
    return verdict > 0.5


def _always(board: object) -> bool:
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.role)
async def test_a_model_plays_the_role(case: Case) -> None:
    async with App.open(":memory:") as app:
        handle = await app.start(case.made(), case.input)
        value, facts = await handle.result(), await handle.facts()
    requests = [fact for fact in facts if fact.kind is FactKind.STEP and fact.body["name"] == ANSWER]
    assert len(requests) == len(ASKED) > 0
    given: Any = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    if is_object(case.gives) and is_object(given):
        assert {key: given[key] for key in case.gives} == case.gives
    else:
        assert given == case.gives


async def test_a_model_answers_what_a_person_asks_back() -> None:
    clock = DrivenClock()
    letter = approve("support", author=model("one", "it is late"), name="p")
    asked = ""
    async with App.open(":memory:", clock=clock) as app:
        handle = await app.start(letter, "Dear Ada")
        for answer in ({"question": "Why?"}, {"approved": True}):
            await clock.settle()
            [question] = (await app.inbox.list(to="support")).items
            asked = str(question)
            await app.inbox.answer(question.id, answer, by="bob")
        assert "it is late" in asked
        assert await handle.result() == "Dear Ada"


def test_a_role_of_each_pattern_is_tried() -> None:
    tried = {case.role.partition(":")[0] for case in CASES} | {"approve"}
    pages = Path(__file__).parents[3] / "docs/how-to/patterns"
    assert tried == {page.stem for page in pages.glob("*.md")}
