"""Workers and queues: who drives runs, what waits, and how many workers there should be."""

from collections.abc import Sequence
from typing import TypeVar

from podium.api.runs import ReasonGiven
from podium.api.workers import QueueBody, WantedBody, WorkerBody
from podium.client.api_call import ApiCall, get, post
from podium.client.endpoint import Resource, endpoint
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class WorkersClient(Resource[W]):
    """`client.workers`."""

    @endpoint
    def wanted(self, *, queue: str | None = None, within: float = 30, slots: int | None = None) -> ApiCall[WantedBody]:
        """Return how many workers there should be, so that what waits is begun within so many seconds."""
        return get("/workers/wanted", WantedBody, {"queue": queue, "within": within, "slots": slots})

    @endpoint
    def drain(self, worker: str, *, reason: str = "maintenance") -> ApiCall[WorkerBody]:
        """Have a worker begin nothing new, let what is under way end, and hand the rest back."""
        return post("/workers/{worker}/drain", WorkerBody, ReasonGiven(reason=reason), again=True, worker=worker)

    @endpoint
    def queues(self) -> ApiCall[list[QueueBody]]:
        """List the queues: how many runs wait there, for how long, and how fast workers begin them."""
        return get("/queues", list[QueueBody])

    @endpoint
    def list(self) -> ApiCall[Sequence[WorkerBody]]:
        """List the workers that have not left, the oldest first: where each runs, and what it does now."""
        return get("/workers", Sequence[WorkerBody])
