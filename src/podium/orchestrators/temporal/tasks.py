"""Runs of Podium in activities of Temporal. Needs the extra `podium[temporal]`."""

import asyncio
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.client import ActivityExecutionStatus, WorkflowExecutionStatus
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from podium.app import App
from podium.errors import PodiumError, RunCancelled, RunError, UsageError
from podium.fleets.temporal.heartbeats import heartbeats
from podium.model.agent import Agent
from podium.orchestrators.hosted import Host, cancel_and_wait, result_of, start_hosted

In = TypeVar("In")
Out = TypeVar("Out")

_WITHIN = timedelta(seconds=10)


async def run(
    app: App, workflow: Agent[In, Out] | str, input: In = None, /, *, key: str | None = None, **options: Any
) -> Out:
    """Run a workflow of Podium from an activity of Temporal and return its value. Options: see `App.start`.

    The run belongs to the activity, the workflow and its input, or the `key` instead of that: the activity tried again
    comes to the same run, and one that failed goes on from what failed. A cancel of the activity cancels the run; a
    worker that stops leaves it. The activity sends heartbeats, so it has to have a `heartbeat_timeout`. What fails
    raises an ApplicationError with the type and the words of Podium's error.
    """
    info = activity.info()
    if info.heartbeat_timeout is None:
        raise _said(
            UsageError(
                f"activity {info.activity_type} has no heartbeat_timeout, so Temporal would notice neither that its "
                "worker died nor that it is to stop: give it one, such as heartbeat_timeout=timedelta(seconds=30)"
            )
        )
    parts = (info.namespace, info.workflow_id, info.workflow_run_id or info.activity_run_id, info.activity_id)
    host = Host(system="temporal", task=tuple(part for part in parts if part))
    try:
        with heartbeats(info.heartbeat_timeout.total_seconds()):
            starting = asyncio.create_task(start_hosted(app, host, workflow, input, key=key, **options))
            try:
                return await result_of(starting)
            except asyncio.CancelledError:
                if await _is_over(info):
                    await cancel_and_wait(starting, host.stop)
                raise
    except PodiumError as error:
        raise _said(error) from error


async def _is_over(info: activity.Info) -> bool:
    """Whether nobody wants the value of this activity any more, now or from another try."""
    why = activity.cancellation_details()
    return why is not None and (why.cancel_requested or (why.not_found and not await _is_tried_again(info)))


async def _is_tried_again(info: activity.Info) -> bool:
    """Whether Temporal has only given this try up, as after a time without heartbeats; so also where it cannot tell."""
    try:
        if info.workflow_id is None:
            alone = activity.client().get_activity_handle(info.activity_id, run_id=info.activity_run_id)
            return (await alone.describe(rpc_timeout=_WITHIN)).status is ActivityExecutionStatus.RUNNING
        host = activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id)
        there = await host.describe(rpc_timeout=_WITHIN)
    except RPCError as error:
        return error.status is not RPCStatusCode.NOT_FOUND
    wanted = {each.activity_id for each in there.raw_description.pending_activities}
    return there.status is WorkflowExecutionStatus.RUNNING and info.activity_id in wanted


def _said(error: PodiumError) -> ApplicationError:
    again = isinstance(error, RunError) and not isinstance(error, RunCancelled)
    another_time = again or not isinstance(error, RunError | UsageError)
    return ApplicationError(str(error), type=type(error).__name__, non_retryable=not another_time)
