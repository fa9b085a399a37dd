"""A person in a conversation: sees what was said before, and is quoted under the own name."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from podium import App, Context, agent, workflow
from podium.agents.human import human
from podium.agents.pydantic_ai import llm_agent
from podium.model.json import Json
from podium.patterns import Answer, HandOff, handoff
from podium.testing.model import ScriptedModel
from tests.unit.cli.in_process import podium
from tests.unit.engine.bench import Bench


@agent
async def bot(text: str) -> str:
    return f"bot: {text}"


def asking(colleague: Any) -> Any:
    @workflow(name="chat")
    async def chat(ctx: Context, text: str) -> Any:
        if "person" in text:
            return await ctx.call(colleague, text, conversation=ctx.conversation)
        return await ctx.call(bot, text, conversation=ctx.conversation)

    return chat


async def said(app: App, name: str = "u") -> list[tuple[str, str, str]]:
    return [(each.author, each.speaker, each.text) for each in await app.store.messages("default", name)]


async def asked(bench: Bench, app: App, chat: Any, text: str) -> Any:
    """Start a run and let it come to its question."""
    run = await app.start(chat, text, conversation="u")
    await bench.clock.settle()
    [question] = await app.inbox.list()
    return run, question


async def test_a_person_sees_what_was_said_and_answers_under_the_own_name(bench: Bench) -> None:
    chat = asking(human("support", text="What do you say?", answer=str, name="colleague"))
    async with bench.app(chat) as app:
        for n in range(30):
            await app.run(chat, f"hello {n}", conversation="u")
            await bench.clock.advance(1)
        run, question = await asked(bench, app, chat, "a person, please")
        before = await app.inbox.said_before(question.id)
        assert [each.text for each in before][-2:] == ["hello 29", "bot: hello 29"]
        assert len(before) == 20
        assert [each.place for each in await app.inbox.said_before(question.id, last=3)] == [57, 58, 59]
        state = await app.conversations.get("u")
        assert state.holder is not None
        assert state.holder.run == run.id
        await bench.clock.advance(1)
        await app.inbox.answer(question.id, "Kim here", by="kim")
        assert await run.result() == "Kim here"
        assert (await said(app))[-2:] == [("local", "local", "a person, please"), ("kim", "colleague", "Kim here")]
        await bench.clock.advance(1)
        await app.run(chat, "thanks", conversation="u")
        assert [each.place for each in await app.inbox.said_before(question.id, last=2)] == [58, 59]


@dataclass(frozen=True)
class Ballot:
    yes: bool


SEVERAL: Mapping[str, tuple[Any, Sequence[Json], Sequence[object]]] = {
    "texts": (str, ["yes", "no"], ["yes", "no"]),
    "JSON": (Json, ["yes", {"no": 1}], ["yes", {"no": 1}]),
    "numbers": (int, [1, 2], [1, 2]),
    "yes or no": (bool, [True, False], [True, False]),
    "lists": (list[str], [["a"], []], [["a"], []]),
    "one or the other": (
        HandOff | Answer,
        [{"to": "x", "reason": "y"}, {"answer": "y"}],
        [HandOff(to="x", reason="y"), Answer(answer="y")],
    ),
    "objects": (Ballot, [{"yes": True}, {"yes": False}], [Ballot(yes=True), Ballot(yes=False)]),
}
"""By a name: the type of an answer, what two people give, and what the call comes to."""


@pytest.mark.parametrize("asked_by", ["a call", "the workflow"])
@pytest.mark.parametrize("what", SEVERAL)
async def test_what_several_people_answer_is_a_list(bench: Bench, what: str, asked_by: str) -> None:
    kind, given, expected = SEVERAL[what]
    colleague = human("support", text="Well?", answer=kind, name="colleague", quorum=2)

    @workflow
    async def chat(ctx: Context, text: str) -> None:
        if asked_by == "the workflow":
            found.append(await ctx.ask("Well?", answer=kind, quorum=2))
        else:
            found.append(await ctx.call(colleague, text, conversation=ctx.conversation))

    found: list[object] = []
    async with bench.app(chat) as app:
        run, question = await asked(bench, app, chat, "persons, please")
        for by, value in zip(("kim", "lee"), given, strict=True):
            await app.inbox.answer(question.id, value, by=by)
        await run.result()
        assert found == [expected]


async def test_several_people_are_quoted_each(bench: Bench) -> None:
    chat = asking(human("support", text="Well?", answer=str, name="colleague", quorum=2))
    async with bench.app(chat) as app:
        run, question = await asked(bench, app, chat, "persons, please")
        await app.inbox.answer(question.id, "yes", by="kim")
        await app.inbox.answer(question.id, "no", by="lee")
        assert await run.result() == ["yes", "no"]
        assert await said(app) == [
            ("local", "local", "persons, please"), ("kim", "colleague", "yes"), ("lee", "colleague", "no"),
        ]  # fmt: skip


async def test_a_model_hears_people_under_their_names(bench: Bench) -> None:
    heard: list[str] = []

    def reply(messages: Any) -> str:
        heard.extend(str(part.content) for each in messages for part in each.parts)
        return "so it is"

    model = llm_agent("model", model=ScriptedModel(reply), instructions="Be short.")
    colleague = human("support", text="Well?", answer=str, name="colleague")

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        await ctx.call(colleague, text, conversation=ctx.conversation)
        return await ctx.call(model, "And you?", conversation=ctx.conversation)

    async with bench.app(chat) as app:
        run, question = await asked(bench, app, chat, "who is there?")
        await app.inbox.answer(question.id, "only me", by="kim")
        await run.result()
        assert heard == ["who is there?", "kim: only me", "And you?"]


async def test_a_hand_off_stays_with_the_person_who_took_over_also_when_redacted(bench: Bench) -> None:
    @agent
    async def front(task: str) -> HandOff | Answer:
        return HandOff(to="colleague", reason="difficult")

    def worded(task: str, note: HandOff) -> str:
        return f"{task} ({note.reason})"

    colleague = human("support", text=worded, answer=HandOff | Answer, name="colleague")
    team = handoff(front, colleague, name="desk")
    async with bench.app(team) as app:
        for n, hops in enumerate((2, 1, 1)):
            run, question = await asked(bench, app, team, f"question {n}")
            assert [each.text for each in await app.inbox.said_before(question.id, last=1)] == [
                "I hand over to colleague: difficult" if hops == 2 else "[redacted]"
            ]
            await app.inbox.answer(question.id, {"answer": f"answer {n}"}, by=f"kim {n}")
            await run.result()
            assert (await said(app))[-1] == (f"kim {n}", "colleague", f"answer {n}")
            await app.operations.redact(run.id, by="boss", why="asked for")
            await bench.clock.advance(1)


async def test_a_question_outside_of_conversations_has_no_context(bench: Bench) -> None:
    @workflow
    async def plain(ctx: Context, text: str) -> Any:
        return await ctx.ask(text, to="support")

    async with bench.app(plain) as app:
        run = await app.start(plain, "Well?")
        await bench.clock.settle()
        [question] = await app.inbox.list()
        assert await app.inbox.said_before(question.id) == []
        await app.inbox.answer(question.id, 1, by="kim")
        await run.result()


async def test_the_command_line_shows_what_was_said_before(bench: Bench) -> None:
    chat = asking(human("support", text="What do you say?", answer=str, name="colleague"))
    async with bench.app(chat) as app:
        await app.run(chat, "hello\x1b[31m", conversation="u")
        await bench.clock.advance(1)
        await asked(bench, app, chat, "a person, please")
    shown = (await asyncio.to_thread(podium, "inbox", "show", "next", "--store", str(bench.path))).out
    assert "\x1b" not in shown
    first, second, _, question = shown.splitlines()[:4]
    assert first.startswith("local: hello")
    assert second.startswith("bot: bot: hello")
    assert question == "What do you say?"
    told = await asyncio.to_thread(podium, "inbox", "show", "next", "--json", "--store", str(bench.path))
    plain = json.loads(told.out)
    assert [each["author"] for each in plain["said_before"]] == ["local", "bot"]
