"""The store as a whole: how large it is, and what is deleted of it."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

from podium.api.stores import CompactedBody, PrunedBody, PruneGiven, RedactedRunsBody, RetainGiven, StoreBody
from podium.client.api_call import ApiCall, get, post, through_the_store
from podium.client.endpoint import Resource, endpoint
from podium.client.ways import Awaiting, Blocking
from podium.model.run import ENDED_STATES, RunState

W = TypeVar("W", Blocking, Awaiting)

EndedState: TypeAlias = RunState | Literal["done", "failed", "cancelled"]


class StoreClient(Resource[W]):
    """`client.store`."""

    @endpoint
    def get(self) -> ApiCall[StoreBody]:
        """Return where the store is, how much room it takes, and how many runs of each state it has."""
        return get("/store", StoreBody)

    @endpoint
    def prune(
        self,
        older_than: float | str,
        *,
        states: Sequence[EndedState] = ENDED_STATES,
        dry_run: bool = False,
        reason: str = "retention",
    ) -> ApiCall[PrunedBody]:
        """Delete runs that ended longer ago, each with all that it started; that they were there stays provable.

        `older_than` is in seconds, or such as "90d". With `dry_run` it tells what it would delete, and deletes nothing.
        """
        said = {"older_than": older_than, "states": states, "dry_run": dry_run, "reason": reason}
        given = PruneGiven.model_validate(said)
        return through_the_store(post("/store/prune", PrunedBody, given))

    @endpoint
    def retain(self, older_than: float | str, *, reason: str = "retention") -> ApiCall[RedactedRunsBody]:
        """Redact all runs that ended longer ago (seconds, or "90d"), if those that started them did too."""
        given = RetainGiven(older_than=older_than, reason=reason)
        return through_the_store(post("/store/retain", RedactedRunsBody, given))

    @endpoint
    def compact(self) -> ApiCall[CompactedBody]:
        """Give the room of what was deleted back to the disk; nobody else may drive runs meanwhile."""
        return through_the_store(post("/store/compact", CompactedBody))
