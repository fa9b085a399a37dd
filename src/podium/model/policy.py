"""Policies: who may do what, as it is set and as it is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.model.expected import NAME, NAMES, TEXT, check_fields, each, or_none

PREFIX = "policy:"
"""With which the rule of a `Refused` outcome, or of a question, begins where a policy is behind it."""

DANGEROUS = "dangerous"
"""The id of the rule that holds from the start: a person is asked before a dangerous agent is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """`[podium.policy]`: where the rules stand, and who belongs to whom."""

    file: str | None = None
    """A file of Cedar policies, beside `podium.toml`; without one, everything inside is allowed."""
    ask: str = "operators"
    """Who is asked before a dangerous agent is called."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Groups of users, for rules such as `principal in Group::"support"`."""

    def __post_init__(self) -> None:
        check_fields(self, {"file": or_none(TEXT), "ask": NAME, "groups": _GROUPS})


_GROUPS = each(NAMES, 'users by group, such as {"support": ("anna", "ben")}')


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be."""

    rule: str | None = None
    """The rule that says so, where that is more than that everything may be."""


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not be."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asks:
    """A person of that team has to allow it first."""

    rule: str
    to: str
    reason: str
    within: float | None = None
    """Seconds after which no answer counts as a no; None waits for ever."""


PolicyDecision = Allowed | Denied | Asks
