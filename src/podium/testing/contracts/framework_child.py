"""The process that is killed: `python -m podium.testing.contracts.framework_child FILE CLASS URL FOLDER POINT`."""

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from podium.app import App
from podium.engine.context import Context
from podium.engine.workflow import workflow
from podium.model.agent import AnyAgent
from podium.testing.contracts.framework_site import FrameworkSite, witnessed_tools
from podium.testing.witness import Witness

if TYPE_CHECKING:
    from podium.testing.contracts.framework import FrameworkContract


def main(file: str, name: str, url: str, folder: str, point: str) -> None:
    """Start the run, or go on with the one that is there, and print what it gives."""
    spec = importlib.util.spec_from_file_location("framework_under_test", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    suite: FrameworkContract = getattr(module, name)()
    tools = witnessed_tools(Witness(Path(folder) / "witness"), kill=point)
    print(asyncio.run(_value(suite.build(FrameworkSite(base_url=url, tools=tools)), folder)))  # noqa: T201 - its answer


async def _value(agent: AnyAgent, folder: str) -> str:
    @workflow(name="flow")
    async def flow(ctx: Context, value: str) -> str:
        return cast("str", await ctx.call(agent, value))

    async with App.open(Path(folder) / "runs.db", agents=[flow, agent]) as app:
        run = await app.start(flow, "Do it.", tag="the run")
        return await run.result()


if __name__ == "__main__":
    main(*sys.argv[1:6])
