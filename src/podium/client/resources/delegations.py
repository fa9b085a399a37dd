"""Delegations: who outside may act for whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from typing_extensions import Unpack

from podium.api.access import DelegatedStart
from podium.api.body import PageBody
from podium.api.delegations import DelegationBody, DelegationGiven, IssuedBody
from podium.api.lists import PageGiven
from podium.api.runs import RunBody
from podium.client.api_call import ApiCall, page, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import PageQuery
from podium.client.ways import Awaiting, Blocking
from podium.model.json import Json

W = TypeVar("W", Blocking, Awaiting)


class DelegationsClient(Resource[W]):
    """`client.delegations`."""

    @endpoint
    def grant(
        self,
        to: str,
        *,
        by: str | None = None,
        agents: Sequence[str] = ("*",),
        tools: Sequence[str] = ("*",),
        arguments: Mapping[str, Mapping[str, str | Sequence[str] | None]] | None = None,
        expires: datetime | None = None,
        quota: int | None = None,
        tenant: str | None = None,
    ) -> ApiCall[IssuedBody]:
        """Let an agent outside start runs for whoever asks, or for a user, with a `token` that is told only now.

        `agents` and `tools` (`AGENT/TOOL`) are patterns: `crm-*`. `arguments` bounds inputs: by agent or tool what
        their members have to be, by path; None is absent. `quota` is how many runs may be started with it.
        """
        given = DelegationGiven(
            to=to, by=by, agents=(*agents,), tools=(*tools,), arguments=_bounds(arguments or {}), expires=expires,
            quota=quota, tenant=tenant,
        )  # fmt: skip
        return post("/delegations", IssuedBody, given)

    @endpoint
    def revoke(self, delegation: str) -> ApiCall[None]:
        """Void a delegation at once, also for runs under way; raises NotPossible where none of that id is in force."""
        return post("/delegations/{delegation}/revoke", type(None), delegation=delegation)

    @endpoint
    def start(self, workflow: str, input: Json = None) -> ApiCall[RunBody]:
        """Start a run on behalf of whoever granted a delegation. The client has its `token`."""
        return post("/delegated-runs", RunBody, DelegatedStart(workflow=workflow, input=input))

    @listed
    def list(self, **filters: Unpack[PageQuery]) -> ApiCall[PageBody[DelegationBody]]:
        """List delegations, the oldest first: the own ones, or those of the tenant."""
        return page("/delegations", PageBody[DelegationBody], PageGiven, filters)


def _bounds(
    arguments: Mapping[str, Mapping[str, str | Sequence[str] | None]],
) -> dict[str, dict[str, str | list[str] | None]]:
    return {
        agent: {path: bound if bound is None or isinstance(bound, str) else [*bound] for path, bound in members.items()}
        for agent, members in arguments.items()
    }
