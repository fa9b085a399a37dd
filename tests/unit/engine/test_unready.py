"""An app says that it can do nothing for others while its store takes nothing, and looks no oftener than it has to."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from podium import App, Context, workflow
from podium.errors import PodiumError, StoreUnavailable
from podium.services.last_write import RECENT_SECONDS
from tests.unit.engine.bench import Bench

FULL = StoreUnavailable("the disk of podium.db is full. Nothing recorded is lost; make room and try again.")


@workflow
async def hello(ctx: Context, name: str) -> str:
    return name


@contextmanager
def full(app: App) -> Generator[list[str]]:
    """Have the store take no commit and no beat while the block lasts; gives what was tried."""
    tried: list[str] = []

    def refusing(name: str) -> Callable[..., Any]:
        def refuse(*_: Any, **__: Any) -> Any:
            tried.append(name)
            raise FULL

        return refuse

    with patch.object(app.store, "commit", refusing("commit")), patch.object(
        type(app.store.workers), "beat", refusing("beat")
    ):  # fmt: skip
        yield tried


async def test_a_store_that_takes_nothing_is_told_of_at_once_and_until_it_takes_something_again(bench: Bench) -> None:
    async with bench.app(hello) as app:
        assert await app.unready() == ""
        with full(app) as tried:
            with pytest.raises(PodiumError):
                await app.start(hello, "ann")
            assert await app.unready() == str(FULL)
            await bench.clock.advance(RECENT_SECONDS)
            assert await app.unready() == str(FULL)
            assert "beat" in tried
        await bench.clock.advance(RECENT_SECONDS)
        assert await app.unready() == ""


async def test_where_nothing_was_written_for_a_while_it_is_tried_once_however_many_ask(bench: Bench) -> None:
    async with bench.app(hello) as app:
        with full(app) as tried:
            assert [await app.unready() for _ in range(3)] == [""] * 3
            assert tried.count("beat") == 0
            await bench.clock.advance(RECENT_SECONDS)
            tried.clear()
            assert [await app.unready() for _ in range(5)] == [str(FULL)] * 5
            assert tried.count("beat") == 1


async def test_a_commit_that_is_taken_says_that_the_store_takes_something(bench: Bench) -> None:
    async with bench.app(hello) as app:
        with full(app), pytest.raises(PodiumError):
            await app.start(hello, "ann")
        assert await app.unready() == str(FULL)
        assert await (await app.start(hello, "bob")).result() == "bob"
        assert await app.unready() == ""
