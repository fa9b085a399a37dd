"""Delegations: who outside may act for whom."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, GivenMoment, Moment, moment, moment_or_none
from podium.model.delegation import Delegation, Granted
from podium.model.empty import empty

if TYPE_CHECKING:
    from podium.dispatch.rules.delegation.delegations import Issued

_Bounds = dict[str, dict[str, str | list[str] | None]]


class DelegationGiven(ApiInput):
    """Whom somebody lets act, and within which bounds. Names are patterns: `crm-*`."""

    by: Annotated[str | None, Field(description="On whose behalf; else whoever asks.", min_length=1)] = None
    to: Annotated[str, Field(description="The agent outside that acts.", min_length=1)]
    agents: Annotated[tuple[str, ...], Field(description="Those that may be called, the workflow among them.")] = ("*",)
    tools: Annotated[tuple[str, ...], Field(description="`AGENT/TOOL` that may be used.")] = ("*",)
    arguments: Annotated[
        _Bounds,
        Field(
            default_factory=empty(_Bounds),
            description="For an agent or a tool: what the members of its input have to be, by path; null is absent.",
        ),
    ]
    expires: Annotated[GivenMoment | None, Field(description="From when it is void; null is no such time.")] = None
    quota: Annotated[int | None, Field(description="How many runs may be started with it.", ge=1, lt=2**53)] = None
    tenant: Annotated[str | None, Field(description="Else that of whoever asks.", min_length=1)] = None

    def delegation(self, by: str, tenant: str) -> Delegation:
        """Return the delegation, by a user of a tenant where nobody else is named."""
        return Delegation(
            by=self.by or by, to=self.to, agents=self.agents, tools=self.tools,
            arguments=self.arguments, expires=None if self.expires is None else self.expires.timestamp(),
            quota=self.quota, tenant=self.tenant or tenant,
        )  # fmt: skip


class DelegationBody(ApiBody):
    """A delegation as the store knows it."""

    id: str
    by: str
    to: str
    tenant: str
    agents: list[str]
    tools: list[str]
    arguments: _Bounds
    quota: int | None
    used: Annotated[int, Field(description="How many runs were started with it.")]
    expires: Moment | None
    granted_at: Moment
    revoked_at: Moment | None

    @classmethod
    def of(cls, granted: Granted) -> Self:
        """Return a delegation as others see it."""
        return cls.model_validate(_fields(granted))


class IssuedBody(DelegationBody):
    """A delegation with its token, which is told this once."""

    token: Annotated[str, Field(description="Whoever holds it may use it; it is kept nowhere.")]

    @classmethod
    def issued(cls, issued: "Issued") -> Self:
        """Return a delegation with its token."""
        return cls.model_validate({**_fields(issued.granted), "token": issued.token})


def _fields(granted: Granted) -> dict[str, object]:
    said = granted.delegation
    bounds = {
        agent: {
            path: bound if bound is None or isinstance(bound, str) else list(bound) for path, bound in members.items()
        }
        for agent, members in said.arguments.items()
    }
    return {
        "id": granted.id, "by": said.by, "to": said.to, "tenant": said.tenant, "agents": list(said.agents),
        "tools": list(said.tools), "arguments": bounds, "quota": said.quota, "used": granted.used,
        "expires": moment_or_none(said.expires), "granted_at": moment(granted.granted_at),
        "revoked_at": moment_or_none(granted.revoked_at),
    }  # fmt: skip
