"""Delegations: who outside may act for whom."""

from typing import Annotated

from fastapi import Query

from podium.api.body import PageBody
from podium.api.delegations import DelegationBody, DelegationGiven, IssuedBody
from podium.api.lists import PageGiven
from podium.errors import NotPossible
from podium.server.callers import READS, STARTS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("delegations")


@router.get("/delegations", openapi_extra=rights(*READS))
async def list_delegations(who: Who, given: Annotated[PageGiven, Query()]) -> PageBody[DelegationBody]:
    """List delegations, the oldest first: the own ones, or those of the tenant."""
    page = await who.app.delegations.list(**given.filters())
    return PageBody(items=[DelegationBody.of(each) for each in page], cursor=page.cursor)


@router.post("/delegations", status_code=201, openapi_extra=rights(*STARTS), responses=responses(409))
async def grant_delegation(body: DelegationGiven, who: Who) -> IssuedBody:
    """Give out a token with which an agent outside starts runs for a user. It is told this once."""
    principal = who.principal
    return IssuedBody.issued(await who.app.delegations.issue(body.delegation(principal.who, principal.tenant)))


@router.post(
    "/delegations/{delegation}/revoke", status_code=204, openapi_extra=rights(*STARTS), responses=responses(409)
)
async def revoke_delegation(delegation: str, who: Who) -> None:
    """Void a delegation at once, also for runs under way: their next call or step is refused."""
    if not await who.app.delegations.revoke(delegation):
        raise NotPossible(f"no delegation {delegation!r} is in force. `GET /delegations` lists those there are.")
