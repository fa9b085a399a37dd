"""What others said reaches a language model as messages with roles and authors, without a conversation in the store."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest
from agents import Agent as SdkAgent
from agents import OpenAIChatCompletionsModel
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType]  the package leaves a type open
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from pydantic import SecretStr
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolReturnPart, UserPromptPart

from podium import Agent, agent
from podium.agents.context import LastMessages
from podium.agents.langchain import PodiumMiddleware, from_langchain
from podium.agents.openai_agents import from_openai_agents
from podium.agents.pydantic_ai import llm_agent
from podium.guards import pii
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.patterns import (
    Answer,
    Assignment,
    Check,
    Delegate,
    Finish,
    HandOff,
    ProgressLedger,
    debate,
    gate,
    group_chat,
    handoff,
    magentic,
    refine,
    supervisor,
)
from podium.patterns.building import inputs
from podium.testing import ChatReply, ChatServer, scripted
from podium.testing.model import Give, ModelReply, ScriptedModel, Use
from tests.unit.engine.bench import Bench

Heard = list[list[str]]
"""What a model was sent, request by request: who says what, as `ROLE: text`."""


def roles(messages: Sequence[ModelMessage]) -> list[str]:
    """Return who says what in a request."""
    return [
        f"{'assistant' if isinstance(each, ModelResponse) else 'user'}: {part.content}"
        for each in messages
        for part in each.parts
        if isinstance(part, UserPromptPart | TextPart)
    ]


def model(name: str, heard: Heard, *replies: Any, output: Any = str, **options: Any) -> Agent[str, Any]:
    """Return an LLM agent that says these things, or else always the same."""
    left = list(replies)

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        heard.append(roles(messages))
        said = left.pop(0) if left else f"{name} speaks"
        return said if isinstance(said, str | Use) else Give(said)

    return llm_agent(name, model=ScriptedModel(play), instructions="Do your part.", output=output, **options)


@agent
async def bob(task: str, messages: list[Json]) -> str:
    return f"bob said {len(messages)}"


@agent
async def digger(instruction: str) -> str:
    """Digs."""
    return f"dug {instruction}"


def is_good(text: str) -> bool:
    return text == "good"


AHEAD = ProgressLedger(satisfied=False, looping=False, progressing=True, next="digger", instruction="a hole")
TO_ANN = replace(AHEAD, next="ann", instruction="a wall")
DONE = ProgressLedger(satisfied=True, looping=False, progressing=True, next="digger", instruction="")
TO_ANN_WITH_A_NOTE = HandOff(to="ann", reason="deep", context={"metres": 9})
TO_BEN = HandOff(to="ben", reason="wide")
TARGETS = 'targets:\n{\n  "front": "",\n  "ben": ""\n}'
LEDGER = 'ledger:\n{\n  "facts": "f",\n  "plan": "p"\n}'
TO_DIGGER = Delegate(assignments=[Assignment(to="digger", input="a hole")])


@dataclass(frozen=True, slots=True)
class Case:
    """A role that a language model plays, and what it hears in its last request."""

    role: str
    build: Callable[[Heard], Any]
    hears: list[str]


CASES: Sequence[Case] = (
    Case(
        "group_chat: speaker", lambda heard: group_chat(model("ann", heard), bob, turns=3, name="team"),
        ["user: a well", "assistant: ann speaks", "user: bob: bob said 1", "user: It is your turn, ann."],
    ),
    Case(
        "group_chat: manager",
        lambda heard: group_chat(
            scripted("a", ["hi"]), bob, next_speaker=model("boss", heard, "a", "bob"), turns=2, name="team"
        ),
        ["user: a well", "user: a: hi", 'user: speakers:\n{\n  "a": "",\n  "bob": ""\n}\n\nWho speaks next?'],
    ),
    Case(
        "supervisor: manager",
        lambda heard: supervisor(
            model("boss", heard, TO_DIGGER, Finish(answer="so"), output=Delegate | Finish), [digger], name="team"
        ),
        [
            "user: a well", 'assistant: {"assignments": [{"to": "digger", "input": "a hole"}]}',
            "user: digger: dug a hole", 'user: workers:\n{\n  "digger": "Digs."\n}\n\nrounds_left:\n4',
        ],
    ),
    Case(
        "magentic: orchestrator",
        lambda heard: magentic(
            model("lead", heard, AHEAD, DONE, output=ProgressLedger), [digger],
            ledger=scripted("plan", [{"facts": "f", "plan": "p"}]), final=scripted("end", ["so"]), name="team",
        ),
        [
            "user: a well", "assistant: To digger: a hole", "user: digger: dug a hole",
            'user: step:\nprogress\n\nworkers:\n{\n  "digger": "Digs."\n}\n\n' + LEDGER,
        ],
    ),
    Case(
        "magentic: final",
        lambda heard: magentic(
            scripted("lead", [asdict(AHEAD), asdict(DONE)]), [digger], final=model("end", heard),
            ledger=scripted("plan", [{"facts": "f", "plan": "p"}]), name="team",
        ),
        [
            "user: a well", "user: lead: To digger: a hole", "user: digger: dug a hole",
            "user: step:\nfinal\n\n" + LEDGER + "\n\nended:\nsatisfied",
        ],
    ),
    Case(
        "magentic: worker",
        lambda heard: magentic(
            scripted("lead", [asdict(each) for each in (AHEAD, TO_ANN, AHEAD, TO_ANN, DONE)]),
            [digger, model("ann", heard)], ledger=scripted("plan", [{"facts": "f", "plan": "p"}]),
            final=scripted("end", ["so"]), name="team",
        ),
        [
            "user: a well", "user: lead: To digger: a hole", "user: digger: dug a hole", "user: lead: To ann: a wall",
            "assistant: ann speaks", "user: lead: To digger: a hole", "user: digger: dug a hole", "user: a wall",
        ],
    ),
    Case(
        "handoff: agent",
        lambda heard: handoff(
            scripted("front", [asdict(TO_ANN_WITH_A_NOTE)]),
            model("ann", heard, TO_BEN, Answer(answer="so"), output=HandOff | Answer),
            scripted("ben", [asdict(HandOff(to="ann", reason="not mine"))]), name="team",
        ),
        [
            "user: a well", 'user: front: I hand over to ann: deep {"metres": 9}',
            "assistant: I hand over to ben: wide", "user: ben: I hand over to ann: not mine",
            'user: note:\n{\n  "to": "ann",\n  "reason": "not mine",\n  "context": {}\n}\n\n' + TARGETS,
        ],
    ),
    Case(
        "debate: debater who criticises and revises",
        lambda heard: debate(
            model("ann", heard), scripted("ben", ["less", "too much", "ann speaks"]), rounds=1, name="team"
        ),
        ["user: a well", "assistant: ann speaks", "user: ben: too much", "user: step:\nrevise"],
    ),
    Case(
        "refine: writer who revises",
        lambda heard: refine(model("ann", heard), scripted("ben", ["too much", "good"]), until=is_good, name="team"),
        ["user: a well", "assistant: ann speaks", "user: ben: too much", "user: Revise your draft."],
    ),
    Case(
        "refine: critic",
        lambda heard: refine(scripted("ben", ["dug", "dug more"]), model("ann", heard, "no", "good"), until=is_good,
                             name="team"),
        ["user: a well", "user: ben: dug more", "user: Review this draft."],
    ),
    Case(
        "gate: worker to whom it is sent back",
        lambda heard: gate(
            scripted("ben", [{"passed": False, "reasons": "too much"}, True]), worker=model("ann", heard),
            fails="back", name="team",
        ),
        ["user: a well", "assistant: ann speaks", "user: ben: too much", "user: Write it again."],
    ),
    Case(
        "gate: worker whose output a rule sends back",
        lambda heard: gate(is_good, worker=model("ann", heard, "bad", "good"), fails="back", name="team"),
        ["user: a well", "assistant: bad", "user: is_good does not hold", "user: Write it again."],
    ),
    Case(
        "gate: check",
        lambda heard: gate(model("ann", heard, Check(passed=True), output=Check), worker=digger, name="team"),
        ["user: a well", "user: digger: dug a well", "user: Does it pass?"],
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.role)
async def test_a_language_model_hears_what_was_said_as_messages(bench: Bench, case: Case) -> None:
    heard: Heard = []
    team = case.build(heard)
    async with bench.app(team) as app:
        await app.run(team, "a well")
    assert heard[-1] == case.hears


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.role)
async def test_all_that_it_hears_stands_in_the_text_that_rules_and_guards_see(bench: Bench, case: Case) -> None:
    heard: Heard = []
    team = case.build(heard)
    async with bench.app(team) as app:
        handle = await app.start(team, "a well")
        await handle.result()
        facts = await app.runs.facts(handle.id)
    asked = [str(fact.payload) for fact in facts if fact.kind is FactKind.ASKED and fact.body.get("heard")]
    assert asked
    for text in ("a well", "dug a hole", "bob said 1", "too much"):
        assert text not in str(heard[-1]) or text in asked[-1]


async def test_agents_that_are_no_language_models_are_handed_what_they_were(bench: Bench) -> None:
    told: list[str] = []

    @agent
    async def plain(text: str) -> str:
        told.append(text)
        return "yes"

    team = group_chat(plain, bob, turns=3, name="team")
    async with bench.app(team) as app:
        handle = await app.start(team, "a well")
        await handle.result()
        assert not any("heard" in fact.body for fact in await app.runs.facts(handle.id))
    assert told[1].startswith('task:\na well\n\nmessages:\n[\n  {\n    "speaker": "plain",\n    "text": "yes"\n  },')


# Workers that keep a thread


@agent
async def painter(instruction: str) -> str:
    return f"painted {instruction}"


def to(*assignments: tuple[str, Json]) -> Delegate:
    return Delegate(assignments=[Assignment(to=who, input=given) for who, given in assignments])


THREE = 'user: {\n  "what": "three"\n}'
APART = [["user: one"], [THREE], ["user: four"]]
IN_A_THREAD = [
    ["user: one"], ["user: one", "assistant: first", THREE],
    ["user: one", "assistant: first", THREE, "assistant: second", "user: four"],
]  # fmt: skip


@pytest.mark.parametrize(("threads", "hears"), [(False, APART), (True, IN_A_THREAD)])
async def test_a_worker_of_a_supervisor_may_keep_its_own_thread(bench: Bench, *, threads: bool, hears: Heard) -> None:
    heard: Heard = []
    boss = model(
        "boss", [], to(("ann", "one"), ("painter", "two")), to(("ann", {"what": "three"})), to(("ann", "four")),
        Finish(answer="so"), output=Delegate | Finish,
    )  # fmt: skip
    ann = model("ann", heard, "first", "second")
    team = supervisor(boss, [ann, painter], threads=threads, name="team")
    async with bench.app(team) as app:
        await app.run(team, "a well")
    assert heard == hears


async def test_a_thread_has_what_was_answered_and_not_what_failed(bench: Bench) -> None:
    heard: Heard = []

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        heard.append(roles(messages))
        return ConnectionError("gone") if heard[-1][-1] == "user: one" else "done"

    boss = model("boss", [], to(("ann", "one")), to(("ann", "two")), Finish(answer="so"), output=Delegate | Finish)
    ann = llm_agent("ann", model=ScriptedModel(play), instructions="Work.")
    team = supervisor(boss, [ann], threads=True, name="team")
    async with bench.app(team) as app:
        await app.run(team, "a well")
    assert heard[-1] == ["user: two"]


async def test_a_worker_of_magentic_keeps_its_thread_over_all_plans(bench: Bench) -> None:
    heard: Heard = []
    go, stuck = replace(AHEAD, next="ann"), replace(AHEAD, next="ann", progressing=False)
    lead = scripted("lead", [asdict(each) for each in (go, stuck, replace(go, instruction="two"), DONE)])
    plan = scripted("plan", [{"facts": "f", "plan": "p"}] * 2)
    team = magentic(
        lead, [model("ann", heard, "first")], ledger=plan, final=scripted("end", ["so"]), max_stalls=1, threads=True,
        name="team",
    )  # fmt: skip
    async with bench.app(team) as app:
        assert (await app.run(team, "a well")).replans == 1
    assert heard == [
        ["user: a well", "user: a hole"], ["user: a well", "user: a hole", "assistant: first", "user: two"],
    ]  # fmt: skip


# Agents of all frameworks


BODIES: list[Json] = []
"""What was sent to the server."""


def answer(body: Json) -> ChatReply:
    BODIES.append(body)
    return ChatReply(text="I say")


@pytest.fixture
def server() -> Generator[ChatServer]:
    with ChatServer(answer) as server:
        yield server


def of_sdk(url: str) -> Agent[str, str]:
    chat = OpenAIChatCompletionsModel("scripted", AsyncOpenAI(base_url=url, api_key="any"))
    return from_openai_agents(SdkAgent("ann", instructions="I am Ann.", model=chat))


def of_langchain(url: str) -> Agent[str, str]:
    chat = ChatOpenAI(model="scripted", base_url=url, api_key=SecretStr("any"), max_retries=0)
    graph = create_agent(chat, [], system_prompt="I am Ann.", middleware=[PodiumMiddleware()])
    return from_langchain(graph, name="ann")


@pytest.mark.parametrize("build", [of_sdk, of_langchain])
async def test_agents_of_other_frameworks_hear_the_same(
    bench: Bench, server: ChatServer, build: Callable[[str], Agent[str, str]]
) -> None:
    team = group_chat(build(server.url), bob, turns=3, name="team")
    async with bench.app(team) as app:
        await app.run(team, "a well")
    said = [f"{each['role']}: {each['content']}" for each in BODIES[-1]["messages"] if each["role"] != "system"]
    assert said == ["user: a well", "assistant: I say", "user: bob: bob said 1", "user: It is your turn, ann."]


# What others do with an input


async def test_where_a_guard_changes_the_text_the_model_is_given_that(bench: Bench) -> None:
    heard: Heard = []

    @agent
    async def carl(task: str, messages: list[Json]) -> str:
        return "write to carl@example.com"

    team = group_chat(model("ann", heard, guards=[pii()]), carl, turns=3, name="team")
    async with bench.app(team) as app:
        await app.run(team, "a well")
    assert heard[0] == ["user: a well"]
    assert len(heard[1]) == 1
    assert "messages:" in heard[1][0]
    assert "carl@example.com" not in heard[1][0]


async def test_a_function_that_stands_in_for_a_model_is_handed_the_text(bench: Bench) -> None:
    told: list[str] = []

    @agent
    async def spare(text: str) -> str:
        told.append(text)
        return "spare speaks"

    def fail(messages: Sequence[ModelMessage]) -> ModelReply:
        raise ConnectionError

    ann = llm_agent("ann", model=ScriptedModel(fail), instructions="Talk.", fallback=("spare",))
    team = group_chat(ann, bob, turns=3, name="team")
    async with bench.app(team, spare) as app:
        await app.run(team, "a well")
    assert told[0] == "task:\na well\n\nmessages:\n[]"
    assert "bob said 1" in told[1]


async def test_rules_for_the_context_leave_out_the_oldest_of_these_messages(bench: Bench) -> None:
    heard: Heard = []
    team = group_chat(model("ann", heard, context=[LastMessages(2)]), bob, turns=5, name="team")
    async with bench.app(team) as app:
        await app.run(team, "a well")
    assert heard[-1] == ["user: bob: bob said 3", "user: It is your turn, ann."]


def is_agent_of_earlier_versions(member: object) -> bool:
    """Say of every member, as earlier versions did, that it hears no messages."""
    return False


async def test_a_call_that_an_earlier_version_began_goes_on_with_the_text(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: Heard = []
    waits = True

    async def look(what: str) -> str:
        """Look something up."""
        if waits:
            await asyncio.Event().wait()
        return "found"

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        heard.append(roles(messages))
        return "done" if isinstance(messages[-1].parts[-1], ToolReturnPart) else Use("look", {"what": "it"})

    ann = llm_agent("ann", model=ScriptedModel(play), instructions="Talk.", tools=[look])
    team = group_chat(bob, ann, turns=2, name="team")
    with monkeypatch.context() as earlier:
        earlier.setattr(inputs, "hears", is_agent_of_earlier_versions)
        run = await bench.parked(team, "a well")
    waits = False
    assert (await bench.ended(run, team)).reason == ""
    assert heard[0] == heard[1]
    assert len(heard[1]) == 1
