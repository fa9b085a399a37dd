"""Delegations: a user lets an agent outside act for them, within bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podium.model.expected import NAME, TEXT, Expected, are_names, check_fields, is_list, is_mapping, or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSettings:
    """`[podium.delegation]`: how tokens are signed, and for whom they are."""

    key: str | None = None
    """The secret with which tokens are signed, as a reference (`env:NAME`); without one there are no tokens."""
    audience: str = "podium"
    """Which installation the tokens are for: another one refuses them."""

    def __post_init__(self) -> None:
        check_fields(self, {"key": or_none(TEXT), "audience": NAME})


ArgumentBound = str | Sequence[str] | None
"""A pattern for the text of a member, several of which one has to fit, or None for a member that is not given."""


def _is_bound(value: object) -> bool:
    return value is None or isinstance(value, str) or (is_list(value) and are_names(value))


def _are_bounds(value: object) -> bool:
    return is_mapping(value) and all(is_mapping(each) and all(map(_is_bound, each.values())) for each in value.values())


_BOUNDS = Expected(
    'patterns, lists of them or None by member, by agent or tool, such as {"clerk/send": {"to": ["*@example.org"]}}',
    _are_bounds,
)


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
    arguments: Mapping[str, Mapping[str, ArgumentBound]] = field(default_factory=dict[str, Mapping[str, ArgumentBound]])
    """For an agent, or an `AGENT/TOOL`: what the members of its input, or its arguments, have to be, by path.

    A pattern, or one of several, is for the text of a member, and for each item of a list. `*` stands for letters,
    digits and `.`, `_`, `+`, `-`, `**` for anything; `"*"` alone for any value. None is for a member that is not given.
    The member `*` stands for all others, inside objects too; `order.*` for those of `order`.
    """
    expires: float | None = None
    """The time, in seconds since 1970, from which it is void; None is no such time."""
    quota: int | None = None
    """How many runs may be started with it; None is no bound."""
    tenant: str = "default"

    def __post_init__(self) -> None:
        check_fields(self, {"arguments": _BOUNDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A delegation as the store knows it."""

    id: str
    delegation: Delegation
    granted_at: float
    used: int = 0
    revoked_at: float | None = None


PRINCIPAL = "delegation:"
"""The prefix of the principal of a run that was started with a token."""


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


def delegation_of(principal: str, book: DelegationBook) -> Delegation | None:
    """Return the delegation that a principal stands for; None where it is a user."""
    if not principal.startswith(PRINCIPAL):
        return None
    granted = book.get(principal.removeprefix(PRINCIPAL))
    return None if granted is None else granted.delegation
