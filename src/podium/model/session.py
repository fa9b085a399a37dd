"""Sessions: browsers in which somebody has signed in to the server."""

from dataclasses import dataclass

from podium.model.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSession:
    """A browser in which somebody is signed in."""

    id: str
    who: str
    tenant: str
    roles: frozenset[str] = frozenset()
    workflows: tuple[str, ...] = ("*",)
    began_at: float
    """In seconds since 1970, as is the next."""
    expires: float

    @property
    def principal(self) -> Principal:
        """On whose behalf it asks."""
        return Principal(who=self.who, tenant=self.tenant, roles=self.roles, workflows=self.workflows)
