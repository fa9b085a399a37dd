"""A secret is masked in what is streamed however it is split, and nothing is held back for ever."""

import asyncio
from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import Context, Steps, agent, workflow
from podium.model.json import Json
from podium.model.streams import PartialOutput, StreamEvent, TextDelta, ThinkingDelta, ToolCallDelta
from podium.secrets.masking import MASKING
from podium.secrets.streamed import StreamedText
from tests.unit.engine.bench import Bench

SECRET = "sk-abc-12345"


@pytest.fixture(autouse=True)
def masked() -> Generator[None]:
    yield
    MASKING.forget()


def streamed(pieces: Sequence[str]) -> list[str]:
    text = StreamedText()
    return [*(text.add(each) for each in pieces), text.end()]


secrets = st.lists(st.text("ab", min_size=8, max_size=12), min_size=1, max_size=3)


@given(text=st.text("abc", max_size=60), known=secrets, cuts=st.lists(st.integers(0, 60), max_size=20))
def test_pieces_are_together_what_the_whole_text_is_masked(text: str, known: list[str], cuts: list[int]) -> None:
    MASKING.forget()
    for number, each in enumerate(known):
        MASKING.learn(each, f"s{number}")
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert "".join(streamed(pieces)) == MASKING.text(text)
    MASKING.forget()


@given(st.integers(1, len(SECRET) - 1))
def test_no_part_of_a_secret_is_shown_before_it_is_whole(cut: int) -> None:
    MASKING.learn(SECRET, "s")
    assert streamed([f"key: {SECRET[:cut]}", f"{SECRET[cut:]} ."]) == ["key: ", "*** .", ""]


def test_what_only_begins_like_a_secret_comes_with_the_next_piece_or_at_the_end() -> None:
    MASKING.learn(SECRET, "s")
    assert streamed(["a sk-a", "nd b sk"]) == ["a ", "sk-and b ", "sk"]


def test_as_much_is_held_back_as_a_secret_is_long_at_most() -> None:
    MASKING.learn("ab" * 10, "s")
    text = StreamedText()
    shown = "".join(text.add("ba") for _ in range(1_000))
    assert shown == "b***"
    assert len(text._held) < 20  # pyright: ignore[reportPrivateUsage] - what it has in memory
    assert shown + text.end() == MASKING.text("ba" * 1_000)


def cut_at(text: str, *places: int) -> list[str]:
    return [text[start:end] for start, end in pairwise((0, *places, len(text)))]


PIECES: dict[str, tuple[list[Any], Any]] = {
    "text": ([TextDelta(each) for each in cut_at(f"it is {SECRET}.", 9, 12)], "it is ***."),
    "thoughts": ([ThinkingDelta(each) for each in cut_at(f"it is {SECRET}", 9)], "it is ***"),
    "arguments": (
        [ToolCallDelta("c1", "look", each) for each in ("", *cut_at(f'{{"key": "{SECRET}"}}', 13))], '{"key": "***"}',
    ),
    "a beginning": ([TextDelta("ask")], "ask"),
}  # fmt: skip


def written(events: Sequence[StreamEvent]) -> str:
    return "".join(getattr(each.content, "text", getattr(each.content, "arguments", "")) for each in events)


async def events_of(bench: Bench, pieces: Sequence[Any], *, in_step: bool = True) -> list[StreamEvent]:
    """Return what a reader is told of an agent that emits these pieces."""
    watched = asyncio.Event()

    @agent
    async def says(_: Json, steps: Steps) -> str:
        async def emit() -> str:
            await watched.wait()
            for each in pieces:
                steps.emit(each)
            return "done"

        return await (steps.once("model", emit) if in_step else emit())

    @workflow
    async def job(ctx: Context) -> str:
        return await ctx.call(says, None)

    async with bench.app(job) as app:
        handle = await app.start(job)

        async def read() -> list[StreamEvent]:
            return [event async for event in handle.stream()]

        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read())
            await bench.clock.settle()
            watched.set()
        return reading.result()


@pytest.mark.parametrize("in_step", [True, False])
@pytest.mark.parametrize("kind", PIECES)
async def test_a_secret_that_is_split_over_pieces_is_masked(bench: Bench, kind: str, in_step: bool) -> None:  # noqa: FBT001
    MASKING.learn(SECRET, "s")
    pieces, shown = PIECES[kind]
    found = await events_of(bench, pieces, in_step=in_step)
    mine = [each for each in found if isinstance(each.content, type(pieces[0]))]
    assert written(mine) == shown
    ended = next(n for n, each in enumerate(found) if each.type in ("request_finished", "call_ended"))
    assert all(found.index(each) < ended for each in mine)
    assert SECRET not in str(found)


async def test_texts_that_are_written_side_by_side_are_not_mixed(bench: Bench) -> None:
    MASKING.learn(SECRET, "s")
    pieces = [TextDelta("sk-"), ThinkingDelta("sk-"), TextDelta("abc-12345"), ThinkingDelta("other")]
    found = await events_of(bench, pieces)
    assert written([each for each in found if isinstance(each.content, TextDelta)]) == "***"
    assert written([each for each in found if isinstance(each.content, ThinkingDelta)]) == "sk-other"


async def test_a_structured_answer_shows_no_beginning_of_a_secret_and_is_whole_in_the_end(bench: Bench) -> None:
    MASKING.learn(SECRET, "s")
    said = [{"task": "s", "key": SECRET[:4]}, {"task": "s", "key": SECRET}, {"task": "s", "key": "x", "more": ["as"]}]
    found = await events_of(bench, [PartialOutput(each) for each in said])
    assert [each.content.output for each in found if isinstance(each.content, PartialOutput)] == [
        {"task": "s", "key": ""}, {"task": "s", "key": "***"}, {"task": "s", "key": "x", "more": ["a"]}, said[-1],
    ]  # fmt: skip
