"""`group_chat`: who may speak, who decides that, and what a chat goes on from."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage

from podium import Agent
from podium.agents.pydantic_ai import llm_agent
from podium.errors import InvalidValue, PatternError, RunFailed
from podium.model.json import Json
from podium.patterns import cel, load
from podium.patterns.group_chat import ChatSoFar, Conversation, Said, group_chat
from podium.testing import scripted
from podium.testing.model import ModelReply, ScriptedModel
from tests.unit.engine.bench import Bench


def talker(name: str) -> Agent[Any, Any]:
    """Return a speaker who says its name."""
    return scripted(name, lambda told: name)


A, B, C = talker("a"), talker("b"), talker("c")


def said(conversation: Conversation) -> list[str]:
    return [f"{message.speaker}: {message.text}" for message in conversation.messages]


def of(*texts: str) -> list[Said]:
    return [Said(speaker=text.split(": ")[0], text=text.split(": ")[1]) for text in texts]


# Who may speak


def not_twice(messages: list[Said]) -> list[str]:
    return [who for who in "abc" if not messages or messages[-1].speaker != who]


async def test_by_turns_those_who_may_not_speak_are_passed_over(bench: Bench) -> None:
    def some(messages: list[Said]) -> list[str]:
        return ["a", "c"] if messages else ["b", "c"]

    async with bench.app() as app:
        chat = await app.run(group_chat(A, B, C, candidates=some, turns=4, name="g"), "go")
    assert said(chat) == ["b: b", "c: c", "a: a", "c: c"]


async def test_a_manager_is_offered_those_who_may_speak_and_no_others(bench: Bench) -> None:
    told: list[Json] = []
    answers = iter(["a", "a", "c"])

    def choose(parts: Json) -> Json:
        told.append(parts)
        return next(answers)

    chat = group_chat(A, B, C, next_speaker=scripted("chair", choose), candidates=not_twice, turns=2, name="g")
    async with bench.app() as app:
        assert said(await app.run(chat, "go")) == ["a: a", "c: c"]
    assert [list(parts["speakers"]) for parts in told] == [["a", "b", "c"], ["b", "c"], ["b", "c"]]


async def test_no_manager_is_asked_about_a_single_candidate_and_without_any_it_ends(bench: Bench) -> None:
    chair = scripted("chair", ["c"], witness=bench.witness)

    def some(messages: list[Said]) -> list[str]:
        return [["b"], ["a", "c"], list[str]()][len(messages)]

    async with bench.app() as app:
        chat = await app.run(group_chat(A, B, C, next_speaker=chair, candidates=some, name="g"), "go")
    assert (said(chat), chat.ended, bench.witness.count("chair")) == (["b: b", "c: c"], "nobody", 1)


def one_text(messages: list[Said]) -> str:
    return "a"


def a_stranger(messages: list[Said]) -> list[str]:
    return ["a", "ann"]


def only_b(messages: list[Said]) -> list[str]:
    return ["b"]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        (one_text, "`candidates` gave 'a': give a list of a, b"),
        (a_stranger, "`candidates` gave 'ann': there is a, b"),
        (only_b, "'a' was to speak next: there is b"),
    ],
)
async def test_candidates_that_fit_nobody_are_told_of(bench: Bench, candidates: Any, message: str) -> None:
    chat = group_chat(A, B, next_speaker=lambda messages: "a", candidates=candidates, name="g")
    async with bench.app() as app:
        with pytest.raises(RunFailed, match=message):
            await app.run(chat, "go")


# Who decides


async def test_where_a_rule_names_nobody_the_manager_decides(bench: Bench) -> None:
    chair = scripted("chair", ["c", "nobody"], witness=bench.witness)
    rule = cel("messages.size() == 0 ? 'a' : (messages[messages.size() - 1].speaker == 'c' ? 'b' : null)")
    chat = group_chat(A, B, C, next_speaker=rule, manager=chair, name="g")
    async with bench.app() as app:
        ended = await app.run(chat, "go")
    assert (said(ended), ended.ended, bench.witness.count("chair")) == (["a: a", "c: c", "b: b"], "nobody", 2)


async def test_a_rule_may_end_it_without_the_manager(bench: Bench) -> None:
    chat = group_chat(A, B, next_speaker=lambda messages: "nobody", manager=scripted("chair", ["a"]), name="g")
    async with bench.app() as app:
        assert (await app.run(chat, "go")).ended == "nobody"


@pytest.mark.parametrize("by", ["turns", C])
def test_a_manager_without_a_rule_beside_it_is_refused(by: Any) -> None:
    with pytest.raises(PatternError, match=r"was given a manager and next_speaker=.*: a manager is asked where"):
        group_chat(A, B, next_speaker=by, manager=C)


def test_candidates_see_the_messages_alone() -> None:
    with pytest.raises(PatternError, match="uses message: here it may use messages"):
        group_chat(A, B, candidates=cel("[message.speaker]"))


def test_these_options_can_be_written_down_and_read_again() -> None:
    rule = "messages.size() == 0 ? 'a' : null"
    made = group_chat("a", "b", next_speaker=cel(rule), manager="chair", candidates=cel("['a']"), continues=True)
    spec = {
        "speakers": ["a", "b"], "next_speaker": rule, "manager": "chair", "candidates": "['a']", "continues": True,
    }  # fmt: skip
    assert load(made.spec()).spec() == made.spec() == {"group_chat": spec}
    assert 'manager: chair"]' in made.graph()


# What a chat goes on from


async def test_a_chat_goes_on_after_earlier_messages(bench: Bench) -> None:
    told: list[Json] = []

    def listen(parts: Json) -> Json:
        told.append(parts)
        return "new"

    chat = group_chat(scripted("a", listen), scripted("b", listen), continues=True, turns=2, name="g")
    async with bench.app() as app:
        ended = await app.run(chat, ChatSoFar(task="go", messages=of("a: hi", "kim: say more")))
    assert said(ended) == ["a: hi", "kim: say more", "b: new", "a: new"]
    assert (ended.ended, told[0]["task"], len(told[0]["messages"]), len(told[1]["messages"])) == ("bound", "go", 2, 3)


async def test_a_finished_chat_goes_on_and_ends_by_what_is_new(bench: Bench) -> None:
    chat = group_chat(A, B, continues=True, agree=lambda message: message.text in "ab", name="g")
    async with bench.app() as app:
        first = await app.run(chat, ChatSoFar(task="go", messages=of("a: a", "kim: no", "b: hm")))
        again = await app.run(chat, ChatSoFar(task="go", messages=first.messages))
    assert [(each.ended, len(each.messages)) for each in (first, again)] == [("agreement", 5), ("agreement", 6)]


async def test_json_of_a_chat_begins_it_too_and_anything_else_is_refused(bench: Bench) -> None:
    chat = group_chat(A, B, continues=True, turns=1, name="g")
    async with bench.app(chat) as app:
        begun: Any = await app.start("g", {"task": "go", "messages": [{"speaker": "a", "text": 1}]})
        assert (await begun.result()).messages[0] == Said(speaker="a", text=1)
        with pytest.raises(InvalidValue, match="expected ChatSoFar"):
            await app.start("g", "go")


async def test_a_chat_inside_a_chat_may_go_on_from_that(bench: Bench) -> None:
    heard: list[Json] = []

    def listen(parts: Json) -> Json:
        heard.append([each["text"] for each in parts["messages"]])
        return "heard"

    inner = group_chat(scripted("x", listen), C, continues=True, turns=1, name="inner")
    async with bench.app() as app:
        await app.run(group_chat(A, inner, turns=2, name="g"), "go")
    assert heard == [["a"]]


@pytest.mark.parametrize("conversation", [None, "u"])
async def test_a_model_hears_earlier_messages_also_in_a_conversation(bench: Bench, conversation: str | None) -> None:
    heard: list[str] = []

    def speak(messages: Sequence[ModelMessage]) -> ModelReply:
        heard.extend(str(getattr(part, "content", "")) for each in messages for part in each.parts)
        return "so"

    ann = llm_agent("ann", model=ScriptedModel(speak), instructions="Talk.")
    chat = group_chat(ann, B, next_speaker=lambda messages: "ann", continues=True, turns=1, name="g")
    async with bench.app(chat) as app:
        await app.run(chat, ChatSoFar(task="go", messages=of("ann: hi", "b: ho")), conversation=conversation)
        if conversation is not None:
            assert [each.text for each in await app.conversations.messages("u")] == ["go", "so"]
    assert heard == ["go", "hi", "b: ho", "It is your turn, ann."]
