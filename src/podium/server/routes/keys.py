"""Keys with which programs sign in, browsers that are signed in, and who asked for which change."""

from typing import Annotated

from fastapi import Query

from podium.api.access import (
    ActionBody,
    EndedBody,
    IssuedKeyBody,
    KeyBody,
    KeyGiven,
    RotateGiven,
    SessionBody,
    SessionsEnd,
)
from podium.api.body import PageBody
from podium.api.lists import ActionsGiven, OfTenantGiven
from podium.server.callers import ADMINISTERS, READS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("access")


@router.get("/keys", openapi_extra=rights(*ADMINISTERS))
async def list_keys(who: Who, given: Annotated[OfTenantGiven, Query()]) -> PageBody[KeyBody]:
    """List all keys, or those of a tenant, the oldest first; their secrets nobody can tell."""
    page = await who.app.keys.list(**given.filters())
    return PageBody(items=[KeyBody.of(each) for each in page], cursor=page.cursor)


@router.post("/keys", status_code=201, openapi_extra=rights(*ADMINISTERS))
async def create_key(body: KeyGiven, who: Who) -> IssuedKeyBody:
    """Make a key; its secret is told only in this answer."""
    made = await who.app.keys.create(
        body.name, who=body.who, tenant=body.tenant, roles=frozenset(body.roles), workflows=body.workflows,
        expires_in=body.expires_in,
    )  # fmt: skip
    return IssuedKeyBody.issued(made)


@router.post("/keys/{key}/rotate", openapi_extra=rights(*ADMINISTERS), responses=responses(409))
async def rotate_key(key: str, who: Who, body: RotateGiven | None = None) -> IssuedKeyBody:
    """Give a key a new secret; the old one goes on for a while. 409 where it has ended, or there is none of that id."""
    return IssuedKeyBody.issued(await who.app.keys.rotate(key, grace=(body or RotateGiven()).grace))


@router.post("/keys/{key}/revoke", status_code=204, openapi_extra=rights(*ADMINISTERS), responses=responses(409))
async def revoke_key(key: str, who: Who) -> None:
    """Void a key at once. 409 where it is void already, or there is none of that id."""
    await who.app.keys.revoke(key)


@router.get("/sessions", openapi_extra=rights(*ADMINISTERS))
async def list_sessions(who: Who, given: Annotated[OfTenantGiven, Query()]) -> PageBody[SessionBody]:
    """List the browsers that are signed in, or those of a tenant, the oldest first."""
    page = await who.app.keys.sessions(**given.filters())
    return PageBody(items=[SessionBody.of(each) for each in page], cursor=page.cursor)


@router.post("/sessions/end", openapi_extra=rights(*ADMINISTERS))
async def end_sessions(body: SessionsEnd, who: Who) -> EndedBody:
    """Sign somebody out of all browsers at once; their keys and delegations are revoked apart."""
    return EndedBody(ended=await who.app.keys.end_sessions(body.who, tenant=body.tenant))


@router.get("/actions", openapi_extra=rights(*READS))
async def list_actions(who: Who, given: Annotated[ActionsGiven, Query()]) -> PageBody[ActionBody]:
    """List who asked for which change, newest first. Starts and answers stand with runs and questions."""
    page = await who.app.reports.actions(**given.filters())
    return PageBody(items=[ActionBody.of(each) for each in page], cursor=page.cursor)
