"""A process may leave all runs to others: it starts them, looks at them and answers them, and drives none."""

import asyncio
from pathlib import Path

from podium import App, Context, workflow
from podium.model.run import RunState


@workflow
async def seven(ctx: Context) -> int:
    await ctx.sleep(0)
    return 7


async def test_what_is_started_where_nothing_is_driven_is_driven_by_others(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    async with App.open(file, agents=[seven], fleet="none") as door:
        run = await door.start(seven)
        assert (await run.status()).state is RunState.READY
        assert "no process serves" in await door.reports.unserved(run.id)
        assert (await door.reports.workers_wanted()).workers == 0
        async with App.open(file, agents=[seven]):
            async with asyncio.timeout(60):
                assert await run.result() == 7
