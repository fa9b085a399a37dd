"""`app.keys`: with what programs sign in to the server. It takes the role of an admin."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from podium.facade.filters import EXPECTED
from podium.facade.paging import page_after
from podium.facade.scope import Scope
from podium.model.api_key import ApiKey
from podium.model.duration import PAUSE, SECONDS, Duration, in_seconds
from podium.model.expected import NAME, NAMES, TEXT, Expected, are_names, check_options
from podium.model.principal import Principal
from podium.model.session import BrowserSession
from podium.operations.api_keys import ApiKeys, IssuedKey
from podium.store.protocol import Page

if TYPE_CHECKING:
    from podium.operations.browser_sessions import BrowserSessions

DAY = 86_400.0
_LISTED = {name: EXPECTED[name] for name in ("tenant", "limit", "cursor")}
_CREATED: Mapping[str, Expected] = {
    "name": NAME, "who": NAME, "tenant": NAME, "workflows": NAMES,
    "roles": Expected("names of roles, such as {'operator'}", are_names),
}  # fmt: skip


class ServerKeys:
    """Makes, lists, replaces and revokes keys. Who does so is entered in the ledger."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def create(
        self, name: str, *, who: str, tenant: str = "default", roles: Collection[str] = (),
        workflows: Sequence[str] = ("*",), expires_in: Duration | None = None, by: str | None = None,
    ) -> IssuedKey:  # fmt: skip
        """Make a key with which a program signs in as `who`; its `secret` is told only now.

        It has these roles in this tenant, and starts only workflows of these names or patterns. Without `expires_in` it
        is in force until it is revoked.
        """
        given = {"name": name, "who": who, "tenant": tenant, "roles": roles, "workflows": workflows}
        check_options("keys.create", given, _CREATED)
        lasts = None if expires_in is None else in_seconds(expires_in, "expires_in", SECONDS)
        keys, by = self._changing("create keys", by)
        principal = Principal(who=who, tenant=tenant, roles=frozenset(roles), workflows=workflows)
        Scope.check_user(principal)
        made = await keys.create(name, principal, lasts=lasts, by=by)
        await self._scope.record("create keys", made.key.id, tenant=tenant, name=name, who=who)
        return made

    async def list(self, *, tenant: str | None = None, limit: int = 100, cursor: str | None = None) -> Page[ApiKey]:
        """Return all keys, or those of a tenant, the oldest first; their secrets nobody can tell."""
        check_options("keys.list", {"tenant": tenant, "limit": limit, "cursor": cursor}, _LISTED)
        keys, _ = self._ready("list keys", None)
        found = [key for key in await keys.all() if tenant in (None, key.tenant)]
        return page_after(found, lambda each: (each.made_at, each.id), limit=limit, cursor=cursor)

    async def rotate(self, key: str, *, grace: Duration = DAY, by: str | None = None) -> IssuedKey:
        """Give a key a new secret, which is told only now; the old one goes on for `grace` seconds.

        Of a key that is rotated again before that only the last two are taken. Raises NotPossible where it has ended.
        """
        TEXT.check("the id of the key", key)
        seconds = in_seconds(grace, "grace", PAUSE)
        keys, by = self._changing("rotate keys", by)
        await self._scope.record("rotate keys", key, grace=seconds)
        return await keys.rotate(key, grace=seconds, by=by)

    async def revoke(self, key: str, *, by: str | None = None) -> None:
        """Void a key at once, whichever process is asked with it; raises NotPossible where it is void already."""
        TEXT.check("the id of the key", key)
        keys, by = self._changing("revoke keys", by)
        await self._scope.record("revoke keys", key)
        await keys.revoke(key, by=by)

    async def sessions(
        self, *, tenant: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[BrowserSession]:
        """Return the browsers that are signed in, or those of a tenant, the oldest first."""
        check_options("keys.sessions", {"tenant": tenant, "limit": limit, "cursor": cursor}, _LISTED)
        self._ready("list sessions", None)
        found = [each for each in await self.remembering().all() if tenant in (None, each.tenant)]
        return page_after(found, lambda each: (each.began_at, each.id), limit=limit, cursor=cursor)

    async def end_sessions(self, who: str, *, tenant: str = "default", by: str | None = None) -> int:
        """Sign somebody out of all browsers at once, whichever process serves them; returns of how many.

        Keys and delegations of the same name are revoked apart.
        """
        check_options("keys.end_sessions", {"who": who, "tenant": tenant}, {"who": NAME, "tenant": NAME})
        self._changing("end sessions", by)
        await self._scope.record("end sessions", who, tenant=tenant)
        return await self.remembering().end_of(who, tenant)

    def remembering(self) -> "BrowserSessions":
        """Return what knows the browsers that are signed in, for whoever serves the app."""
        return self._scope.parts.sessions()

    def checking(self) -> ApiKeys:
        """Return what knows whoever sends a key, for whoever serves the app."""
        return self._ready("check keys", None)[0]

    def _changing(self, what: str, by: str | None) -> tuple[ApiKeys, str]:
        """As `_ready`, for a change: whoever is held to some workflows would make a key that is not."""
        self._scope.must_reach_all(what)
        return self._ready(what, by)

    def _ready(self, what: str, by: str | None) -> tuple[ApiKeys, str]:
        self._scope.require_installation("the keys of the server")
        who, parts = self._scope.name_of(by), self._scope.for_operators(what)
        return ApiKeys(book=parts.store.keys, clock=parts.clock, ids=parts.ids), who
