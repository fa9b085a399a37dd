"""Dead letters: runs that failed or were quarantined; they go on from what failed, or are discarded."""

from typing import Annotated

from fastapi import Query

from podium.api.body import PageBody
from podium.api.dead_letters import DeadLetterBody, RequeuedBody, RequeueGiven
from podium.api.lists import DeadLettersGiven
from podium.api.runs import ReasonGiven
from podium.server.callers import OPERATES, READS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("dead letters")


@router.get("/dead-letters", openapi_extra=rights(*READS))
async def list_dead_letters(who: Who, given: Annotated[DeadLettersGiven, Query()]) -> PageBody[DeadLetterBody]:
    """List the runs that failed or were quarantined, newest first."""
    page = await who.app.reports.dead_letters(**given.filters())
    return PageBody(items=[DeadLetterBody.of(each) for each in page], cursor=page.cursor)


@router.post("/dead-letters/requeue", status_code=202, openapi_extra=rights(*OPERATES))
async def requeue_dead_letters(body: RequeueGiven, who: Who) -> list[RequeuedBody]:
    """Have dead letters go on from what failed; what is wrong with one does not stop the others."""
    return [RequeuedBody.of(each) for each in await who.app.operations.requeue(*dict.fromkeys(body.runs))]


@router.get("/dead-letters/{run}", openapi_extra=rights(*READS), responses=responses(404, 409))
async def show_dead_letter(run: str, who: Who) -> DeadLetterBody:
    """Show what went wrong in a run that failed, with every attempt."""
    return DeadLetterBody.of(await who.app.reports.dead_letter(run))


@router.post("/dead-letters/{run}/discard", openapi_extra=rights(*OPERATES), responses=responses(404, 409))
async def discard_dead_letter(run: str, body: ReasonGiven, who: Who) -> DeadLetterBody:
    """Say that nobody will see to a dead letter any more. It stays in the store."""
    await who.app.operations.discard(run, why=body.reason)
    return DeadLetterBody.of(await who.app.reports.dead_letter(run))
