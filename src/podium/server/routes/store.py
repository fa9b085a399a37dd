"""The store as a whole: how large it is, and what is deleted of it."""

from fastapi import Depends

from podium.api.stores import (
    CompactedBody,
    PrunedBody,
    PruneGiven,
    RedactedRunsBody,
    RetainGiven,
    StoreBody,
)
from podium.server.callers import ADMINISTERS, OPERATES, Who, rights, through_the_store
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("store")


@router.get("/store", openapi_extra=rights(*ADMINISTERS))
async def show_store(who: Who) -> StoreBody:
    """Show where the store is, how much room it takes, and how many runs of each state it has."""
    return StoreBody.of(await who.app.reports.store())


@router.post("/store/prune", openapi_extra=rights(*OPERATES), dependencies=[Depends(through_the_store)])
async def prune_store(body: PruneGiven, who: Who) -> PrunedBody:
    """Delete runs that ended long ago, each with all that it started; that they were there stays provable."""
    done = await who.app.operations.prune(body.older_than, states=body.states, why=body.reason, dry_run=body.dry_run)
    return PrunedBody.of(done, dry_run=body.dry_run)


@router.post("/store/retain", openapi_extra=rights(*OPERATES), dependencies=[Depends(through_the_store)])
async def retain_store(body: RetainGiven, who: Who) -> RedactedRunsBody:
    """Redact all runs that ended longer ago, if those that started them did too."""
    return RedactedRunsBody(redacted=await who.app.operations.retain(body.older_than, why=body.reason))


@router.post(
    "/store/compact",
    openapi_extra=rights(*ADMINISTERS),
    responses=responses(409),
    dependencies=[Depends(through_the_store)],
)
async def compact_store(who: Who) -> CompactedBody:
    """Give the room of what was deleted back to the disk; nobody else may drive runs meanwhile."""
    return CompactedBody.of(await who.app.operations.compact())
