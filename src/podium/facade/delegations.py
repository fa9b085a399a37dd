"""`app.delegations`: who outside may act for whom."""

from collections.abc import Sequence

from podium.dispatch.rules.delegation.delegations import Delegations, Issued
from podium.errors import NotAllowed
from podium.facade.filters import EXPECTED
from podium.facade.paging import page_after
from podium.facade.scope import Scope
from podium.model.delegation import Delegation, Granted
from podium.model.expected import TEXT, check_options, instance
from podium.store.protocol import Page

_GRANTED = {"delegation": instance(Delegation, 'Delegation(by="ann", to="crm")')}
_REVOKED = {"id": TEXT}
_LISTED = {"limit": EXPECTED["limit"], "cursor": EXPECTED["cursor"]}


class GrantedDelegations:
    """Grants delegations, looks at them, and revokes them: the own ones, and for an operator those of the tenant."""

    def __init__(self, scope: Scope, delegations: Delegations) -> None:
        self._scope = scope
        self._delegations = delegations

    async def grant(self, delegation: Delegation) -> str:
        """Return a token that lets its holder act. As `issue`, which tells its id too."""
        return (await self.issue(delegation)).token

    async def issue(self, delegation: Delegation) -> Issued:
        """Return a token that lets its holder act; raises ConfigError without a key, InvalidValue for no time left.

        A principal lets others act for itself alone; an operator for everybody of the tenant. Whoever is held to some
        workflows grants none, since it would lead out of them.
        """
        check_options("delegations.grant", {"delegation": delegation}, _GRANTED)
        self._scope.parts.home.check()
        self._scope.must_change("grant delegations")
        self._scope.must_reach_all("grant delegations")
        if not self._may_see(delegation):
            user = self._scope.principal
            who = "" if user is None else user.who
            raise NotAllowed(f"{who} may not let anybody act for {delegation.by} of {delegation.tenant!r}.")
        await self._scope.record("grant delegations", delegation.to, tenant=delegation.tenant, by=delegation.by)
        return await self._delegations.issue(delegation)

    async def revoke(self, id: str) -> bool:
        """Void a delegation at once, for calls under way too; False where there was nothing to revoke."""
        check_options("delegations.revoke", {"id": id}, _REVOKED)
        parts = self._scope.parts
        self._scope.must_change("revoke delegations")
        granted = parts.store.delegations.get(id)
        if granted is None or not self._may_see(granted.delegation):
            return False
        await self._scope.record("revoke delegations", id, tenant=granted.delegation.tenant)
        return await self._delegations.revoke(id)

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[Granted]:
        """Return delegations that may be seen, the oldest first."""
        check_options("delegations.list", {"limit": limit, "cursor": cursor}, _LISTED)
        return page_after(await self.all(), lambda each: (each.granted_at, each.id), limit=limit, cursor=cursor)

    async def all(self) -> Sequence[Granted]:
        """Return all delegations that may be seen, the oldest first."""
        self._scope.parts.home.check()
        return [each for each in await self._delegations.all() if self._may_see(each.delegation)]

    def _may_see(self, delegation: Delegation) -> bool:
        return self._scope.sees(delegation.tenant, delegation.by)
