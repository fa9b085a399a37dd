"""Dead letters: runs that failed or were quarantined."""

from collections.abc import Sequence
from typing import TypeVar

from typing_extensions import Unpack

from podium.api.body import PageBody
from podium.api.dead_letters import DeadLetterBody, RequeuedBody, RequeueGiven
from podium.api.lists import DeadLettersGiven
from podium.api.runs import ReasonGiven
from podium.client.api_call import ApiCall, get, page, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import DeadLettersQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class DeadLettersClient(Resource[W]):
    """`client.dead_letters`."""

    @endpoint
    def get(self, run: str) -> ApiCall[DeadLetterBody]:
        """Return what went wrong in a run that failed, with every attempt."""
        return get("/dead-letters/{run}", DeadLetterBody, run=run)

    @endpoint
    def requeue(self, runs: Sequence[str]) -> ApiCall[list[RequeuedBody]]:
        """Have dead letters go on from what failed; what is wrong with one does not stop the others."""
        return post("/dead-letters/requeue", list[RequeuedBody], RequeueGiven(runs=[*runs]))

    @endpoint
    def discard(self, run: str, *, reason: str) -> ApiCall[DeadLetterBody]:
        """Say that nobody will see to a dead letter any more. It stays in the store."""
        return post("/dead-letters/{run}/discard", DeadLetterBody, ReasonGiven(reason=reason), run=run)

    @listed
    def list(self, **filters: Unpack[DeadLettersQuery]) -> ApiCall[PageBody[DeadLetterBody]]:
        """List the runs that failed or were quarantined, newest first."""
        return page("/dead-letters", PageBody[DeadLetterBody], DeadLettersGiven, filters)
