"""Incidents: what the monitor saw go wrong, what it did, and how that ended."""

from typing import TypeVar

from typing_extensions import Unpack

from podium.api.body import PageBody
from podium.api.incidents import IncidentBody
from podium.api.lists import IncidentsGiven
from podium.client.api_call import ApiCall, get, page
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import IncidentsQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class IncidentsClient(Resource[W]):
    """`client.incidents`."""

    @endpoint
    def get(self, run: str) -> ApiCall[IncidentBody]:
        """Return what was seen, what was done and what came of it."""
        return get("/incidents/{run}", IncidentBody, run=run)

    @listed
    def list(self, **filters: Unpack[IncidentsQuery]) -> ApiCall[PageBody[IncidentBody]]:
        """List what the monitor saw go wrong, newest first."""
        return page("/incidents", PageBody[IncidentBody], IncidentsGiven, filters)
