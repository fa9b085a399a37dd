"""`handoff`: control moves from agent to agent, until one of them answers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage, UserPromptPart

from podium import Agent, App, agent
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import cel, load
from podium.patterns.handoff import handoff
from podium.patterns.parts.control import Answer, AnsweredBy, HandOff, Turn, back_and_forth
from podium.testing import hanging, scripted
from podium.testing.model import ModelReply, ScriptedModel, Use
from tests.examples import examples
from tests.unit.engine.bench import Bench


def to(name: str, reason: str = "theirs", **context: Json) -> Json:
    return {"to": name, "reason": reason, "context": context}


def answer(value: Json) -> Json:
    return {"answer": value}


class Desk:
    """Agents that play scripts; keeps who was asked, and what they were handed."""

    def __init__(self, **scripts: Sequence[Json]) -> None:
        self.asked: list[tuple[str, Mapping[str, Json]]] = []
        self._scripts = {name: iter(script) for name, script in scripts.items()}
        self.agents = [self._agent(name) for name in scripts]

    def _agent(self, name: str) -> Agent[Any, Any]:
        def play(told: Json) -> Json:
            self.asked.append((name, told))
            return next(self._scripts[name])

        return scripted(name, play, description=f"the {name} desk")

    @property
    def way(self) -> list[str]:
        return [name for name, _ in self.asked]

    def parts(self, part: str) -> list[Json]:
        """What was handed over under this name, each time; None where nothing was."""
        return [told.get(part) for _, told in self.asked]


async def test_the_answer_of_whoever_has_control_is_the_value(bench: Bench) -> None:
    desk = Desk(front=[to("billing")], billing=[answer("refunded")])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, name="h"), "my money") == "refunded"
    assert desk.way == ["front", "billing"]


async def test_control_begins_where_it_is_told_to(bench: Bench) -> None:
    desk = Desk(front=[], billing=[answer("here")])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, start="billing", name="h"), "go") == "here"


async def test_whoever_has_control_is_told_task_note_history_and_targets(bench: Bench) -> None:
    desk = Desk(front=[to("billing", "a bill", order=7)], billing=[answer(None)])
    async with bench.app() as app:
        await app.run(handoff(*desk.agents, needs={"billing": ["order"]}, name="h"), "help")
    note = {"to": "billing", "reason": "a bill", "context": {"order": 7}}
    assert [told for _, told in desk.asked] == [
        {"task": "help", "history": [], "targets": {"billing": "the billing desk (needs in the context: order)"}},
        {
            "task": "help",
            "note": note,
            "history": [{"agent": "front", "note": note}],
            "targets": {"front": "the front desk"},
        },
    ]


async def test_agents_may_be_functions_of_typed_parts(bench: Bench) -> None:
    @agent
    async def front(task: str) -> HandOff | Answer:
        return HandOff(to="billing", reason="a bill", context={"order": 7})

    @agent
    async def billing(task: str, note: HandOff, history: list[Turn]) -> Answer:
        return Answer(answer=f"{task} {note.context['order']} from {history[0].agent}")

    async with bench.app() as app:
        assert await app.run(handoff(front, billing, name="h"), "refund") == "refund 7 from front"


@pytest.mark.parametrize(
    ("history", "told"), [("none", [None, None, None]), ("full", [0, 1, 2]), (1, [0, 1, 1]), (5, [0, 1, 2])]
)
async def test_as_many_turns_are_told_as_wanted(bench: Bench, history: Any, told: list[int | None]) -> None:
    desk = Desk(a=[to("b")], b=[to("c")], c=[answer(None)])
    async with bench.app() as app:
        await app.run(handoff(*desk.agents, history=history, name="h"), "go")
    assert [None if turns is None else len(turns) for turns in desk.parts("history")] == told


async def test_the_latest_turns_are_told_not_the_first(bench: Bench) -> None:
    desk = Desk(a=[to("b")], b=[to("c")], c=[answer(None)])
    async with bench.app() as app:
        await app.run(handoff(*desk.agents, history=1, name="h"), "go")
    assert [turn["agent"] for turn in desk.parts("history")[-1]] == ["b"]


async def test_a_summary_is_written_once_for_each_hand_off_that_is_carried_out(bench: Bench) -> None:
    desk = Desk(a=[to("nobody"), to("b")], b=[to("nobody"), answer(None)])

    @agent
    async def digest(task: str, history: list[Turn]) -> str:
        bench.witness.saw("digest")
        return f"{task}: {' '.join(turn.agent for turn in history)}"

    made = handoff(*desk.agents, history="summary", summarizer=digest, name="h")
    async with bench.app() as app:
        await app.run(made, "go")
    assert desk.parts("history") == [None, None, "go: a", "go: a"]
    assert bench.witness.count("digest") == 1


async def test_a_hand_off_that_would_drop_what_the_receiver_needs_is_refused(bench: Bench) -> None:
    desk = Desk(front=[to("billing", order=7), to("billing", order=7, sum=None)], billing=[answer("done")])
    made = handoff(*desk.agents, needs={"billing": ["order", "sum"]}, name="h")
    async with bench.app() as app:
        assert await app.run(made, "go") == "done"
    remark = "billing needs sum, which this hand-off would drop: put it into the context."
    assert desk.parts("remark") == [None, remark, None]


@pytest.mark.parametrize(
    ("wrong", "remark"),
    [
        (to("c"), "a may not hand to c: hand to b."),
        (to("nobody"), "a may not hand to nobody: hand to b."),
        (to("a"), "a may not hand to a: hand to b."),
        ("over to b", "handoff: a, its agent, gave what cannot be read"),
        (answer("five"), "expected int: input should be a valid integer"),
    ],
)
async def test_what_is_not_carried_out_is_told_to_its_sender_who_tries_again(
    bench: Bench, wrong: Json, remark: str
) -> None:
    desk = Desk(a=[wrong, to("b")], b=[answer(5)], c=[])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, allowed={"a": ["b"]}, gives=int, name="h"), "go") == 5
    first, second, third = desk.parts("remark")
    assert (first, third) == (None, None)
    assert second.startswith(remark)
    assert len(desk.parts("history")[-1]) == 1


async def test_who_is_not_named_among_the_allowed_hands_to_nobody(bench: Bench) -> None:
    desk = Desk(a=[to("b")], b=[to("a"), answer("mine after all")])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, allowed={"a": ["b"]}, name="h"), "go") == "mine after all"
    assert desk.parts("targets")[1] == {}
    assert desk.parts("remark")[2] == "b may not hand to a: you may hand to nobody: give an answer."


async def test_the_answer_is_of_the_type_that_is_asked_for(bench: Bench) -> None:
    desk = Desk(a=[answer({"agent": "a", "note": to("b")})], b=[])
    made = handoff(*desk.agents, gives=Turn, name="h")
    async with bench.app() as app:
        turn = await app.run(made, "go")
    assert turn == Turn(agent="a", note=HandOff(to="b", reason="theirs"))
    assert made.output.type is Turn


async def test_hops_without_an_answer_end_it_and_the_way_is_named(bench: Bench) -> None:
    desk = Desk(a=[to("b")], b=[to("c")], c=[to("a")])
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=r"BoundReached: handoff: hops=3 is used up, .* \(a > b > c > a\)\. Raise"):
            await app.run(handoff(*desk.agents, hops=3, name="h"), "go")


async def test_a_refused_hand_off_costs_no_hop(bench: Bench) -> None:
    desk = Desk(a=[to("nobody"), to("nobody"), to(" B.")], b=[answer("done")])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, hops=2, name="h"), "go") == "done"
    assert desk.way == ["a", "a", "a", "b"]


async def test_a_hand_off_that_is_refused_again_and_again_fails_it(bench: Bench) -> None:
    desk = Desk(a=[to("nobody")] * 3, b=[])
    async with bench.app() as app:
        with pytest.raises(
            RunFailed, match=r"BadAnswer: handoff: a, its agent, .* used: a may not hand to nobody: hand"
        ):
            await app.run(handoff(*desk.agents, name="h"), "go")
    assert desk.way == ["a", "a", "a"]


async def test_two_who_hand_back_and_forth_are_stopped_and_named(bench: Bench) -> None:
    desk = Desk(a=[to("b", x=1)] * 9, b=[to("a", x=1)] * 9)
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="PingPong: handoff: a and b handed to each other 2 times each way"):
            await app.run(handoff(*desk.agents, name="h"), "go")
    assert desk.way == ["a", "b", "a", "b"]


async def test_two_who_learn_something_each_time_go_on(bench: Bench) -> None:
    desk = Desk(a=[to("b", n=n) for n in range(5)], b=[*(to("a", n=n) for n in range(3)), answer("found")])
    async with bench.app() as app:
        assert await app.run(handoff(*desk.agents, name="h"), "go") == "found"


def turns(*way: str, **contexts: Mapping[str, Json]) -> list[Turn]:
    """Return the turns of a way such as `a`, `b`, `a`; `n2={…}` is the context of the third."""
    return [
        Turn(agent=one, note=HandOff(to=other, reason="", context=contexts.get(f"n{n}", {})))
        for n, (one, other) in enumerate(pairwise(way))
    ]


@pytest.mark.parametrize(
    ("way", "found"),
    [
        (turns("a", "b", "a", "b", "a"), ("a", "b")),
        (turns("a", "b", "a", "b"), None),
        (turns("c", "a", "b", "a", "b", "a"), ("a", "b")),
        (turns("a", "b", "c", "a", "b"), None),
        (turns("a", "b", "a", "c", "a"), None),
        (turns("a", "b", "a", "b", "a", n0={"x": 1}, n2={"x": 1}), ("a", "b")),
        (turns("a", "b", "a", "b", "a", n0={"x": 1}, n3={"x": 2}), None),
        (turns("a", "b", "a", "b", "a", n0={"x": 1}, n3={"x": True}), None),
        (turns("a", "b", "a", "b", "a", n1={"y": [1]}), None),
        (turns("a", "b", "a", "b", "a", "b", n1={"x": 1}, n3={"x": 1}), ("b", "a")),
        ([], None),
    ],
)
def test_back_and_forth_is_two_agents_and_nothing_new(way: list[Turn], found: tuple[str, str] | None) -> None:
    assert back_and_forth(way, 2) == found


async def test_a_run_goes_on_with_whoever_had_control(bench: Bench) -> None:
    front = scripted("front", [to("stuck")], witness=bench.witness)
    made = handoff(front, hanging("stuck", witness=bench.witness), name="h")
    run = await bench.parked(made, "go")
    async with bench.app(made) as app:
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state.value == "running"
    assert (bench.witness.count("front"), bench.witness.count("stuck")) == (1, 2)


async def test_language_models_can_hand_to_each_other(bench: Bench) -> None:
    prompts: list[str] = []

    def front(messages: Sequence[ModelMessage]) -> ModelReply:
        return Use("final_result_HandOff", {"to": "billing", "reason": "a bill", "context": {"order": 7}})

    def billing(messages: Sequence[ModelMessage]) -> ModelReply:
        part = messages[0].parts[0]
        assert isinstance(part, UserPromptPart)
        prompts.append(str(part.content))
        return Use("final_result_Answer", {"answer": "refunded"})

    desks = [
        llm_agent(name, model=ScriptedModel(script), instructions="Help.", output=HandOff | Answer)
        for name, script in (("front", front), ("billing", billing))
    ]
    async with bench.app() as app:
        assert await app.run(handoff(*desks, history="none", name="h"), "my money") == "refunded"
    note = '{\n  "to": "billing",\n  "reason": "a bill",\n  "context": {\n    "order": 7\n  }\n}'
    assert prompts == [f'task:\nmy money\n\nnote:\n{note}\n\ntargets:\n{{\n  "front": ""\n}}']


@dataclass
class Strange:
    words: list[str]


@agent
async def strange(task: str) -> Strange:
    return Strange(words=[task])


@agent
async def noted(note: HandOff, history: list[Turn]) -> Answer:
    return Answer(answer=note.reason)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: handoff("a"), "handoff needs at least 2 agents, got 1"),
        (lambda: handoff("a", "a"), "handoff has a twice among its agents"),
        (lambda: handoff("a", "b", start="c"), "handoff: start names c; there is a, b"),
        (lambda: handoff("a", "b", allowed={"a": ["c"]}), "handoff: allowed names c; there is a, b"),
        (lambda: handoff("a", "b", allowed={"c": ["a"]}), "handoff: allowed names c; there is a, b"),
        (lambda: handoff("a", "b", allowed={"a": ["a"]}), "handoff: allowed lets a hand to themselves"),
        (lambda: handoff("a", "b", needs={"c": ["x"]}), "handoff: needs names c; there is a, b"),
        (lambda: handoff("a", "b", hops=0), "handoff was given hops=0: expected at least 1"),
        (lambda: handoff("a", "b", ping_pong=0), "handoff was given ping_pong=0: expected at least 1"),
        (lambda: handoff("a", "b", history=0), "handoff was given history=0: expected at least 1"),
        (lambda: handoff("a", "b", history="summary"), "handoff was given history='summary' and nobody to write it"),
        (lambda: handoff("a", "b", summarizer="c"), "handoff was given a summarizer and history='full'"),
        (lambda: handoff("a", strange), "strange does not give what its agent has to give"),
        (lambda: handoff(noted, "b"), "noted, its agent, needs note, and is offered task, targets, history"),
        (lambda: handoff("a", noted, history="none"), "noted, its agent, needs history, and is offered task, targets"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(build: Any, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        build()


def test_its_picture_shows_who_may_hand_to_whom() -> None:
    made = handoff("a", "b", "c", allowed={"a": ["b", "c"]}, history="summary", summarizer="d", name="h")
    assert [line.strip() for line in made.graph().splitlines()[1:-1]] == [
        'subgraph g1["handoff h"]',
        'n2["agent 1: a"]',
        'n3["agent 2: b"]',
        'n4["agent 3: c"]',
        'n5["summarizer: d"]',
        "n2 --> n3",
        "n2 --> n4",
    ]


@pytest.mark.parametrize("history", ["none", 3, "summary"])
def test_it_can_be_written_down_and_read_again(history: Any) -> None:
    summing: dict[str, Any] = {"summarizer": "c"} if history == "summary" else {}
    made = handoff("a", "b", allowed={"a": ["b"]}, needs={"b": ["x"]}, gives=Turn, history=history, **summing)
    assert load(made.spec()).spec() == made.spec() == {
        "handoff": {
            "agents": ["a", "b"],
            "allowed": {"a": ["b"]},
            "needs": {"b": ["x"]},
            "gives": "podium.patterns:Turn",
            "history": history,
            **summing,
        }
    }  # fmt: skip


NAMES = ["a", "b", "c"]
SAID = st.one_of(
    st.builds(to, st.sampled_from([*NAMES, "nobody"]), st.just("why"), x=st.integers(0, 2)),
    st.builds(to, st.sampled_from(NAMES)),
    st.builds(answer, st.integers(0, 9)),
)


@settings(max_examples=examples(80))
@given(
    script=st.lists(SAID, min_size=18, max_size=18),
    allowed=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))),
    hops=st.integers(1, 6),
)
def test_control_never_goes_where_it_is_not_allowed_and_hops_are_the_most_turns(
    script: list[Json], allowed: dict[str, set[str]], hops: int
) -> None:
    asked: list[str] = []

    def desk(name: str) -> Agent[Any, Any]:
        def play(told: Json) -> Json:
            asked.append(name)
            return script[len(asked) - 1]

        return scripted(name, play)

    ways = {who: sorted(targets - {who}) for who, targets in allowed.items()}
    made = handoff(*map(desk, NAMES), allowed=ways, needs={"c": ["x"]}, hops=hops, name="h")

    async def run() -> Json:
        async with App.open(":memory:") as app:
            return await app.run(made, "go")

    try:
        value = asyncio.run(run())
    except RunFailed as error:
        value = error
    assert asked[0] == "a"
    turns = 1
    for said, sender, receiver in zip(script, asked, asked[1:], strict=False):
        carried_out = said["to"] in ways.get(sender, []) and ("x" in said["context"] or said["to"] != "c")
        assert receiver == (said["to"] if carried_out else sender)
        turns += carried_out
    assert turns <= hops
    last = script[len(asked) - 1]
    if not isinstance(value, RunFailed):
        assert last == answer(value)
        return
    assert "answer" not in last
    if "BadAnswer" in str(value):
        assert len(set(asked[-3:])) == 1
    else:
        assert "PingPong" in str(value) or ("BoundReached" in str(value) and turns == hops)


async def test_it_tells_who_answered_and_a_later_run_goes_on_with_that_one(bench: Bench) -> None:
    desk = Desk(front=[to("billing", why="money")], billing=[answer("which order?"), answer("refunded")])

    def active(task: Mapping[str, Json]) -> str | None:
        return task.get("agent")

    who = handoff(*desk.agents, start=active, gives=AnsweredBy, name="h")
    async with bench.app() as app:
        first = await app.run(who, {"say": "my money"})
        assert first == AnsweredBy(
            agent="billing", answer="which order?",
            turns=[Turn(agent="front", note=HandOff(to="billing", reason="theirs", context={"why": "money"}))],
        )  # fmt: skip
        second = await app.run(who, {"say": "4711", "agent": first.agent})
    assert (second.agent, second.answer, second.turns) == ("billing", "refunded", [])
    assert desk.way == ["front", "billing", "billing"]


async def test_a_start_that_a_rule_gives_has_to_be_an_agent(bench: Bench) -> None:
    desk = Desk(front=[], billing=[])
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="start names nobody"):
            await app.run(handoff(*desk.agents, start=lambda _: "nobody", name="h"), "go")


async def test_a_rule_says_what_an_agent_is_told_of_the_turns(bench: Bench) -> None:
    desk = Desk(a=[to("b", "one", secret=1)], b=[to("c", "two")], c=[answer("done")])
    reasons = handoff(*desk.agents, history=lambda turns: [each.note.reason for each in turns], name="h")
    async with bench.app() as app:
        assert await app.run(reasons, "go") == "done"
    assert desk.parts("history") == [[], ["one"], ["one", "two"]]


async def test_an_agent_is_called_each_time_that_control_moves(bench: Bench) -> None:
    seen = list[tuple[str, str, Json]]()

    @agent
    async def watcher(agent: str, note: HandOff, task: str) -> None:
        seen.append((agent, note.to, task))

    desk = Desk(a=[to("x"), to("b")], b=[to("c")], c=[answer("done")])
    watched = handoff(*desk.agents, on_handoff=watcher, name="h")
    async with bench.app() as app:
        run = await app.start(watched, "go")
        assert await run.result() == "done"
        calls = [each.name for each in (await app.runs.tree(run.id)).root.walk() if each.kind == "call"]
    assert seen == [("a", "b", "go"), ("b", "c", "go")]
    assert calls == ["a", "watcher", "b", "watcher", "c"]


def test_its_rules_and_who_watches_it_can_be_written_down() -> None:
    made = handoff(
        "a", "b", start=cel("task.agent"), history=cel("turns.map(t, t.note.reason)"), on_handoff="c", gives=AnsweredBy
    )
    assert load(made.spec()).spec() == made.spec() == {
        "handoff": {
            "agents": ["a", "b"],
            "start": "task.agent",
            "history": "turns.map(t, t.note.reason)",
            "on_handoff": "c",
            "gives": "podium.patterns:AnsweredBy",
        }
    }  # fmt: skip
    with pytest.raises(PatternError, match="turn"):
        handoff("a", "b", history=cel("turn[0]"))
