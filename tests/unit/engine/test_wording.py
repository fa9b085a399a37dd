"""What a call says in its turn in other words than its input and answer, or not at all."""

from typing import Any

import pytest
from pydantic import BaseModel

from podium import App, Context, ConversationTurn, Steps, agent, workflow
from podium.agents.human import human
from podium.agents.pydantic_ai.llm import llm_agent
from podium.errors import RunFailed, UsageError
from podium.guards import pii
from podium.model.conversation import Says
from podium.model.fallback import FallbackValue
from podium.model.json import Json
from podium.testing.model import Give, ScriptedModel, Use
from tests.unit.engine.bench import Bench


class Verdict(BaseModel):
    text: str
    sure: bool = True


async def said(app: App, name: str = "u") -> list[str]:
    """Return what was said in a conversation, and by whom."""
    return [
        f"{each.author}: {part.get('content', part.get('args'))}"
        for each in await app.store.messages("default", name)
        for part in each.message["parts"]
    ]


async def look(at: str) -> str:
    """Look at something."""
    return f"seen {at}"


def judges(messages: Any) -> Any:
    looked = messages[-1].parts[-1].part_kind == "tool-return"
    return Give(Verdict(text="fine")) if looked else Use("look", {"at": "it"})


@agent(name="one")
async def function(text: str) -> Verdict:
    return Verdict(text="fine")


@agent(name="one")
async def adding_only_its_answer(text: str, steps: Steps) -> Verdict:
    assert steps.conversation is not None
    steps.conversation.add([{"kind": "response", "parts": [{"part_kind": "text", "content": "well, fine"}]}])
    return Verdict(text="fine")


@workflow(name="one")
async def around(ctx: Context, text: str) -> Verdict:
    return Verdict(text="fine")


@workflow(name="outer")
async def around_another(ctx: Context, text: str) -> Verdict:
    return await ctx.call(function, text, conversation=ctx.conversation)


@agent(name="failing")
async def failing(text: str) -> Verdict:
    raise ValueError(text)


MODEL = llm_agent("one", model=ScriptedModel(judges), instructions="Be short.", tools=[look], output=Verdict)
TOOLS = ["one: {'at': 'it'}", "one: seen it"]
MADE: dict[str, tuple[Any, list[str]]] = {
    "a function": (function, []),
    "a workflow": (around, []),
    "a workflow around a member": (around_another, []),
    "a model": (MODEL, TOOLS),
}
"""Agents, each with what it says between the question and the answer."""


def fine(answer: Json) -> str | None:
    return answer["text"] if answer["sure"] else None


def missing(answer: Json) -> str:
    return answer["none"]


def never(answer: Json) -> str | None:
    return None


def calling(target: Any, **turn: Any) -> Any:
    @workflow(name="calling")
    async def flow(ctx: Context, text: str) -> Verdict:
        return await ctx.call(target, f"Be kind. {text}", conversation=ConversationTurn("u", **turn))

    return flow


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("says", ["exchange", "answer", "nothing"])
async def test_a_call_says_as_much_as_its_turn_lets_it(bench: Bench, kind: str, says: Says) -> None:
    target, between = MADE[kind]
    words = {"asked": "Well?", "answered": fine} if kind != "a workflow around a member" else {}
    flow = calling(target, says=says, **words)
    async with bench.app(flow, target) as app:
        assert await app.run(flow, "Well?") == Verdict(text="fine")
        own = [*between, "one: fine"] if words else ['one: {"text": "fine", "sure": true}']
        whole = ["local: Well?" if words else "local: Be kind. Well?", *own]
        assert await said(app) == {"exchange": whole, "answer": own, "nothing": []}[says]
        state = await app.conversations.get("u")
        assert (state.holder, state.waiting) == (None, 0)


async def test_one_that_does_not_say_what_it_was_asked_is_not_put_into_its_mouth(bench: Bench) -> None:
    flow = calling(adding_only_its_answer, asked="Well?", answered=fine)
    async with bench.app(flow) as app:
        await app.run(flow, "Well?")
        assert await said(app) == ["one: fine"]


@pytest.mark.parametrize("kind", [kind for kind in MADE if kind != "a workflow around a member"])
async def test_an_answer_without_words_is_not_said_nor_what_led_to_it(bench: Bench, kind: str) -> None:
    target, _ = MADE[kind]
    flow = calling(target, answered=never)
    async with bench.app(flow, target) as app:
        await app.run(flow, "Well?")
        assert await said(app) == []


async def test_a_fallback_value_is_worded_as_well(bench: Bench) -> None:
    @workflow
    async def flow(ctx: Context, text: str) -> Verdict:
        turn = ConversationTurn("u", asked=text, answered=fine)
        spare = FallbackValue(Verdict(text="so"))
        return await ctx.call(failing, f"Be kind. {text}", conversation=turn, fallback=[spare])

    async with bench.app(flow) as app:
        await app.run(flow, "Well?")
        assert await said(app) == ["local: Well?", "failing: so"]


async def test_words_for_the_question_do_not_lead_past_guards(bench: Bench) -> None:
    @agent(name="one", guards=(pii(),))
    async def guarded(text: str) -> Verdict:
        return Verdict(text="fine")

    flow = calling(guarded, asked="I am ann@example.com", answered=fine)
    async with bench.app(flow) as app:
        await app.run(flow, "I am ann@example.com")
        assert await said(app) == ["local: Be kind. I am <EMAIL_1>", "one: fine"]
        await app.run(flow, "I am Ann")
        assert (await said(app))[2:] == ["local: I am ann@example.com", "one: fine"]


async def test_one_who_only_listens_hears_what_was_said_and_so_do_those_inside(bench: Bench) -> None:
    heard: list[int] = []

    @agent
    async def listener(text: str, steps: Steps) -> str:
        assert steps.conversation is not None
        heard.append(len(await steps.conversation.messages()))
        return text

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        return await ctx.call(listener, text, conversation=ctx.conversation)

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        name = ctx.conversation
        assert name is not None
        silent = ConversationTurn(name, says="nothing")
        await ctx.gather(ctx.call(inner, text, conversation=silent), ctx.call(listener, text, conversation=silent))
        return text.upper()

    async with bench.app(flow) as app:
        await app.run(flow, "hi", conversation="u")
        await app.run(flow, "ho", conversation="u")
        assert await said(app) == ["local: hi", "flow: HI", "local: ho", "flow: HO"]
    assert heard == [0, 0, 2, 2]


async def test_what_a_turn_may_say_outlives_a_process_and_a_retry(bench: Bench) -> None:
    fails = [True, True]

    @agent
    async def member(text: str) -> str:
        if fails.pop() if fails else False:
            raise ValueError(text)
        return text

    @workflow
    async def inner(ctx: Context, text: str) -> str:
        await ctx.sleep(5)
        return await ctx.call(member, text, conversation=ctx.conversation)

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        return await ctx.call(inner, text, conversation=ConversationTurn("u", says="nothing"))

    run = await bench.parked(flow, "hi", inner)
    async with bench.app(flow, inner) as app:
        handle = await app.handle(run)
        for _ in range(2):
            await bench.clock.advance(5)
            with pytest.raises(RunFailed):
                await handle.result()
            await app.operations.retry(run)
        await bench.clock.advance(5)
        assert await handle.result() == "hi"
        assert await said(app) == []


async def test_a_person_who_was_asked_says_what_the_call_may_say(bench: Bench) -> None:
    flow = calling(human("ann", text="Well?", answer=Verdict, name="ann"), asked="Well?", answered=fine)
    run = await bench.parked(flow, "Well?")
    async with bench.app(flow) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"text": "fine"}, by="ann")
        await (await app.handle(run)).result()
        assert await said(app) == ["local: Well?", "ann: fine"]


@pytest.mark.parametrize(("field", "value"), [("says", "all"), ("asked", 7), ("answered", "fine")])
def test_wrong_words_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(UsageError, match=field):
        ConversationTurn("u", **{field: value})


@pytest.mark.parametrize("words", [{"says": "nothing"}, {"asked": "Well?"}, {"answered": fine}])
async def test_a_run_has_no_words_of_its_own(bench: Bench, words: Any) -> None:
    async with bench.app(around) as app:
        with pytest.raises(UsageError, match="leave says, asked and answered out"):
            await app.start(around, "Well?", conversation=ConversationTurn("u", **words))


@pytest.mark.parametrize(("words", "error"), [(missing, "KeyError"), (len, "expected a text")])
async def test_words_that_cannot_be_had_are_an_error_of_their_author(bench: Bench, words: Any, error: str) -> None:
    flow = calling(function, answered=words)
    async with bench.app(flow) as app:
        with pytest.raises(RunFailed, match=error):
            await app.run(flow, "Well?")
        assert await said(app) == []
