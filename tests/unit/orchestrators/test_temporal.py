"""What becomes of the run of an activity of Temporal that is stopped, by why it is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import ActivityExecutionStatus, Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from podium import App, Context, workflow
from podium.model.run import RunState
from podium.orchestrators.temporal import run

GIVEN_UP = ActivityCancellationDetails(not_found=True)


class Described:
    """A client of Temporal that says one thing of whatever it is asked about."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def get_workflow_handle(self, workflow_id: str, *, run_id: str | None) -> "Described":
        assert (workflow_id, run_id) == ("test", "test-run")
        return self

    def get_activity_handle(self, activity_id: str, *, run_id: str | None) -> "Described":
        assert (activity_id, run_id) == ("test", "alone")
        return self

    async def describe(self, *, rpc_timeout: timedelta) -> Any:
        if isinstance(self._told, RPCError):
            raise self._told
        return self._told


def of_workflow(status: WorkflowExecutionStatus, *pending: str) -> Any:
    activities = [PendingActivityInfo(activity_id=each) for each in pending]
    raw = DescribeWorkflowExecutionResponse(pending_activities=activities)
    return SimpleNamespace(status=status, raw_description=raw)


def refused(status: RPCStatusCode) -> RPCError:
    return RPCError("no", status, b"")


RUNNING, TERMINATED = WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.TERMINATED
ALONE = {"workflow_id": None, "workflow_run_id": None, "activity_run_id": "alone"}


@pytest.mark.parametrize(
    ("why", "told", "info", "state"),
    [
        (ActivityCancellationDetails(cancel_requested=True), None, {}, "cancelled"),
        (ActivityCancellationDetails(worker_shutdown=True), None, {}, "parked"),
        (GIVEN_UP, of_workflow(RUNNING, "other", "test"), {}, "parked"),
        (GIVEN_UP, of_workflow(RUNNING, "other"), {}, "cancelled"),
        (GIVEN_UP, of_workflow(TERMINATED, "test"), {}, "cancelled"),
        (GIVEN_UP, refused(RPCStatusCode.NOT_FOUND), {}, "cancelled"),
        (GIVEN_UP, refused(RPCStatusCode.UNAVAILABLE), {}, "parked"),
        (GIVEN_UP, SimpleNamespace(status=ActivityExecutionStatus.RUNNING), ALONE, "parked"),
        (GIVEN_UP, SimpleNamespace(status=ActivityExecutionStatus.TERMINATED), ALONE, "cancelled"),
    ],
)
async def test_a_run_is_cancelled_where_no_other_try_of_its_activity_wants_it(
    tmp_path: Path, why: ActivityCancellationDetails, told: Any, info: dict[str, Any], state: str
) -> None:
    @workflow
    async def waits(ctx: Context, day: str) -> str:
        return await ctx.signal("never", str)

    there = ActivityEnvironment(cast("Client", Described(told)))
    there.info = replace(there.info, heartbeat_timeout=timedelta(seconds=30), **info)
    async with App.open(tmp_path / "podium.db", agents=[waits]) as app:
        activity = asyncio.create_task(there.run(run, app, waits, "monday"))
        while not (runs := await app.runs.list(state=RunState.PARKED)).items:
            await asyncio.sleep(0.001)
        there.cancel(why)
        with pytest.raises(asyncio.CancelledError):
            await activity
        assert (await (await app.handle(runs.items[0].id)).status()).state == state
