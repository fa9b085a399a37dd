"""PostgreSQL holds no NUL in a text: what a run fails with may have one all the same."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from podium import App, Context, RunState, workflow
from podium.errors import RunFailed
from podium.operations.moving import move_store
from podium.store.opening import open_store
from tests.postgres import PostgresServer


@workflow
async def breaks(ctx: Context) -> None:
    raise ValueError("cannot read \0\0 here")


async def fails(address: str) -> str:
    """Have a run fail on a store; returns its id."""
    async with App.open(address, agents=[breaks]) as app:
        run = await app.start(breaks)
        with pytest.raises(RunFailed, match="cannot read"):
            await asyncio.wait_for(run.result(), 60)
        return run.id


async def test_a_run_fails_with_a_nul_as_with_anything_else(postgres: PostgresServer) -> None:
    address = postgres.address()
    run = await fails(address)
    with closing(open_store(address)) as store:
        found = await store.run(run)
        assert found is not None
        assert (found.state, found.reason) == (RunState.FAILED, "ValueError: cannot read \ufffd\ufffd here")
        assert await store.verify(run) == []


async def test_a_store_in_which_one_did_is_moved(tmp_path: Path, postgres: PostgresServer) -> None:
    source, target = str(tmp_path / "a.db"), postgres.address()
    run = await fails(source)
    await move_store(source, target, by="ann", now=2e9)
    with closing(open_store(target)) as store:
        found = await store.run(run)
        assert found is not None
        assert found.reason == "ValueError: cannot read \ufffd\ufffd here"
