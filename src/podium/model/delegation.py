"""Delegations: a user lets an agent outside act for them, within bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podium.model.expected import NAME, TEXT, check_fields, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSettings:
    """`[podium.delegation]`: how tokens are signed, and for whom they are."""

    key: str | None = None
    """The secret with which tokens are signed, as a reference (`env:NAME`); without one there are no tokens."""
    audience: str = "podium"
    """Which installation the tokens are for: another one refuses them."""

    def __post_init__(self) -> None:
        check_fields(self, {"key": or_none(TEXT), "audience": NAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What a user lets an agent do for them. Names are patterns: `crm-*`."""

    by: str
    """The user on whose behalf it happens."""
    to: str
    """The agent outside that acts."""
    agents: tuple[str, ...] = ("*",)
    """The agents that may be called on the way, the workflow that is started among them."""
    tools: tuple[str, ...] = ("*",)
    """The tools that these may use: `AGENT/TOOL`."""
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """For an agent, or an `AGENT/TOOL`: which members its input must have, and a pattern for the text of each."""
    expires: float | None = None
    """The time, in seconds since 1970, from which it is void; None is no such time."""
    quota: int | None = None
    """How many runs may be started with it; None is no bound."""
    tenant: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A delegation as the store knows it."""

    id: str
    delegation: Delegation
    granted_at: float
    used: int = 0
    revoked_at: float | None = None


class DelegationBook(Protocol):
    """Where delegations are kept. Every store brings one."""

    def enter(self, granted: Granted) -> None:
        """Keep a delegation."""
        ...

    def get(self, id: str) -> Granted | None:
        """Return a delegation as it stands now, whichever process changed it."""
        ...

    def all(self) -> Sequence[Granted]:
        """Return all delegations, the oldest first."""
        ...

    def use(self, id: str, now: float) -> bool:
        """Count one use; False where it is revoked, expired or used up. It is decided in one transaction."""
        ...

    def revoke(self, id: str, now: float) -> bool:
        """Void a delegation from now on; False where there is none of that id that is not void already."""
        ...
