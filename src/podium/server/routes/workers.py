"""Workers and queues: who drives runs, what waits, and how many workers there should be."""

from typing import Annotated

from fastapi import Query

from podium.api.runs import ReasonGiven
from podium.api.workers import QueueBody, WantedBody, WorkerBody
from podium.server.callers import ADMINISTERS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("workers")


@router.get("/workers", openapi_extra=rights(*ADMINISTERS))
async def list_workers(who: Who) -> list[WorkerBody]:
    """List the workers that have not left, the oldest first: where each runs, and what it does now."""
    return [WorkerBody.of(each) for each in await who.app.reports.workers()]


@router.get("/workers/wanted", openapi_extra=rights(*ADMINISTERS))
async def wanted_workers(
    who: Who,
    queue: Annotated[str | None, Query(description="Only for the runs of this queue.", min_length=1)] = None,
    within: Annotated[float, Query(gt=0, le=1e9, description="Seconds in which whatever waits is to begin.")] = 30,
    slots: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="Of a worker, where none is there to tell.")
    ] = None,
) -> WantedBody:
    """Say how many workers there should be, so that what waits is begun in time."""
    options = {} if slots is None else {"slots": slots}
    return WantedBody.of(await who.app.reports.workers_wanted(queue, within=within, **options))


@router.post(
    "/workers/{worker}/drain", status_code=202, openapi_extra=rights(*ADMINISTERS), responses=responses(404, 409)
)
async def drain_worker(worker: str, who: Who, body: ReasonGiven | None = None) -> WorkerBody:
    """Have a worker begin nothing new, let what is under way end, and hand the rest back, wherever it runs.

    It is told at its next beat; then `GET /workers` says so.
    """
    reason = "maintenance" if body is None else body.reason
    return WorkerBody.of(await who.app.operations.drain_worker(worker, why=reason))


@router.get("/queues", openapi_extra=rights(*ADMINISTERS))
async def list_queues(who: Who) -> list[QueueBody]:
    """List the queues: how many runs wait there, for how long, and how fast workers begin them."""
    return [QueueBody.of(each) for each in await who.app.reports.queues()]
