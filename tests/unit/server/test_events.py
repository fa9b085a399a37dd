"""Streams of events over HTTP: of the system and of runs, resumed anywhere, taken slowly, ended by a stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI

from podium import App, Context, Retry, Steps, agent, workflow
from podium.api.events import StreamEventBody, SystemEventBody
from podium.errors import NotDone
from podium.model.principal import Principal
from podium.model.streams import TextDelta
from podium.server.access.opening import signing_in
from podium.server.application import application
from podium.server.streams import frames, response
from podium.testing import CountingIds
from tests.unit.server.conftest import KnownByName, Serving
from tests.unit.server.streaming import streaming


@agent
async def tell(topic: str, steps: Steps) -> str:
    for word in ("Once ", topic):
        steps.emit(TextDelta(word))
        await asyncio.sleep(0)
    return f"Once {topic}"


@workflow
async def story(ctx: Context, topic: str) -> str:
    return await ctx.call(tell, topic)


@workflow
async def later(ctx: Context, _: str) -> str:
    return await ctx.call(tell, await ctx.signal("go", str))


@workflow
async def ask(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="editors")


SHAKY: list[int] = []


@agent(retry=Retry(attempts=1))
async def fails_once(_: str) -> str:
    if SHAKY:
        SHAKY.pop()
        raise NotDone("not today")
    return "done"


@workflow
async def unsteady(ctx: Context, word: str) -> str:
    await ctx.call(fails_once, word)
    return await ctx.signal("go", str)


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[App, FastAPI]]:
    async with App.open(":memory:", agents=[story, later, ask, unsteady], ids=CountingIds()) as app:
        yield app, application(app, KnownByName())


async def told(app: App, count: int = 1) -> None:
    """Have so many runs end: each has two events."""
    for n in range(count):
        await (await app.start(story, str(n))).result()


async def test_the_system_is_told_as_it_happens_and_a_stream_that_is_cut_goes_on() -> None:
    async with served() as (app, server):
        async with streaming(server, "/events") as stream:
            assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert stream.headers["cache-control"] == "no-store"
            assert await stream.chunk() == b"retry: 2000\n\n"
            assert await stream.chunk() == b"id: 0\n\n"
            await told(app)
            first = await stream.frame()
        assert first is not None
        assert (first.id, first.event, first.data["run"]) == (1, "run_started", "run_1")
        assert SystemEventBody.model_validate(first.data).model_dump(mode="json") == first.data
        await told(app)
        async with streaming(server, "/events", last=1, after=0) as stream:  # a browser repeats the address as it was
            assert [each.id for each in await stream.frames(3)] == [2, 3, 4]
        async with streaming(server, "/events", after=2) as stream:
            assert [each.id for each in await stream.frames(2)] == [3, 4]


async def test_who_comes_again_before_any_event_misses_none() -> None:
    async with served() as (app, server):
        await told(app)
        async with streaming(server, "/events") as stream:
            await stream.chunk()
            assert await stream.chunk() == b"id: 2\n\n"
        await told(app)
        async with streaming(server, "/events", last=2) as stream:
            assert [each.id for each in await stream.frames(2)] == [3, 4]


async def test_a_quiet_stream_says_that_it_is_alive_and_how_far_it_has_come() -> None:
    with patch.object(response, "HEARTBEAT_SECONDS", 0.001):
        async with (
            served() as (app, server),
            streaming(server, "/events", after=0, type="run_blocked") as stream,
        ):
            await stream.chunk()
            assert await stream.chunk() == b": alive\n\n"
            await told(app)
            while (said := await stream.chunk()) != b"id: 2\n\n":
                assert said in (b": alive\n\n", b"id: 1\n\n")


async def test_events_are_left_out_by_type_workflow_and_run_and_for_who_may_not_see_them() -> None:
    async with served() as (app, server):
        await told(app, 2)
        await app.start(ask, "a", tenant="other", principal="bob")
        while await app.events.last() < 6:
            await asyncio.sleep(0)
        cases: list[tuple[dict[str, Any], list[int]]] = [
            ({"type": ["run_ended", "question_opened"], "who": "ann x admin"}, [2, 4, 6]),
            ({"workflow": "ask", "who": "ann x admin"}, [5, 6]),
            ({"run": "run_2"}, [3, 4]),
            ({}, [1, 2, 3, 4]),
            ({"who": "bob other"}, [5, 6]),
            ({"who": "eve other editors"}, [6]),
        ]
        for asked, wanted in cases:
            async with streaming(server, "/events", after=0, **asked) as stream:
                assert [each.id for each in await stream.frames(len(wanted))] == wanted, asked


async def test_who_may_answer_a_question_is_told_of_it_and_not_of_what_else_its_run_tells() -> None:
    async with served() as (app, server):
        handle = await app.start(ask, "a")
        while not (await app.inbox.list(run=handle.id)).items:
            await asyncio.sleep(0)
        await app.inbox.answer((await app.inbox.list(run=handle.id)).items[0].id, "yes", by="eve")
        await handle.result()
        for who, types, status in (
            ("eve default editors", ["question_opened", "question_answered", "question_closed"], 404),
            ("eve default viewer", ["run_started"], 200),
        ):
            async with streaming(server, "/events", after=0, who=who) as stream:
                assert [each.event for each in await stream.frames(len(types))] == types
            async with streaming(server, f"/runs/{handle.id}/events", who=who) as stream:
                assert stream.status == status


async def test_a_run_is_told_with_its_tokens_until_it_ends_and_goes_on_after_any_event() -> None:
    async with served() as (app, server):
        handle = await app.start(later, "", id="r")
        async with streaming(server, f"/runs/{handle.id}/events") as stream:
            events = await stream.frames(1)
            await handle.signal("go", "time")
            events += [each async for each in _all(stream)]
            assert (stream.ended, stream.over) == (True, True)
        names = [each.event for each in events]
        assert names[0] == "run_started"
        assert names[-1] == "run_ended"
        assert "".join(each.data["content"]["text"] for each in events if each.event == "text_delta") == "Once time"
        assert [each.id for each in events] == sorted({each.id or 0 for each in events})
        body = StreamEventBody.model_validate(events[0].data)
        assert body.model_dump(mode="json") == events[0].data
        for place, event in enumerate(events[:-1]):
            async with streaming(server, "/runs/r/events", last=event.id) as stream:
                assert [each.id async for each in _all(stream)] == [each.id for each in events[place + 1 :]]
        async with streaming(server, "/runs/r/events", last=events[-1].id) as stream:
            assert stream.status == 204


async def _all(stream: Any) -> AsyncGenerator[Any]:
    while (frame := await stream.frame()) is not None:
        yield frame


async def test_a_stream_of_a_run_that_was_retried_goes_on_beyond_its_former_end() -> None:
    SHAKY.append(1)
    async with served() as (app, server):
        handle = await app.start(unsteady, "go")
        async with streaming(server, f"/runs/{handle.id}/events") as stream:
            former = [each async for each in _all(stream)]
            assert (former[-1].event, stream.over) == ("run_ended", True)
        await app.operations.retry(handle.id)
        for last in (None, former[0].id, former[-1].id):
            async with streaming(server, f"/runs/{handle.id}/events", last=last) as stream:
                again = [await stream.frame()]
                while again[-1] is not None and again[-1].event != "call_started":
                    again.append(await stream.frame())
                assert not stream.over
                if last is None:
                    await handle.signal("go", "now")
                again += [each async for each in _all(stream)]
                names = [each.event for each in again if each is not None]
                assert names[-1] == "run_ended"
                assert names.count("run_ended") == (1 if last == former[-1].id else 2)
                assert ("run_rewound" in names, stream.over) == (True, True)
        end = again[-1]
        assert end is not None
        async with streaming(server, f"/runs/{handle.id}/events", last=end.id) as stream:
            assert stream.status == 204


async def test_a_stop_ends_every_stream_at_the_end_of_an_event() -> None:
    async with served() as (app, server):
        handle = await app.start(ask, "a")
        async with (
            streaming(server, "/events", after=0) as system, streaming(server, f"/runs/{handle.id}/events") as run,
        ):  # fmt: skip
            assert [each.id for each in await system.frames(1)] == [1]
            assert [each.event for each in await run.frames(1)] == ["run_started"]
            assert server.state.streams.count == 2
            server.state.streams.stop()
            for each in (system, run):
                while await each.frame() is not None:
                    pass
                assert (each.rest, each.over) == (b"", False)
        assert server.state.streams.count == 0


async def test_a_viewer_that_takes_nothing_is_waited_for_and_holds_up_no_other_one_nor_any_memory() -> None:
    async with served() as (app, server), streaming(server, "/events", after=0) as slow:
        async with streaming(server, "/events", after=0) as quick:
            for n in range(150):
                await told(app)
                assert [each.id for each in await quick.frames(2)] == [2 * n + 1, 2 * n + 2]
        assert slow.sent.qsize() == 1  # the server waits for it to be taken
        assert [each.id for each in await slow.frames(300)] == list(range(1, 301))


async def test_a_viewer_that_takes_nothing_for_long_is_let_go() -> None:
    with patch.object(response, "_STALL_SECONDS", 0.001), patch.object(response, "_GOODBYE_SECONDS", 0.001):
        async with served() as (app, server), streaming(server, "/events", after=0):
            await told(app, 2)
            while server.state.streams.count:
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("turns", range(5))
async def test_a_stream_that_ends_as_its_reader_leaves_leaves_no_complaint(
    caplog: pytest.LogCaptureFixture, turns: int
) -> None:
    async with served() as (app, server):
        handle = await app.start(ask, "a")
        await handle.cancel("no need")
        async with streaming(server, f"/runs/{handle.id}/events") as stream:
            stream.turns = turns
            while await stream.frame() is not None:
                pass
    assert [each.message for each in caplog.records if each.name == "asyncio"] == []


async def test_a_viewer_that_leaves_ends_its_stream() -> None:
    async with served() as (_, server), streaming(server, "/events") as stream:
        await stream.chunk()
        assert server.state.streams.count == 1
        stream.leave.set()
        while server.state.streams.count:
            await asyncio.sleep(0)


async def test_an_event_is_written_once_however_many_watch() -> None:
    async with served() as (app, server):
        with patch.object(frames, "written", wraps=frames.written) as written:
            for _ in range(5):
                async with streaming(server, "/events", after=0) as stream:
                    await stream.chunk()
                    if not written.called:
                        await told(app)
                    await stream.frames(2)
            assert written.call_count == 2


async def test_an_event_of_a_run_is_written_once_however_many_watch() -> None:
    async with served() as (app, server):
        handle = await app.start(later, "")
        with patch.object(frames, "written", wraps=frames.written) as written:
            async with AsyncExitStack() as watching:
                streams = [
                    await watching.enter_async_context(streaming(server, f"/runs/{handle.id}/events"))
                    for _ in range(5)
                ]  # fmt: skip
                await handle.signal("go", "time")
                seen = [[each.id async for each in _all(stream)] for stream in streams]
            assert seen == [seen[0]] * 5
            assert written.call_count == len(seen[0]) > 4


async def test_where_there_are_many_streams_each_pauses_between_two_chunks() -> None:
    paused: list[float] = []
    async with served() as (app, server), streaming(server, "/events") as stream:
        with patch.object(asyncio, "sleep", side_effect=paused.append):
            server.state.streams.count = 200
            assert await stream.chunk() == b"retry: 2000\n\n"
            await stream.chunk()
            await told(app)
            await stream.chunk()
            assert 0 < max(paused) <= 0.05
            server.state.streams.count = 1
    streams = response.OpenStreams()
    for count, pause in ((1, 0.0), (20, 0.0), (200, 0.05), (2_000, 0.5)):
        streams.count = count
        assert streams.pause() == pause


async def test_what_was_written_is_kept_up_to_a_bound_and_not_where_it_changed() -> None:
    async with served() as (app, _):
        handle = await app.start(story, "x" * 1_000)
        await handle.result()
        events = [event async for event in handle.stream(after=0)]
    with patch.object(frames, "_KEPT_BYTES", 4_000), patch.object(frames, "written", wraps=frames.written) as written:
        kept = frames.Frames()
        for _ in range(2):
            for each in events:
                once = b"".join(kept.of_run([each]))
                assert once == b"".join(kept.of_run([each]))
        assert len(events) < written.call_count <= 2 * len(events)
        changed = replace(events[-1], at=0.0)
        assert b"1970-01-01" in b"".join(kept.of_run([changed]))


async def test_what_goes_wrong_once_a_stream_has_begun_is_its_last_event() -> None:
    async with served() as (app, server):
        handle = await app.start(ask, "a")
        async with streaming(server, f"/runs/{handle.id}/events", after=1 << 50) as stream:
            frame = await stream.frame()
            assert frame is not None
            assert (frame.event, frame.data["status"], frame.data["code"]) == ("problem", 422, "usage")
            assert await stream.frame() is None


@pytest.mark.parametrize(
    ("path", "last", "status"),
    [
        ("/events?type=nothing", None, 422),
        ("/events?after=-1", None, 422),
        ("/events", "x", 422),
        ("/runs/nothing/events", None, 404),
        ("/runs/nothing/events?after=x", None, 422),
    ],
)
async def test_a_request_that_cannot_be_is_refused(serving: Serving, path: str, last: str | None, status: int) -> None:
    async with serving(story) as client:
        answer: httpx.Response = await client.get(path, headers={} if last is None else {"last-event-id": last})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_the_document_says_what_a_stream_carries() -> None:
    async with served() as (_, server):
        for path in ("/api/v1/events", "/api/v1/runs/{run}/events"):
            said = server.openapi()["paths"][path]["get"]
            assert "application/json" not in said["responses"]["200"]["content"]
            assert said["responses"]["200"]["content"]["text/event-stream"]["example"].startswith("retry: ")
            assert {"last-event-id", "after"} <= {each["name"].lower() for each in said["parameters"]}


async def test_a_stream_ends_with_the_key_that_it_was_asked_for_with(tmp_store: Path) -> None:
    async with App.open(tmp_store) as app:
        made, other = await app.keys.create("a", who="ann"), await app.keys.create("b", who="bob")
        async with signing_in(app, "127.0.0.1", Principal(who="root", tenant="default")) as access:
            server = application(app, access)
            with patch.object(response, "_STILL_SECONDS", 0.001):
                async with (
                    streaming(server, "/events", after=0, key=made.secret) as stream,
                    streaming(server, "/events", after=0, key=other.secret) as goes_on,
                ):
                    assert await stream.chunk() == await goes_on.chunk() == b"retry: 2000\n\n"
                    await app.keys.revoke(made.key.id)
                    last = await stream.chunk()
                    assert b"event: problem" in last
                    assert b"is revoked" in last
                    assert stream.ended
                    assert not goes_on.ended
