"""Streams of events, as both clients read them."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, assert_type
from unittest.mock import patch

import httpx
import pytest

from podium import Context, Steps, agent, workflow
from podium.api.events import StreamEventBody, SystemEventBody
from podium.client import AsyncClient, Client
from podium.client.exchange import _CHANCE  # pyright: ignore[reportPrivateUsage] - pauses are none here
from podium.errors import UnknownRun, UsageError
from podium.model.streams import TextDelta
from tests.unit.client.conftest import Asking

BODY = {
    "type": "run_ended", "at": "2026-12-01T08:00:00.000+00:00", "run": "run_1", "root": "run_1", "workflow": "publish",
    "tenant": "default", "principal": "ann", "question": None, "to": None, "assignee": None,
    "content": {"state": "done"},
}  # fmt: skip


@agent
async def tell(topic: str, steps: Steps) -> str:
    steps.emit(TextDelta("Once "))
    steps.emit(TextDelta(topic))
    return f"Once {topic}"


@workflow
async def story(ctx: Context, topic: str) -> str:
    return await ctx.call(tell, topic)


async def test_a_run_is_told_until_it_ends(asking: Asking) -> None:
    async with asking(story) as ask:
        run = await ask(lambda c: c.runs.start("story", "Bees", wait=None))
        events: list[StreamEventBody] = await ask(lambda c: c.runs.events(run.id))
        assert [each.type for each in events] == ["run_started", "call_started", "call_ended", "run_ended"]
        assert {type(each) for each in events} == {StreamEventBody}
        rest: list[StreamEventBody] = await ask(lambda c: c.runs.events(run.id, after=events[1].number))
        assert [each for each in rest if each.type != "gone"] == events[2:]
        assert await ask(lambda c: c.runs.events(run.id, after=events[-1].number)) == []


async def test_what_goes_wrong_is_raised(asking: Asking) -> None:
    async with asking(story) as ask:
        with pytest.raises(UnknownRun):
            await ask(lambda c: c.runs.events("run_none"))
        run = await ask(lambda c: c.runs.start("story", "Bees", wait=None))
        with pytest.raises(UsageError, match="the number of an event"):
            await ask(lambda c: c.runs.events(run.id, after=1 << 50))


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Comes chunk by chunk, and is cut then."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        raise httpx.ReadError("broken")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self:
            yield each

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Broken:
    """A server whose streams are cut after two events; events have the positions from 1 on."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.sent: list[Chunks] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        after = int(request.headers.get("last-event-id", 0))
        events = [SystemEventBody.model_validate({**BODY, "position": after + n}) for n in (1, 2)]
        self.sent.append(
            Chunks(*(f"id: {each.position}\ndata: {each.model_dump_json()}\n\n".encode() for each in events))
        )
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=self.sent[-1])


async def blocked(server: Broken, count: int, **asked: Any) -> list[SystemEventBody]:
    with httpx.Client(transport=httpx.MockTransport(server.answer)) as http:
        events = Client("http://podium", http=http, timeout=5).events(**asked)
        with closing(events):
            return [next(events) for _ in range(count)]


async def awaited(server: Broken, count: int, **asked: Any) -> list[SystemEventBody]:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(server.answer)) as http,
        aclosing(AsyncClient("http://podium", http=http, timeout=5).events(**asked)) as events,
    ):
        return [await anext(events) for _ in range(count)]


@pytest.mark.parametrize("read", [blocked, awaited])
async def test_the_system_is_told_beyond_every_cut_until_one_has_enough(
    read: Callable[..., Awaitable[list[SystemEventBody]]],
) -> None:
    server = Broken()
    with patch.object(_CHANCE, "uniform", return_value=0.0):
        found = await read(server, 7, after=0, type=["run_ended", "run_blocked"], workflow="publish", run="run_1")
    assert [each.position for each in found] == [1, 2, 3, 4, 5, 6, 7]
    query = {("after", "0"), ("type", "run_ended"), ("type", "run_blocked"), ("workflow", "publish"), ("run", "run_1")}
    assert [{*each.url.params.multi_items()} for each in server.asked] == [query] * 4
    assert [each.headers.get("last-event-id") for each in server.asked] == [None, "2", "4", "6"]
    assert {each.headers["accept"] for each in server.asked} == {"text/event-stream"}
    assert {each.extensions["timeout"]["read"] for each in server.asked} == {20.0}, "longer than it may say nothing"
    assert all(each.closed for each in server.sent)


@pytest.mark.parametrize("read", [blocked, awaited])
async def test_one_type_may_be_said_alone(read: Callable[..., Awaitable[list[SystemEventBody]]]) -> None:
    server = Broken()
    await read(server, 1, type="run_ended")
    assert [*server.asked[0].url.params.multi_items()] == [("type", "run_ended")]


def look(client: Client, other: AsyncClient) -> None:
    """Be checked by the type checker."""
    assert_type(client.events(), Generator[SystemEventBody])
    assert_type(client.runs.events("run_1"), Generator[StreamEventBody])
    assert_type(other.events(), AsyncGenerator[SystemEventBody])
    assert_type(other.runs.events("run_1"), AsyncGenerator[StreamEventBody])


async def test_streams_are_typed() -> None:
    async with AsyncClient("http://podium") as other:
        with Client("http://podium") as client:
            look(client, other)
