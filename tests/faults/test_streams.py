"""A run is read from other processes than the one that drives it, which may be killed on the way."""

import asyncio
import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from podium import App, Context, workflow
from podium.app import run_sync
from podium.model.streams import Emitted, Gone, StreamEvent
from tests.faults.children import PROGRAMS
from tests.faults.stores import Shared, address_in
from tests.forking import commands
from tests.forking.process import Process

NUMBERS = 60
PAUSE = 0.02
LATE = 2.0  # on a busy machine too
"""A third of a second is promised; machines that are busy are given more."""


@contextmanager
def teller(folder: Path, *run: str) -> Generator[Process]:
    command = ["python", str(PROGRAMS / "teller.py"), address_in(folder), str(PAUSE), str(NUMBERS), *run]
    process = commands.begin(command, cwd=folder, env=os.environ, merged=True)
    try:
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def numbers(events: Sequence[StreamEvent]) -> list[int]:
    return [event.content.data["n"] for event in events if isinstance(event.content, Emitted)]


def lost(events: Sequence[StreamEvent]) -> list[int | None]:
    return [event.content.lost for event in events if isinstance(event.content, Gone)]


@workflow
async def telling(_: Context) -> int:
    raise NotImplementedError


async def read(
    folder: Path, run: str, after: int | None, *, most: int = 10_000
) -> tuple[list[StreamEvent], list[float]]:
    """Return events of a run that another process drives, and how late each emitted one came."""
    events: list[StreamEvent] = []
    delays: list[float] = []
    async with App.open(address_in(folder)) as app:
        handle = await app.handle(run)
        async for event in handle.stream(after=after):
            events.append(event)
            if isinstance(event.content, Emitted):
                delays.append(time.time() - event.content.data["at"])
            if len(events) == most:
                break
    return events, delays


def test_another_process_sees_all_from_when_it_came_on_and_soon(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    with teller(tmp_path, "run_1"):
        events, delays = run_sync(read(tmp_path, "run_1", 0))
    missed, seen = lost(events), numbers(events)
    assert events[0].type == "run_started"
    assert events[-1].type == "run_ended"
    assert len(missed) == 1
    assert missed[0] is not None
    assert seen == list(range(missed[0], NUMBERS))
    assert len(seen) > NUMBERS / 2
    assert sorted(delays[5:])[len(delays) // 2] < LATE
    assert [event.number for event in events] == sorted(event.number for event in events)


def test_a_run_that_is_started_here_and_driven_elsewhere_is_read_from_the_first_event_on(
    tmp_path: Path, shared: Shared
) -> None:
    shared(tmp_path)

    async def work() -> list[StreamEvent]:
        async with (
            App.open(address_in(tmp_path), queues=("mine",), agents=[telling]) as app,
            app.run_stream(telling) as stream,
        ):
            return [event async for event in stream]

    with teller(tmp_path):
        events = run_sync(work())
    assert lost(events) == []
    assert numbers(events) == list(range(NUMBERS))


def test_a_reader_that_loses_its_process_goes_on_where_it_stopped(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)
    with teller(tmp_path, "run_1"):
        first, _ = run_sync(read(tmp_path, "run_1", 0, most=15))
        time.sleep(0.2)
        second, _ = run_sync(read(tmp_path, "run_1", first[-1].number))
    assert lost(second) == []
    assert [*numbers(first), *numbers(second)] == list(range(numbers(first)[0], NUMBERS))
    assert len({event.number for event in [*first, *second]}) == len(first) + len(second)


def test_the_owner_is_killed_and_another_one_goes_on_with_larger_numbers(tmp_path: Path, shared: Shared) -> None:
    shared(tmp_path)

    async def work() -> list[StreamEvent]:
        events: list[StreamEvent] = []
        async with App.open(address_in(tmp_path)) as app:
            with teller(tmp_path, "run_1") as owner:
                handle = await app.handle("run_1")
                async for event in handle.stream(after=0):
                    events.append(event)
                    if len(numbers(events)) == 25:
                        owner.kill()
                        break
                with teller(tmp_path):
                    events += [event async for event in handle.stream(after=events[-1].number)]
        return events

    events = run_sync(asyncio.wait_for(work(), 120))
    told = [event.type for event in events]
    reset = told.index("stream_reset")
    before, after = numbers(events[:reset]), numbers(events[reset:])
    assert before == list(range(before[0], before[-1] + 1))
    assert after == list(range(NUMBERS))
    assert {event.epoch for event in events[:reset] if event.type == "emitted"} == {1}
    assert events[reset].epoch > 1
    assert [event.number for event in events] == sorted({event.number for event in events})
    assert told[-1] == "run_ended"
