"""`group_chat`: a shared conversation, turn by turn."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import ModelMessage

from podium import Agent, App, agent
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import cel, load
from podium.patterns.group_chat import Conversation, Said, group_chat
from podium.testing import hanging, scripted
from podium.testing.model import ModelReply, ScriptedModel
from tests.examples import examples
from tests.unit.engine.bench import Bench


def talker(name: str, *says: Json) -> Agent[Any, Any]:
    """Return a speaker who says these things, or else always its name."""
    return scripted(name, list(says) or (lambda told: name), description=f"{name} talks")


A, B, C = talker("a"), talker("b"), talker("c")


def said(conversation: Conversation) -> list[str]:
    return [f"{message.speaker}: {message.text}" for message in conversation.messages]


def after_b(messages: list[Said]) -> str | None:
    """c speaks after b, b after anybody else; nobody after c."""
    if messages and messages[-1].speaker == "c":
        return None
    return "c" if messages and messages[-1].speaker == "b" else "b"


async def test_all_speak_in_turn_until_the_turns_are_used_up(bench: Bench) -> None:
    async with bench.app() as app:
        chat = await app.run(group_chat(A, B, C, turns=5, name="g"), "go")
    assert [message.speaker for message in chat.messages] == ["a", "b", "c", "a", "b"]
    assert chat.ended == "bound"


async def test_a_speaker_is_told_the_task_and_all_that_was_said(bench: Bench) -> None:
    told: list[Json] = []

    def listen(parts: Json) -> Json:
        told.append(parts)
        return {"mood": "good"}

    async with bench.app() as app:
        await app.run(group_chat(scripted("a", listen), scripted("b", listen), turns=2, name="g"), "talk")
    message = {"speaker": "a", "text": {"mood": "good"}}
    assert told == [{"task": "talk", "messages": []}, {"task": "talk", "messages": [message]}]


async def test_speakers_may_be_functions_of_typed_parts_and_say_typed_things(bench: Bench) -> None:
    @dataclass
    class Bid:
        price: int

    @agent
    async def bidder(task: str, messages: list[Said]) -> Bid:
        return Bid(price=len(messages))

    async with bench.app() as app:
        chat = await app.run(group_chat(A, bidder, turns=2, name="g"), "go")
    assert chat.messages[1] == Said(speaker="bidder", text={"price": 1})


async def test_a_condition_on_the_messages_ends_it(bench: Bench) -> None:
    done = cel("messages[messages.size() - 1].text == 'stop'")
    chat = group_chat(talker("a", "hm", "stop"), B, until=done, name="g")
    async with bench.app() as app:
        ended = await app.run(chat, "go")
    assert (said(ended), ended.ended) == (["a: hm", "b: b", "a: stop"], "condition")


async def test_agreement_is_of_everybodys_latest_message(bench: Bench) -> None:
    chat = group_chat(
        talker("a", "yes", "no", "yes"), talker("b", "no", "yes"), agree=lambda message: message.text == "yes", name="g"
    )
    async with bench.app() as app:
        ended = await app.run(chat, "go")
    assert (said(ended), ended.ended) == (["a: yes", "b: no", "a: no", "b: yes", "a: yes"], "agreement")


async def test_nobody_has_agreed_who_has_not_spoken(bench: Bench) -> None:
    chat = group_chat(A, B, next_speaker=lambda messages: "a", agree=lambda message: True, turns=3, name="g")
    async with bench.app() as app:
        assert (await app.run(chat, "go")).ended == "bound"


async def test_a_function_says_who_speaks_next_and_when_nobody_does(bench: Bench) -> None:
    async with bench.app() as app:
        chat = await app.run(group_chat(A, B, C, next_speaker=after_b, name="g"), "go")
    assert (said(chat), chat.ended) == (["b: b", "c: c"], "nobody")


@pytest.mark.parametrize("end", [None, ""])
async def test_a_manager_says_who_speaks_next_and_when_nobody_does(bench: Bench, end: str | None) -> None:
    told: list[Json] = []
    choices = iter(["b", "b", end])

    def choose(parts: Json) -> Json:
        told.append(parts)
        return next(choices)

    async with bench.app() as app:
        chat = await app.run(group_chat(A, B, next_speaker=scripted("chair", choose), name="g"), "go")
    assert (said(chat), chat.ended) == (["b: b", "b: b"], "nobody")
    assert told[0] == {"task": "go", "messages": [], "speakers": {"a": "a talks", "b": "b talks"}}
    assert told[1]["messages"] == [{"speaker": "b", "text": "b"}]


async def test_the_manager_may_be_a_registered_one(bench: Bench) -> None:
    async with bench.app(scripted("chair", ["b", None])) as app:
        assert said(await app.run(group_chat(A, B, next_speaker="chair", name="g"), "go")) == ["b: b"]


async def test_nobody_is_asked_who_speaks_next_once_it_has_ended(bench: Bench) -> None:
    chair = scripted("chair", ["a", "b"], witness=bench.witness)
    async with bench.app() as app:
        assert (await app.run(group_chat(A, B, next_speaker=chair, turns=2, name="g"), "go")).ended == "bound"
    assert bench.witness.count("chair") == 2


def somebody(told: Json) -> str:
    return "ann"


@pytest.mark.parametrize("by", [scripted("chair", somebody), somebody])
async def test_an_unknown_name_ends_it_and_the_speakers_are_named(bench: Bench, by: Any) -> None:
    async with bench.app() as app:
        with pytest.raises(RunFailed, match="NoDecision: group_chat: 'ann' was to speak next: there is a, b"):
            await app.run(group_chat(A, B, next_speaker=by, name="g"), "go")


async def test_a_run_goes_on_where_the_conversation_was(bench: Bench) -> None:
    first = scripted("first", ["hello"], witness=bench.witness)
    made = group_chat(first, hanging("stuck", witness=bench.witness), name="g")
    run = await bench.parked(made, "go")
    async with bench.app(made) as app:
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state.value == "running"
    assert (bench.witness.count("first"), bench.witness.count("stuck")) == (1, 2)


async def test_language_models_can_talk_and_choose_who_does(bench: Bench) -> None:
    prompts: list[list[str]] = []

    def speak(messages: Sequence[ModelMessage]) -> ModelReply:
        prompts.append([str(getattr(part, "content", "")) for each in messages for part in each.parts])
        return "green"

    ann, bob = (llm_agent(name, model=ScriptedModel(speak), instructions="Talk.") for name in ("ann", "bob"))
    chair = llm_agent("chair", model=ScriptedModel(["ann"]), instructions="Say who is next.")
    async with bench.app() as app:
        chat = await app.run(group_chat(ann, bob, next_speaker=chair, turns=2, name="g"), "Which tea?")
    assert said(chat) == ["ann: green", "ann: green"]
    assert prompts == [["Which tea?"], ["Which tea?", "green", "It is your turn, ann."]]


@agent
async def numbers(task: str) -> list[int]:
    return [len(task)]


@agent
async def picky(task: str, mood: str) -> str:
    return mood


async def later(messages: list[Said]) -> str | None:
    return None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: group_chat(A), "group_chat needs at least 2 speakers, got 1"),
        (lambda: group_chat(A, A), "group_chat has a twice among its speakers"),
        (lambda: group_chat(A, B, turns=0), "group_chat was given turns=0: expected at least 1"),
        (lambda: group_chat(A, picky), "picky, its speaker, needs mood, and is offered task, messages"),
        (lambda: group_chat(A, B, next_speaker=numbers), "numbers does not give what its manager has to give"),
        (lambda: group_chat(A, B, next_speaker=later), "expected a plain function"),  # pyright: ignore[reportArgumentType] - what is being refused
        (lambda: group_chat(A, B, until=cel("message == 1")), "uses message: here it may use messages"),
        (lambda: group_chat(A, B, agree=cel("messages == 1")), "uses messages: here it may use message"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(build: Any, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        build()


@pytest.mark.parametrize(
    ("by", "arrows"),
    [
        ("turns", ["n2 --> n3", "n3 --> n2"]),
        ("chair", ['n4["manager: chair"]', 'n4 -->|"speaks next"| n2', 'n4 -->|"speaks next"| n3']),
        (after_b, []),
    ],
)
def test_its_picture_shows_who_speaks_after_whom(by: Any, arrows: list[str]) -> None:
    lines = [line.strip() for line in group_chat(A, B, next_speaker=by, name="g").graph().splitlines()[1:-1]]
    assert lines == ['subgraph g1["group_chat g"]', 'n2["speaker 1: a"]', 'n3["speaker 2: b"]', *arrows]


@pytest.mark.parametrize(("by", "written"), [("turns", "turns"), ("chair", "chair"), (cel("'a'"), "'a'")])
def test_it_can_be_written_down_and_read_again(by: Any, written: str) -> None:
    made = group_chat("a", "b", next_speaker=by, agree=cel("message.text == 'ok'"), turns=3)
    spec = {"speakers": ["a", "b"], "next_speaker": written, "agree": "message.text == 'ok'", "turns": 3}
    assert load(made.spec()).spec() == made.spec() == {"group_chat": spec}


@settings(max_examples=examples(60))
@given(
    choices=st.lists(st.sampled_from(["a", "b", "c", "", "stranger"]), min_size=7, max_size=7),
    texts=st.lists(st.sampled_from(["yes", "no", "stop"]), min_size=7, max_size=7),
    turns=st.integers(1, 7),
)
def test_it_ends_at_the_first_reason_to_end_and_only_those_speak_who_were_chosen(
    choices: list[str], texts: list[str], turns: int
) -> None:
    number = iter(texts)
    speakers = [scripted(name, lambda told: next(number)) for name in "abc"]
    made = group_chat(
        *speakers, next_speaker=scripted("chair", choices), turns=turns, name="g", corrections=0,
        until=lambda messages: messages[-1].text == "stop", agree=lambda message: message.text == "yes",
    )  # fmt: skip

    async def run() -> Conversation:
        async with App.open(":memory:") as app:
            return await app.run(made, "go")

    try:
        ended = asyncio.run(run())
    except RunFailed as error:
        ended = str(error).partition("failed: ")[2].partition(":")[0]
    assert ended == expected(choices, texts, turns)


def expected(choices: list[str], texts: list[str], turns: int) -> Conversation | str:
    """Return the conversation, or the name of the error, as the reference tells it."""
    messages: list[Said] = []
    for who, text in zip(choices, texts, strict=True):
        if who not in "abc":
            return "NoDecision"
        if not who:
            return Conversation(messages=messages, ended="nobody")
        messages.append(Said(speaker=who, text=text))
        latest = {message.speaker: message.text for message in messages}
        if text == "stop":
            return Conversation(messages=messages, ended="condition", ended_by="the rule holds")
        if list(latest.values()) == ["yes"] * 3:
            return Conversation(messages=messages, ended="agreement")
        if len(messages) == turns:
            break
    return Conversation(messages=messages, ended="bound")
