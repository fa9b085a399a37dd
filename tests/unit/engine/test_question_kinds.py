"""The kinds of questions: what people are asked for, what an answer looks like, and what the workflow is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import pytest

from podium import App, Approval, Choice, Context, Edit, human, workflow
from podium.errors import InvalidValue
from podium.model.json import Json
from podium.model.question import Question
from podium.model.question_kinds import QuestionKind, options_of
from tests.unit.engine.bench import Bench

Ask = Callable[[Context], Awaitable[object]]


class Tone(Enum):
    DRY = "dry"
    WARM = "warm"


@dataclass
class Letter:
    title: str
    words: int


TONES = {"dry": "Short and factual", "warm": "With a greeting"}
FORM: dict[str, Json] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def put(bench: Bench, app: App) -> Question:
    await bench.clock.settle()
    (question,) = await app.inbox.list()
    return question


def asks(ask: Ask) -> Any:
    @workflow(name="asks")
    async def flow(ctx: Context) -> str:
        return repr(await ask(ctx))

    return flow


KINDS: list[tuple[str, Ask, Json, Json, str]] = [
    ("choice", lambda ctx: ctx.ask("Tone?", answer=Literal["dry", "warm"]), "warm", "loud", "'warm'"),
    ("choice", lambda ctx: ctx.ask("Tone?", answer=Tone), "dry", "loud", "<Tone.DRY: 'dry'>"),
    ("choice", lambda ctx: ctx.ask("Tones?", answer=list[Tone]), ["dry"], "dry", "[<Tone.DRY: 'dry'>]"),
    ("choice", lambda ctx: ctx.ask(Choice("Tone?", ["dry", "warm"])), "dry", "Dry", "'dry'"),
    ("choice", lambda ctx: ctx.ask(Choice("Tone?", TONES)), "warm", "With a greeting", "'warm'"),
    (
        "choice",
        lambda ctx: ctx.ask(Choice("Tones?", TONES, several=True)),
        ["warm", "dry"],
        ["warm", "warm"],
        "['warm', 'dry']",
    ),
    ("text", lambda ctx: ctx.ask("Why?", answer=str), "so", 5, "'so'"),
    ("form", lambda ctx: ctx.ask("How many?", answer=int), 5, "5", "5"),
    (
        "form",
        lambda ctx: ctx.ask("Which?", answer=Letter),
        {"title": "A", "words": 3},
        {"title": "A"},
        "Letter(title='A', words=3)",
    ),
    ("form", lambda ctx: ctx.ask("Where?", answer=FORM), {"city": "Bern"}, {}, "{'city': 'Bern'}"),
    ("edit", lambda ctx: ctx.ask(Edit("Polish it.", "teh end")), "the end", ["the end"], "'the end'"),
    (
        "edit",
        lambda ctx: ctx.ask(Edit("Polish it.", Letter("a", 1))),
        {"title": "A", "words": 1},
        {"title": "A", "words": "one"},
        "Letter(title='A', words=1)",
    ),
    ("edit", lambda ctx: ctx.ask(Edit("Name it.", {"raw": 1}, answer=str)), "one", {"raw": 1}, "'one'"),
    ("question", lambda ctx: ctx.ask("What?"), {"any": [1]}, None, "{'any': [1]}"),
    ("text", lambda ctx: ctx.call(human("editors", text="Why?", answer=str)), "so", 5, "'so'"),
]


@pytest.mark.parametrize(("kind", "ask", "good", "bad", "given"), KINDS)
async def test_each_kind_is_shown_checked_and_handed_back(
    bench: Bench, kind: str, ask: Ask, good: Json, bad: Json, given: str
) -> None:
    flow: Any = asks(ask)
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        question = await put(bench, app)
        assert question.kind == kind
        if bad is not None:
            with pytest.raises(InvalidValue, match="does not fit"):
                await app.inbox.answer(question.id, bad, by="ann")
        await app.inbox.answer(question.id, good, by="ann")
        assert await (await app.handle(run)).result() == given
        assert (await app.inbox.get(question.id)).kind == kind
    assert await bench.result(run, flow) == given  # and once more from the journal


async def test_an_approval_is_one_and_what_may_be_put_in_its_place_stands_in_its_schema(bench: Bench) -> None:
    @workflow
    async def publish(ctx: Context) -> str:
        return (await ctx.ask(Approval("Publish?", "teh end", edit=str))).value

    async with bench.app(publish) as app:
        handle = await app.start(publish)
        question = await put(bench, app)
        assert question.kind == QuestionKind.APPROVAL
        assert question.ask.schema["properties"]["value"] == {"type": "string"}
        await app.inbox.answer(question.id, {"approved": True, "value": "the end"}, by="ann")
        assert await handle.result() == "the end"


async def test_the_draft_is_the_subject_of_an_edit_and_the_answer_has_its_schema(bench: Bench) -> None:
    flow: Any = asks(lambda ctx: ctx.ask(Edit("Polish it.", Letter("a", 1))))
    await bench.parked(flow)
    async with bench.app(flow) as app:
        question = await put(bench, app)
        assert question.ask.subject == {"title": "a", "words": 1}
        assert set(question.ask.schema["properties"]) == {"title", "words"}


async def test_options_have_titles_and_a_quorum_of_choices_is_a_list(bench: Bench) -> None:
    flow: Any = asks(lambda ctx: ctx.ask(Choice("Tone?", TONES, {"about": "a letter"}), quorum=2))
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        question = await put(bench, app)
        assert question.ask.subject == {"about": "a letter"}
        offered = options_of(question.ask.schema)
        assert offered is not None
        assert [(each.value, each.title) for each in offered.options] == list(TONES.items())
        for who, value in (("ann", "dry"), ("bob", "warm")):
            await app.inbox.answer(question.id, value, by=who)
        assert await (await app.handle(run)).result() == "['dry', 'warm']"


async def test_a_choice_and_an_edit_that_nobody_makes_give_their_defaults(bench: Bench) -> None:
    @workflow
    async def hurried(ctx: Context) -> list[str | None]:
        tone = await ctx.ask(Choice("Tone?", TONES), within=10, default="dry")
        draft = "teh end"
        return [tone, await ctx.ask(Edit("Polish it.", draft), within=10, default=draft)]

    async with bench.app(hurried) as app:
        handle = await app.start(hurried)
        await bench.clock.advance(25)
        assert await handle.result() == ["dry", "teh end"]
