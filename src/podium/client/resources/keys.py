"""Keys with which programs sign in."""

from collections.abc import Sequence
from typing import TypeVar

from typing_extensions import Unpack

from podium.api.access import EndedBody, IssuedKeyBody, KeyBody, KeyGiven, RotateGiven, SessionBody, SessionsEnd
from podium.api.body import PageBody
from podium.api.lists import OfTenantGiven
from podium.client.api_call import ApiCall, page, post
from podium.client.endpoint import Resource, endpoint, listed
from podium.client.resources.filters import OfTenantQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)

_DAY = 86_400.0


class KeysClient(Resource[W]):
    """`client.keys`."""

    @endpoint
    def create(
        self,
        name: str,
        *,
        who: str,
        tenant: str = "default",
        roles: Sequence[str] = (),
        workflows: Sequence[str] = ("*",),
        expires_in: float | None = None,
    ) -> ApiCall[IssuedKeyBody]:
        """Make a key, in force for so many seconds or until it is revoked. Its `secret` is told only now: keep it."""
        given = KeyGiven(
            name=name, who=who, tenant=tenant, roles=(*roles,), workflows=(*workflows,), expires_in=expires_in
        )
        return post("/keys", IssuedKeyBody, given)

    @endpoint
    def rotate(self, key: str, *, grace: float = _DAY) -> ApiCall[IssuedKeyBody]:
        """Give a key another secret, told only now; the old one is taken too for so many seconds."""
        return post("/keys/{key}/rotate", IssuedKeyBody, RotateGiven(grace=grace), key=key)

    @endpoint
    def revoke(self, key: str) -> ApiCall[None]:
        """Void a key at once; raises NotPossible where it is void already, or there is none of that id."""
        return post("/keys/{key}/revoke", type(None), key=key)

    @listed
    def sessions(self, **filters: Unpack[OfTenantQuery]) -> ApiCall[PageBody[SessionBody]]:
        """List the browsers that are signed in, or those of a tenant, the oldest first."""
        return page("/sessions", PageBody[SessionBody], OfTenantGiven, filters)

    @endpoint
    def end_sessions(self, who: str, *, tenant: str = "default") -> ApiCall[EndedBody]:
        """Sign somebody out of all browsers at once; `ended` says of how many."""
        return post("/sessions/end", EndedBody, SessionsEnd(who=who, tenant=tenant), again=True)

    @listed
    def list(self, **filters: Unpack[OfTenantQuery]) -> ApiCall[PageBody[KeyBody]]:
        """List all keys, or those of a tenant, the oldest first; without their secrets."""
        return page("/keys", PageBody[KeyBody], OfTenantGiven, filters)
