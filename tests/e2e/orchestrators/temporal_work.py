"""Workflows of Temporal whose activities run workflows of Podium, and some for agents of Podium to start."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from podium import App, Context, agent
from podium import workflow as podium_workflow
from podium.model.question import Question
from podium.orchestrators.job import JobAgent
from podium.orchestrators.temporal import execution, run


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which activity is to be made, with what."""

    activity: str
    given: str
    attempts: int
    heartbeat: float | None


@workflow.defn(name="Asks", sandboxed=False)
class Asks:
    """Makes one activity."""

    @workflow.run
    async def run(self, wanted: Wanted) -> str:
        """Return what it gives."""
        return await workflow.execute_activity(
            wanted.activity, wanted.given, result_type=str, start_to_close_timeout=timedelta(hours=1),
            heartbeat_timeout=None if wanted.heartbeat is None else timedelta(seconds=wanted.heartbeat),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(milliseconds=50), maximum_attempts=wanted.attempts,
            ),
        )  # fmt: skip


@workflow.defn(name="Shout", sandboxed=False)
class Shout:
    """Says it louder."""

    @workflow.run
    async def run(self, text: str) -> str:
        """Return it in capitals."""
        if not text:
            raise ApplicationError("there is nothing to shout", non_retryable=True)
        return text.upper()


@workflow.defn(name="Waits", sandboxed=False)
class Waits:
    """Comes to no end by itself."""

    @workflow.run
    async def run(self, _: None) -> None:
        """Wait until it is cancelled."""
        await workflow.wait_condition(lambda: False)


class Work:
    """A worker of Temporal and the app whose workflows its activities run."""

    def __init__(self, client: Client, app: App, queue: str, done: list[str]) -> None:
        self.app = app
        self.done = done
        self._client = client
        self._queue = queue

    async def begin(
        self, activity: str, given: str, *, attempts: int = 5, heartbeat: float | None = 5
    ) -> WorkflowHandle[Any, str]:
        """Start a workflow that makes an activity."""
        wanted = Wanted(activity=activity, given=given, attempts=attempts, heartbeat=heartbeat)
        name = self.app.worker.runtime.ids.new("wf")
        return await self._client.start_workflow(Asks.run, wanted, id=name, task_queue=self._queue)

    async def questions(self) -> Sequence[Question]:
        """Wait until a run asks."""
        while not (found := (await self.app.inbox.list()).items):
            await asyncio.sleep(0.01)
        return found

    def agent(self, name: str) -> JobAgent[Any, Any]:
        """Return an agent that starts a workflow of Temporal by its name."""
        server = self._client.service_client.config.target_host
        return execution(name, name=name.lower(), task_queue=self._queue, server=server, poll=0.05)


@asynccontextmanager
async def working_with(client: Client, folder: Path) -> AsyncGenerator[Work]:
    """Run a worker whose task queue is that of the folder."""
    done: list[str] = []

    @agent
    async def pay(what: str) -> str:
        done.append(f"paid {what}")
        return what

    @agent
    async def shaky(what: str) -> str:
        done.append(f"shaky {what}")
        if done.count(f"shaky {what}") == 1:
            raise ValueError(f"{what} is locked")
        return f"{what} is done"

    @agent
    async def undo(what: str) -> None:
        done.append(f"undone {what}")

    @podium_workflow
    async def article(ctx: Context, what: str) -> str:
        return await ctx.call(shaky, await ctx.call(pay, what))

    @podium_workflow
    async def asks(ctx: Context, what: str) -> str:
        await ctx.on_undo(undo, what)
        return await ctx.ask("Publish?", answer=str)

    async with App.open(folder / "podium.db", agents=[article, asks], grace=0.1) as app:

        @activity.defn(name="article")
        async def do_article(what: str) -> str:
            return await run(app, article, what)

        @activity.defn(name="asks")
        async def do_asks(what: str) -> str:
            return await run(app, asks, what)

        worker = Worker(
            client, task_queue=folder.name, workflows=[Asks, Shout, Waits], activities=[do_article, do_asks],
            workflow_runner=UnsandboxedWorkflowRunner(), max_cached_workflows=0,
        )  # fmt: skip
        async with worker:
            yield Work(client, app, folder.name, done)
