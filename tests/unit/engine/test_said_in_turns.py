"""What is said in a turn: what guards let through, with the answer that counts, whoever gave it."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from podium import App, Call, Context, Retry, Steps, agent, workflow
from podium.agents.batched import batched
from podium.agents.human import human
from podium.agents.pydantic_ai.llm import llm_agent
from podium.agents.shape import shape_of
from podium.errors import CallFailed, CallRefused, RunFailed
from podium.guards import guard, pii
from podium.model.facts.calls import AttemptFailed
from podium.model.fallback import FallbackValue
from podium.model.guard import Repaired
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.testing.model import ScriptedModel, Use
from tests.unit.engine.bench import Bench

ANN, ASKED, ANSWER = "I am ann@example.com", "local: I am <EMAIL_1>", "your mail is <EMAIL_1>"
MASKS = (pii(),)


async def texts(app: App, name: str = "u") -> list[str]:
    """Return what was said in a conversation, and by whom."""
    said = await app.store.messages("default", name)
    return [
        f"{each.author}: {part.get('content', part.get('args'))}" for each in said for part in each.message["parts"]
    ]


def response(text: str) -> Json:
    return {"kind": "response", "parts": [{"part_kind": "text", "content": text}]}


def bot(name: str, reply: Callable[[Any], Any], **options: Any) -> Any:
    return llm_agent(name, model=ScriptedModel(reply), instructions="Be short.", **options)


def calling(target: Any, **options: Any) -> Any:
    @workflow(name="calling")
    async def flow(ctx: Context, text: str) -> Any:
        return await ctx.call(target, text, conversation="u", **options)

    return flow


@agent(name="plain", guards=MASKS)
async def plain(text: str) -> str:
    return "your mail is bob@example.com"


@agent(name="plain", guards=MASKS)
async def adding(text: str, steps: Steps) -> str:
    assert steps.conversation is not None
    question = {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": text}]}
    steps.conversation.add([question, response("your mail is bob@example.com")])
    return "your mail is bob@example.com"


@agent(name="plain", guards=MASKS)
async def wording_it_otherwise(text: str, steps: Steps) -> str:
    assert steps.conversation is not None
    steps.conversation.add([response("You, bob@example.com!")])
    return "your mail is bob@example.com"


@batched(name="plain", guards=MASKS, most=1)
async def together(all_of: list[str]) -> list[str]:
    return ["your mail is bob@example.com" for _ in all_of]


@workflow(name="plain", guards=MASKS)
async def around(ctx: Context, text: str) -> str:
    return "your mail is bob@example.com"


ENTERED = {
    "a function": plain,
    "one that adds its answer": adding,
    "one that adds it in other words": wording_it_otherwise,
    "one that takes lists": together,
    "a workflow": around,
    "a model": bot("plain", lambda _: "your mail is bob@example.com", guards=MASKS),
}


@pytest.mark.parametrize("kind", ENTERED)
async def test_what_guards_let_through_is_said(bench: Bench, kind: str) -> None:
    flow = calling(ENTERED[kind])
    async with bench.app(flow) as app:
        assert await app.run(flow, ANN) == ANSWER
        assert await texts(app) == [ASKED, f"plain: {ANSWER}"]


async def test_what_guards_of_a_run_let_through_is_said(bench: Bench) -> None:
    async with bench.app(around) as app:
        await app.run(around, ANN, conversation="u")
        assert await texts(app) == [ASKED, f"plain: {ANSWER}"]


async def test_a_person_is_asked_and_quoted_with_the_input_that_guards_let_through(bench: Bench) -> None:
    flow = calling(human("ann", text="Well?", answer=str, name="ann", guards=MASKS))
    run = await bench.parked(flow, ANN)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, "fine", by="ann")
        await (await app.handle(run)).result()
        assert await texts(app) == [ASKED, "ann: fine"]


async def look(at: str) -> str:
    """Look at something."""
    return f"seen {at}"


def using_a_tool(messages: Any) -> Any:
    return "the SECRET" if messages[-1].parts[-1].part_kind == "tool-return" else Use("look", {"at": "it"})


async def test_uses_of_tools_stay_where_the_answer_is_replaced(bench: Bench) -> None:
    hides = guard(lambda value: Repaired("[removed]", "secret") if value == "the SECRET" else None, on=["output"])
    flow = calling(bot("bot", using_a_tool, tools=[look], guards=(hides,)))
    async with bench.app(flow) as app:
        assert await app.run(flow, "look") == "[removed]"
        assert await texts(app) == ["local: look", "bot: {'at': 'it'}", "bot: seen it", "bot: [removed]"]


@pytest.mark.parametrize("closed", [False, True], ids=["in one process", "in another one"])
@pytest.mark.parametrize("masked", [False, True], ids=["as it was", "masked"])
async def test_what_was_added_is_said_when_a_person_has_let_the_answer_pass(
    bench: Bench, *, closed: bool, masked: bool
) -> None:
    told = guard(lambda value: "a secret" if "SECRET" in str(value) else None, name="told", on=["output"], ask="ann")
    answer = "the SECRET of bob@example.com" if masked else "the SECRET"
    flow = calling(
        bot(
            "bot",
            lambda sent: answer if (said := using_a_tool(sent)) == "the SECRET" else said,
            tools=[look],
            guards=(pii(), told),
        )
    )
    async with bench.app(flow) as app:
        await app.start(flow, "look", id="r")
        await bench.clock.settle()
        if not closed:
            await app.inbox.answer((await app.inbox.list()).items[0].id, {"approved": True}, by="ann")
            await (await app.handle("r")).result()
    async with bench.app(flow) as app:
        if closed:
            await app.inbox.answer((await app.inbox.list()).items[0].id, {"approved": True}, by="ann")
        let = answer.replace("bob@example.com", "<EMAIL_1>")
        assert await (await app.handle("r")).result() == let
        assert await texts(app) == ["local: look", "bot: {'at': 'it'}", "bot: seen it", f"bot: {let}"]
        assert not any(b"bob@" in (fact.payload or b"") for fact in await app.runs.facts("r") if "held" in fact.key)


class Receipt(BaseModel):
    n: int


class Signed(Receipt):
    by: str


async def test_what_was_added_is_said_with_an_answer_that_was_kept_until_it_could_be_used(bench: Bench) -> None:
    def version(kind: Any) -> Any:
        @agent(name="pays", effects="once")
        async def pays(text: str, steps: Steps) -> Any:
            assert steps.conversation is not None
            steps.conversation.add([response("paid")])
            return Signed(n=5, by="ann")

        pays.output = shape_of(kind)

        @workflow(name="calling")
        async def flow(ctx: Context, text: str) -> int:
            return (await ctx.call(pays, text, conversation="u")).n

        return flow

    async with bench.app(flow := version(Receipt)) as app:
        with pytest.raises(RunFailed, match="is a Signed"):
            await app.run(flow, "pay", id="r")
        assert await texts(app) == []
    async with bench.app(version(Signed)) as app:
        await app.operations.retry("r")
        assert await (await app.handle("r")).result() == 5
        assert await texts(app) == ["pays: paid"]


@agent(name="first", retry=Retry(attempts=1))
async def fails(text: str, steps: Steps) -> str:
    assert steps.conversation is not None
    steps.conversation.add([response("I promise")])
    raise ValueError(text)


@agent
async def echo(text: str) -> str:
    return text.upper()


@workflow(name="first")
async def fails_later(ctx: Context, text: str) -> str:
    await ctx.call(echo, "draft", conversation=ctx.conversation)
    raise ValueError(text)


@workflow
async def drafting(ctx: Context, text: str) -> str:
    await ctx.call(echo, "draft", conversation=ctx.conversation)
    return text


async def unscreened(_: Json) -> None:
    raise ConnectionError("down")


SCREEN = (guard(unscreened, on=["output"]),)
unheard = bot("first", lambda _: "nobody has screened it", retry=Retry(attempts=1), guards=SCREEN)
DRAFT = ["local: draft", "echo: DRAFT"]
FALLBACKS: dict[str, tuple[Any, Any, list[str]]] = {
    "a value for a function": (fails, FallbackValue("sorry"), ["local: hi", "first: sorry"]),
    "an agent for a function": (fails, echo, ["local: hi", "echo: HI"]),
    "a workflow for a function": (fails, drafting, DRAFT),
    "a value for a workflow": (fails_later, FallbackValue("sorry"), [*DRAFT, "local: hi", "first: sorry"]),
    "an agent for a workflow": (fails_later, echo, [*DRAFT, "local: hi", "echo: HI"]),
    "a value for what no guard could see": (unheard, FallbackValue("sorry"), ["local: hi", "first: sorry"]),
}


@pytest.mark.parametrize("kind", FALLBACKS)
async def test_what_is_said_is_of_the_one_that_answered(bench: Bench, kind: str) -> None:
    asked, fallback, said = FALLBACKS[kind]
    flow = calling(asked, fallback=[fallback])
    async with bench.app(flow) as app:
        await app.run(flow, "hi")
        assert await texts(app) == said


async def test_what_no_agent_was_handed_is_not_said_where_guards_were_to_look_at_it(bench: Bench) -> None:
    async def down(value: Json) -> None:
        raise ConnectionError("down")

    guarded = agent(name="plain", guards=(guard(down, on=["input"]),), retry=Retry(attempts=1))(echo_of)
    flow = calling(guarded, fallback=[FallbackValue("sorry")])
    async with bench.app(flow) as app:
        assert await app.run(flow, ANN) == "sorry"
        assert await texts(app) == ["plain: sorry"]


async def echo_of(text: str) -> str:
    return text


async def test_of_what_failed_in_the_end_nothing_is_said(bench: Bench) -> None:
    @workflow
    async def goes_on(ctx: Context, text: str) -> None:
        with pytest.raises(CallFailed):
            await ctx.call(unheard, text, conversation="u")

    async with bench.app(goes_on) as app:
        await app.run(goes_on, "hi")
        assert await texts(app) == []


@pytest.mark.parametrize("wrong", [None, ["hello"], [response("\ud800")], [{"kind": "request"}]])
async def test_what_is_no_message_is_refused_where_it_is_added_and_may_be_put_right(bench: Bench, wrong: Any) -> None:
    @agent(retry=Retry(attempts=2, delay=0, kinds=frozenset({FailureKind.VALIDATION})))
    async def adds(text: str, call: Call, steps: Steps) -> str:
        assert steps.conversation is not None
        steps.conversation.add([response("well")] if call.attempt > 1 else wrong)
        return text

    flow = calling(adds)
    async with bench.app(flow) as app:
        handle = await app.start(flow, "hi")
        assert await handle.result() == "hi"
        assert await texts(app) == ["adds: well"]
        [failed] = [said for fact in await app.runs.facts(handle.id) if isinstance(said := fact.content, AttemptFailed)]
        assert (failed.kind, failed.type) == (FailureKind.VALIDATION, "podium.errors.InvalidValue")


def putting_back(value: Json) -> Repaired | None:
    return Repaired("masked", "all of it", {"masked": str(value)}) if value != "masked" else None


@workflow(name="plain", guards=(pii(restore=True),))
async def restoring(ctx: Context, text: str) -> str:
    return text


@pytest.mark.parametrize("text", [ANN, "nothing to mask"])
@pytest.mark.parametrize(
    "target",
    [
        bot("plain", lambda _: "well", guards=(pii(restore=True),)),
        bot("plain", lambda _: "well", guards=(guard(putting_back, on=["input"]),)),
        restoring,
    ],
    ids=["pii", "a guard of one's own", "a workflow"],
)
async def test_nothing_is_put_back_in_a_conversation(bench: Bench, target: Any, text: str) -> None:
    @workflow(name="calling")
    async def flow(ctx: Context, text: str) -> Any:
        with pytest.raises(CallRefused, match="in a conversation the same mask may stand for"):
            await ctx.call(target, text, conversation="u")
        return await ctx.call(target, text)

    async with bench.app(flow) as app:
        assert await app.run(flow, text) in ("well", text)
        assert await texts(app) == []


async def test_nothing_is_put_back_in_a_run_in_a_conversation(bench: Bench) -> None:
    async with bench.app(restoring) as app:
        with pytest.raises(RunFailed, match="leave out `restore`"):
            await app.run(restoring, ANN, conversation="u")
        assert await app.run(restoring, ANN) == ANN
        assert await texts(app) == []
