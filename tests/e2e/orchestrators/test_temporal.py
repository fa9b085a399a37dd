"""Podium beside a Temporal server that is really running: activities that run workflows, agents that start theirs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from podium import Context
from podium import workflow as podium_workflow
from podium.errors import RunCancelled, RunFailed

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

    from tests.e2e.orchestrators.temporal_work import Work
    from tests.temporal import TemporalServer

pytestmark = pytest.mark.system

PATIENCE = 120


@pytest.fixture
async def client(temporal: "TemporalServer") -> "Client":
    from temporalio.client import Client  # noqa: PLC0415 - Temporal's package takes long to load

    return await Client.connect(temporal.address)


@asynccontextmanager
async def working(client: "Client", folder: Path) -> "AsyncGenerator[Work]":
    """Run a worker of Temporal, with an app of Podium for its activities, while the block lasts."""
    from tests.e2e.orchestrators.temporal_work import working_with  # noqa: PLC0415 - the same

    async with asyncio.timeout(PATIENCE), working_with(client, folder) as work:
        yield work


async def _fails(handle: "WorkflowHandle[Any, Any]") -> str:
    """Return what Temporal says of a workflow that failed."""
    from temporalio.client import WorkflowFailureError  # noqa: PLC0415 - the same
    from temporalio.exceptions import ActivityError, ApplicationError  # noqa: PLC0415 - the same

    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    cause = failed.value.cause
    if isinstance(cause, ActivityError):
        cause = cause.cause
    return f"{cause.type}: {cause.message}" if isinstance(cause, ApplicationError) else repr(cause)


async def test_an_activity_that_is_tried_again_goes_on_with_its_run(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        handle = await work.begin("article", "the desk")
        assert await handle.result() == "the desk is done"
        assert work.done == ["paid the desk", "shaky the desk", "shaky the desk"]
        (run,) = await work.app.runs.list()
        assert run.id.startswith(f"temporal:default:{handle.id}:")


async def test_an_activity_whose_worker_stops_is_tried_elsewhere_and_its_run_goes_on(
    client: "Client", tmp_path: Path
) -> None:
    async with working(client, tmp_path) as work:
        handle = await work.begin("asks", "the press")
        questions = await work.questions()
    async with working(client, tmp_path) as work:
        await work.app.inbox.answer(questions[0].id, "yes", by="ada")
        assert await handle.result() == "yes"
        assert len(await work.app.runs.list()) == 1
        assert work.done == []


async def test_what_fails_here_fails_there_in_its_own_words(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        said = await _fails(await work.begin("article", "the table", attempts=1))
        assert said.startswith("RunFailed: ")
        assert "the table is locked" in said


async def test_an_activity_that_is_cancelled_cancels_its_run(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        handle = await work.begin("asks", "the press")
        (question,) = await work.questions()
        await handle.cancel()
        with pytest.raises(RunCancelled):
            await (await work.app.handle(question.run)).result()
        assert await _fails(handle)
        assert work.done == ["undone the press"]


async def test_a_run_that_is_cancelled_here_is_not_tried_again_there(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        handle = await work.begin("asks", "the press")
        (question,) = await work.questions()
        await (await work.app.handle(question.run)).cancel("nobody wants it")
        assert (await _fails(handle)).startswith("RunCancelled: ")


async def test_an_activity_without_heartbeats_is_refused(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        said = await _fails(await work.begin("article", "the desk", heartbeat=None))
        assert said.startswith("UsageError: ")
        assert "has no heartbeat_timeout" in said
        assert work.done == []


async def test_an_agent_starts_a_workflow_once_and_is_given_its_value(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        shout = work.agent("Shout")

        @podium_workflow
        async def both(ctx: Context) -> list[str]:
            return [await ctx.call(shout, "hello"), await ctx.call(shout, "world")]

        work.app.register(both)
        assert await work.app.run(both, id="both") == ["HELLO", "WORLD"]
        described = await client.get_workflow_handle("podium:both:0.0").describe()
        assert described.workflow_type == "Shout"


async def test_an_agent_says_why_its_workflow_failed(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        shout = work.agent("Shout")
        work.app.register(shout)
        with pytest.raises(RunFailed, match=r"ended as failed: .*nothing to shout"):
            await work.app.run(shout, "")


async def test_an_agent_that_is_cancelled_cancels_its_workflow(client: "Client", tmp_path: Path) -> None:
    from temporalio.client import WorkflowExecutionStatus  # noqa: PLC0415 - Temporal's package takes long to load

    async with working(client, tmp_path) as work:
        waits = work.agent("Waits")
        work.app.register(waits)
        run = await work.app.start(waits, None, id="waits")
        there = client.get_workflow_handle("podium:waits:0")
        while (await run.status()).state != "parked":
            await asyncio.sleep(0.01)
        await run.cancel()
        with pytest.raises(RunCancelled):
            await run.result()
        while (status := (await there.describe()).status) is WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.01)
        assert status is WorkflowExecutionStatus.CANCELED


async def test_a_workflow_that_is_cancelled_there_is_a_refusal_here(client: "Client", tmp_path: Path) -> None:
    async with working(client, tmp_path) as work:
        waits = work.agent("Waits")
        work.app.register(waits)
        run = await work.app.start(waits, None, id="refused")
        while (await run.status()).state != "parked":
            await asyncio.sleep(0.01)
        await client.get_workflow_handle("podium:refused:0").cancel()
        with pytest.raises(RunFailed, match=r"Refusal: .*ended as canceled"):
            await run.result()
