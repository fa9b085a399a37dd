"""On whose behalf an app is used: who it is, of which tenant, in which roles."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase

from podium.errors import UsageError
from podium.model.expected import is_list
from podium.model.person import is_same
from podium.model.storable import check_name

OPERATOR = "operator"
"""The role that sees and changes all runs of its tenant, and answers every question."""
VIEWER = "viewer"
"""The role that sees all runs, questions, costs and budgets of its tenant. With no other role it changes nothing."""
APPROVER = "approver"
"""The role that answers what is put to it, and sees the runs that ask it. It starts and changes nothing else."""
ADMIN = "admin"
"""The role of the installation: it sees and changes what belongs to any tenant, and what all of them share."""
ROLES = (VIEWER, OPERATOR, APPROVER, ADMIN)
"""The roles that Podium knows; every other one is a group."""
ANYONE = "anyone"
"""Whom a question is put to that everybody of the tenant may answer."""
NOBODY = "local"
"""The principal of runs that the app itself starts, on behalf of none of its users."""
INSTALLATION = "podium"
"""The tenant of what belongs to the installation, such as incidents. No principal is of this tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A user of an app: sees and changes only what belongs to the own tenant, unless it is an `admin`.

    Without a role, the user starts runs, sees and stops the own ones, and answers the questions put to `who` or to
    `anyone`. `viewer`, `operator`, `approver` and `admin` are roles that Podium knows; every other role is a group,
    whose members answer the questions put to it: `ctx.ask(…, to="editors")`.
    """

    who: str
    """The name that is recorded: as the principal of runs, and as who answered."""
    tenant: str
    """To which the user belongs; an `admin` starts runs there where it names no other one."""
    roles: AbstractSet[str] = frozenset()
    workflows: Sequence[str] = ("*",)
    """Patterns of the workflows that the user may start, and whose runs it may change: `desk`, `report-*`."""

    def __post_init__(self) -> None:
        """Refuse what would be read wrongly later, such as a text in place of a set of roles."""
        if not isinstance(self.roles, AbstractSet):  # pyright: ignore[reportUnnecessaryIsInstance]  claims of a token
            raise UsageError(f"roles is {self.roles!r}; expected a set of names, such as {{'operator'}}.")
        object.__setattr__(self, "roles", frozenset(self.roles))
        if not is_list(self.workflows) or not self.workflows:
            raise UsageError(f"workflows is {self.workflows!r}; expected patterns of names, such as ('desk', 'crm-*').")
        object.__setattr__(self, "workflows", tuple(self.workflows))
        for pattern in self.workflows:
            _check_name("a pattern of workflows", pattern)
        _check_name("who", self.who)
        _check_name("tenant", self.tenant)
        for role in self.roles:
            _check_name("a role", role)
        if self.tenant == INSTALLATION:
            raise UsageError(f"tenant is {INSTALLATION!r}, which belongs to the installation: use the app unscoped.")

    @property
    def operates(self) -> bool:
        """Whether the principal may change all runs of the tenant."""
        return OPERATOR in self.roles or ADMIN in self.roles

    @property
    def administers(self) -> bool:
        """Whether the principal may see and change what belongs to any tenant, and what all of them share."""
        return ADMIN in self.roles

    @property
    def sees_all(self) -> bool:
        """Whether the principal may see all that belongs to the tenant, not only the own runs and questions."""
        return self.operates or VIEWER in self.roles

    @property
    def sees_asking(self) -> bool:
        """Whether the principal, who does not see all, may see the runs that ask it something."""
        return APPROVER in self.roles and not self.sees_all

    @property
    def only_looks(self) -> bool:
        """Whether the principal may change nothing at all."""
        return self.roles == {VIEWER}

    @property
    def starts(self) -> bool:
        """Whether the principal may start runs, and change the own ones."""
        return self.operates or not (self.only_looks or APPROVER in self.roles)

    @property
    def reaches_all(self) -> bool:
        """Whether the principal's workflows are all there are."""
        return "*" in self.workflows

    def reaches(self, workflow: str) -> bool:
        """Whether the principal may start a workflow of this name, and change its runs, where its roles let it."""
        return any(fnmatchcase(workflow, pattern) for pattern in self.workflows)

    @property
    def names(self) -> tuple[str, ...]:
        """To whom a question is put that this principal may answer, the own name first."""
        return (self.who, *sorted(self.roles), ANYONE)

    def is_asked(self, to: str) -> bool:
        """Whether a question that is put to somebody is put to this principal."""
        return any(is_same(to, each) for each in self.names)


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{what} is {name!r}; expected a name.")
    check_name(what, name)
