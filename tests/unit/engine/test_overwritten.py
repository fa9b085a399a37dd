"""What is deleted, replaced or forgotten is overwritten in the file, whatever was deleted there before."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest

from podium import App, Context, agent, memory, workflow
from podium.agents.memory import Append, Delete, Put
from podium.agents.memory.requests import Request
from tests.unit.engine.bench import Bench

WORD = "zqclassified"
TEXT = " ".join([*(str(Random(n).random()) for n in range(400)), WORD, "as it stood", *map(str, range(400))])
PHRASE = f"{WORD} as it stood".encode()
notes = memory("tenant", name="notes")


@workflow
async def remember(ctx: Context, asked: Request) -> None:
    await ctx.call(notes, asked)


@workflow
async def tiny(ctx: Context, _: None) -> None:
    pass


async def redact(app: App, id: str) -> None:
    await app.operations.redact(id, by="ann", why="asked for")


async def write(app: App, *requests: Request) -> None:
    """Have the memory do what it is asked, by a run that is redacted."""
    for request in requests:
        run = await app.start(remember, request)
        await run.result()
        await redact(app, run.id)


async def put_anew(app: App, bench: Bench) -> None:
    await write(app, Put("k", TEXT), Put("k", "other"))


async def delete(app: App, bench: Bench) -> None:
    await write(app, Put("k", TEXT), Delete("k"))


async def extend(app: App, bench: Bench) -> None:
    await write(app, Append("k", TEXT, to="text"), Append("k", " more", to="text"), Delete("k"))


async def expire(app: App, bench: Bench) -> None:
    await write(app, Put("k", TEXT, ttl="1m"))
    await bench.clock.advance(61)
    await write(app, Put("other", 1))


GOES: dict[str, Callable[[App, Bench], Awaitable[None]]] = {
    "it is put anew": put_anew, "it is deleted": delete, "it is extended and deleted": extend,
    "its time is over": expire,
}  # fmt: skip
"""How what is remembered goes."""


def stored(bench: Bench) -> bytes:
    """Return all that the store's folder holds."""
    return b"".join(each.read_bytes() for each in bench.path.parent.iterdir())


async def prune(app: App) -> None:
    await app.operations.prune(10**6, by="ann", why="old")


async def compact(app: App) -> None:
    await app.operations.compact()


@pytest.mark.parametrize("goes", GOES)
async def test_what_was_remembered_is_overwritten(bench: Bench, goes: str) -> None:
    async with bench.app(remember) as app:
        await write(app, Put("k", TEXT))
    assert PHRASE in stored(bench)
    async with bench.app(remember) as app:
        await GOES[goes](app, bench)
    assert PHRASE not in stored(bench)


@pytest.mark.parametrize("after", [prune, compact])
@pytest.mark.parametrize("goes", GOES)
async def test_no_word_of_it_is_left_in_what_searches_look_through(
    bench: Bench, goes: str, after: Callable[[App], Awaitable[None]]
) -> None:
    async with bench.app(remember) as app:
        await write(app, Put("zebra", "stays"))
        await GOES[goes](app, bench)
        await after(app)
    found = stored(bench)
    assert b"zebra" in found
    assert b"classified" not in found


async def test_an_answer_that_was_kept_too_long_is_overwritten(bench: Bench) -> None:
    answers = iter([TEXT, "short"])

    @agent(cache=60.0)
    async def knows(_: str) -> str:
        return next(answers)

    @workflow
    async def ask(ctx: Context, question: str) -> str:
        return await ctx.call(knows, question)

    async with bench.app(ask, tiny) as app:
        first = await app.start(tiny, None, id="first")
        await first.result()
        await redact(app, "first")
        run = await app.start(ask, "?")
        assert await run.result() == TEXT
        await bench.clock.advance(61)
        assert await app.run(ask, "?") == "short"
        await redact(app, run.id)
    assert PHRASE not in stored(bench)
