"""Incidents: what the monitor saw go wrong, what it did, and how that ended."""

from typing import Annotated

from fastapi import Query

from podium.api.body import PageBody
from podium.api.incidents import IncidentBody
from podium.api.lists import IncidentsGiven
from podium.server.callers import ADMINISTERS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes

router = Routes("incidents")


@router.get("/incidents", openapi_extra=rights(*ADMINISTERS))
async def list_incidents(who: Who, given: Annotated[IncidentsGiven, Query()]) -> PageBody[IncidentBody]:
    """List what the monitor saw go wrong, newest first."""
    page = await who.app.reports.incidents(**given.filters())
    return PageBody(items=[IncidentBody.of(each) for each in page], cursor=page.cursor)


@router.get("/incidents/{run}", openapi_extra=rights(*ADMINISTERS), responses=responses(404, 409))
async def show_incident(run: str, who: Who) -> IncidentBody:
    """Show what was seen, what was done and what came of it."""
    return IncidentBody.of(await who.app.reports.incident(run))
