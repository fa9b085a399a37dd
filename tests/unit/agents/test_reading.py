"""What is said in a conversation can be read by every agent that comes later; what a store has already, too."""

import copy
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter

from podium import App, Context, Steps, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.agents.pydantic_ai.reading import read_by
from podium.engine.calls.turn_of_call import TurnOfCall
from podium.errors import InvalidValue
from podium.model.conversation_state import ConversationMessage
from podium.model.json import Json, is_array, is_object
from podium.model.tool_uses import unpaired
from podium.store.codec import encode
from podium.testing.model import ScriptedModel

NAMED = {"tool_name": "weigh", "tool_call_id": "c1"}
SEEN: list[Json] = ["see", {"kind": "image-url", "url": "http://a.b/c"}]
WRONG: Json = {"type": "t", "loc": ["a"], "msg": "m", "input": 1}
FILE: Json = {"kind": "binary", "data": "AAAA", "media_type": "image/png"}
SIDES: list[tuple[str, Json]] = [
    ("request", {"part_kind": "user-prompt", "content": SEEN}),
    ("response", {"part_kind": "tool-call", "args": {"a": 1}, **NAMED}),
    ("request", {"part_kind": "tool-return", "content": {"g": 12}, **NAMED}),
    ("response", {"part_kind": "text", "content": "12 g"}),
    ("request", {"part_kind": "retry-prompt", "content": [WRONG]}),
    ("response", {"part_kind": "file", "content": FILE}),
]
TALK: list[Json] = [{"kind": kind, "parts": [part]} for kind, part in SIDES]
OPTIONAL = (
    "timestamp", "usage", "metadata", "provider_details", "tool_call_id", "run_id", "id", "finish_reason", "state",
    "outcome", "model_name", "provider_name", "instructions", "citations", "signature", "tool_kind", "args",
)  # fmt: skip
VALUES: tuple[Json, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    "",
    "nonsense",
    "2026-01-01T00:00:00Z",
    "tool-search",
    [],
    [1],
    {},
    {"a": "x"},
)


def turn() -> TurnOfCall:
    store: Any = None
    return TurnOfCall("u", 0, store, "t")


def stored(said: list[Json]) -> list[ConversationMessage]:
    return [
        ConversationMessage(place=n, message=each, author="ann", run="r", key="0", at=0.0)
        for n, each in enumerate(said)
    ]


@some.composite
def changed(draw: some.DrawFn, *, anywhere: bool) -> list[Json]:
    """Return messages with something else in one or two places: in optional fields, or anywhere."""
    said = copy.deepcopy(TALK)
    for _ in range(draw(some.integers(1, 2))):
        part: Json = draw(some.sampled_from(said))
        while draw(some.booleans()) and (inner := _inside(part) if anywhere else part.get("parts")):
            part = draw(some.sampled_from(inner))
        names = [*OPTIONAL, *(part if anywhere else ())]
        part[draw(some.sampled_from(names))] = draw(some.sampled_from(VALUES))
    return said


def _inside(part: Json) -> list[Json]:
    values: list[Json] = [*part.values()]
    lists: list[list[Json]] = [each for each in values if is_array(each)]
    return [each for each in [*values, *chain.from_iterable(lists)] if is_object(each)]


@given(changed(anywhere=True))
def test_what_is_taken_is_read_as_it_is(said: list[Json]) -> None:
    own = turn()
    with suppress(InvalidValue):
        own.add(said)
    assert read_by("me", stored(own.added))[1]


@given(changed(anywhere=False))
def test_what_is_stored_is_read_or_replaced_message_by_message(said: list[Json]) -> None:
    heard, as_said = read_by("me", stored(said))
    if not as_said:
        assert "[a " in repr(heard)
    assert not unpaired(ModelMessagesTypeAdapter.dump_python(heard, mode="json"))


@pytest.mark.parametrize("place", range(len(TALK)))
async def test_a_conversation_that_cannot_be_read_in_one_place_goes_on(tmp_path: Path, place: int) -> None:
    sent: list[str] = []

    def reply(messages: Sequence[ModelMessage]) -> str:
        sent.append(repr(messages))
        return "well"

    bot = llm_agent("bot", model=ScriptedModel(reply), instructions="Be short.")

    @agent
    async def adds(_: str, steps: Steps) -> str:
        assert steps.conversation is not None
        steps.conversation.add(TALK)
        return "12 g"

    @workflow
    async def chat(ctx: Context, text: str) -> str:
        return await ctx.call(adds if text == "add" else bot, text, conversation=ctx.conversation)

    async with App.open(tmp_path / "a.db", agents=[chat]) as app:
        await app.run(chat, "add", conversation="u")
        broken = (await app.store.messages("default", "u"))[place].message | {"timestamp": "nonsense"}
        connection = sqlite3.connect(tmp_path / "a.db")
        with connection:
            connection.execute(
                "UPDATE conversation_said SET message = ?, source = NULL, cut = NULL, first = NULL, size = NULL"
                " WHERE place & 16777215 = ?",
                (encode(broken), place),
            )
        connection.close()
        shown = "adds: 12 g" if SIDES[place][1]["part_kind"] == "text" else "cannot be read"  # the words are all
        for text in ("hello", "once more"):
            run = await app.start(chat, text, conversation="u")
            assert await run.result() == "well"
            assert shown in sent[-1]
            assert shown in repr(await app.runs.messages(run.id))
