"""Sessions of browsers, kept in the store: each ends for all processes at once, by whichever of them it is ended."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from podium.model.clock import Clock
from podium.model.ids import Ids
from podium.model.principal import Principal
from podium.model.session import BrowserSession
from podium.model.shared_states import SharedStates

_PREFIX = "session:"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSessions:
    """The sessions of a store: a session that is not here is over."""

    states: SharedStates
    clock: Clock
    ids: Ids

    async def begin(self, principal: Principal, *, lasts: float) -> BrowserSession:
        """Sign somebody in, for so many seconds."""
        now = self.clock.now()
        session = BrowserSession(
            id=self.ids.new("ses"), who=principal.who, tenant=principal.tenant, roles=frozenset(principal.roles),
            workflows=tuple(principal.workflows), began_at=now, expires=now + lasts,
        )  # fmt: skip
        await self.states.swap(f"{_PREFIX}{session.id}", b"", _written(session), now=now, until=session.expires)
        return session

    async def get(self, id: str) -> BrowserSession | None:
        """Return a session that goes on; None where it was ended, or its time is over."""
        state = await self.states.get(f"{_PREFIX}{id}")
        found = _read(id, state) if state else None
        return found if found is not None and self.clock.now() < found.expires else None

    async def all(self) -> Sequence[BrowserSession]:
        """Return the sessions that go on, the oldest first."""
        states, now = await self.states.named(_PREFIX), self.clock.now()
        found = [_read(name.removeprefix(_PREFIX), state) for name, state in states.items()]
        return sorted((each for each in found if now < each.expires), key=lambda each: (each.began_at, each.id))

    async def end(self, id: str) -> bool:
        """End a session at once; False where it was over."""
        name = f"{_PREFIX}{id}"
        state = await self.states.get(name)
        return bool(state) and await self.states.swap(name, state, b"", now=self.clock.now(), until=0.0)

    async def end_of(self, who: str, tenant: str) -> int:
        """End all sessions of somebody of a tenant; returns how many there were."""
        theirs = [each.id for each in await self.all() if (each.who, each.tenant) == (who, tenant)]
        return sum([await self.end(each) for each in theirs])


def _written(session: BrowserSession) -> bytes:
    return orjson.dumps({
        "who": session.who, "tenant": session.tenant, "roles": sorted(session.roles),
        "workflows": session.workflows, "began_at": session.began_at, "expires": session.expires,
    })  # fmt: skip


def _read(id: str, state: bytes) -> BrowserSession:
    said = orjson.loads(state)
    return BrowserSession(
        id=id, who=said["who"], tenant=said["tenant"], roles=frozenset(said["roles"]),
        workflows=tuple(said["workflows"]), began_at=said["began_at"], expires=said["expires"],
    )  # fmt: skip
