"""Each run's facts form a chain: whoever changes, adds or takes away one shows."""

import sqlite3

import pytest

from podium import Context, workflow
from podium.testing import scripted
from tests.unit.engine.bench import Bench


@workflow
async def job(ctx: Context) -> str:
    await ctx.call(scripted("pay", lambda n: "x" * 50_000), 100)
    await ctx.call(scripted("tell", lambda n: n), "done")
    return "end"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE facts SET payload = CAST('900' AS BLOB) WHERE payload = CAST('100' AS BLOB)",
        "UPDATE facts SET at = at + 1 WHERE kind = 3",
        "UPDATE facts SET key = '7' WHERE key = '1'",
        "UPDATE facts SET epoch = epoch + 1 WHERE kind = 2",
        "UPDATE facts SET body = replace(body, 'tell', 'pay') WHERE kind = 2",
        "DELETE FROM facts WHERE kind = 18",
        "DELETE FROM facts WHERE kind = 3 AND key = '0'",
        "UPDATE runs SET head = zeroblob(32)",
    ],
)
async def test_tampering_shows(bench: Bench, change: str) -> None:
    async with bench.app(job) as app:
        handle = await app.start(job)
        await handle.result()
        assert await app.reports.verify(handle.id) == []
    connection = sqlite3.connect(bench.path)
    assert connection.execute(change).rowcount > 0
    connection.commit()
    connection.close()
    async with bench.app(job) as app:
        assert await app.reports.verify(handle.id) != []
