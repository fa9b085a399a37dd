"""A run on PostgreSQL is read by one process while another that drives it is killed, and a third goes on."""

import asyncio
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from podium import App
from podium.app import run_sync
from podium.model.streams import Emitted, Gone, StreamEvent
from tests.faults.children import PROGRAMS
from tests.postgres import PostgresServer

NUMBERS = 60


@contextmanager
def teller(address: str, *run: str) -> "Generator[subprocess.Popen[str]]":
    command = [sys.executable, PROGRAMS / "teller.py", address, "0.05", str(NUMBERS), *run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


def numbers(events: Sequence[StreamEvent]) -> list[int]:
    return [event.content.data["n"] for event in events if isinstance(event.content, Emitted)]


@pytest.mark.kill
def test_its_reader_misses_and_repeats_nothing_that_it_is_not_told_of(postgres: PostgresServer) -> None:
    address = postgres.address()

    async def work() -> list[StreamEvent]:
        events: list[StreamEvent] = []
        async with App.open(address) as app:
            with teller(address), teller(address, "run_1") as owner:
                handle = await app.handle("run_1")
                async for event in handle.stream(after=0):
                    events.append(event)
                    if len(numbers(events)) == 25:
                        owner.kill()
        return events

    events = run_sync(asyncio.wait_for(work(), 240))
    told = [event.type for event in events]
    reset = told.index("stream_reset")
    before, after = numbers(events[:reset]), numbers(events[reset:])
    assert before == list(range(before[0], before[-1] + 1))
    assert after == list(range(after[0], NUMBERS))
    gone = [event.content.lost for event in events[reset:] if isinstance(event.content, Gone)]
    assert not after[0] or gone
    assert {event.epoch for event in events[:reset] if event.type == "emitted"} == {1}
    assert [event.number for event in events] == sorted({event.number for event in events})
    assert (told[0], told[-1]) == ("run_started", "run_ended")
