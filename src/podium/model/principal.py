"""On whose behalf an app is used: who it is, of which tenant, in which roles."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from podium.errors import UsageError
from podium.model.person import is_same
from podium.model.storable import check_name

OPERATOR = "operator"
"""The role that sees and changes all runs of its tenant, and answers every question."""
VIEWER = "viewer"
"""The role that sees all runs, questions, costs and budgets of its tenant. With no other role it changes nothing."""
ANYONE = "anyone"
"""Whom a question is put to that everybody of the tenant may answer."""
NOBODY = "local"
"""The principal of runs that the app itself starts, on behalf of none of its users."""
INSTALLATION = "podium"
"""The tenant of what belongs to the installation, such as incidents. No principal is of this tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user of an app who is not its operator: sees and changes only what belongs to the own tenant.

    Without a role, the user starts runs, sees and stops the own ones, and answers the questions put to `who` or to
    `anyone`. `operator` and `viewer` are roles that Podium knows; every other role is a group, whose members answer
    the questions put to it: `ctx.ask(…, to="editors")`.
    """

    who: str
    """The name that is recorded: as the principal of runs, and as who answered."""
    tenant: str
    roles: AbstractSet[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse what would be read wrongly later, such as a text in place of a set of roles."""
        if not isinstance(self.roles, AbstractSet):  # pyright: ignore[reportUnnecessaryIsInstance]  claims of a token
            raise UsageError(f"roles is {self.roles!r}; expected a set of names, such as {{'operator'}}.")
        object.__setattr__(self, "roles", frozenset(self.roles))
        _check_name("who", self.who)
        _check_name("tenant", self.tenant)
        for role in self.roles:
            _check_name("a role", role)
        if self.tenant == INSTALLATION:
            raise UsageError(f"tenant is {INSTALLATION!r}, which belongs to the installation: use the app unscoped.")

    @property
    def operates(self) -> bool:
        """Whether the principal may change all runs of the tenant."""
        return OPERATOR in self.roles

    @property
    def sees_all(self) -> bool:
        """Whether the principal may see all that belongs to the tenant, not only the own runs and questions."""
        return OPERATOR in self.roles or VIEWER in self.roles

    @property
    def only_looks(self) -> bool:
        """Whether the principal may change nothing at all."""
        return self.roles == {VIEWER}

    def is_asked(self, to: str) -> bool:
        """Whether a question that is put to somebody is put to this principal."""
        return to == ANYONE or any(is_same(to, each) for each in (self.who, *self.roles))


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{what} is {name!r}; expected a name.")
    check_name(what, name)
