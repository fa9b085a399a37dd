"""What the checks of agents found, as all processes of a store have it in common."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

from podium.errors import StoreError
from podium.model.health import Health
from podium.model.shared_states import SharedStates
from podium.services.store_time import StoreTime
from podium.store.codec import decode, encode

_LOG = logging.getLogger("podium")

_SPARE = 1.0
"""So many seconds longer than a check may take it is taken to be under way, somewhere."""
_KEPT = 3600.0
"""So many seconds what was found is kept after it was to be found anew."""

AgentVersion = tuple[str, str]
"""Its name and its version."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What the last check of an agent found."""

    at: float
    """By the time of the store."""
    fault: str
    """Why it cannot work; empty where it can."""


class LastFinding(NamedTuple):
    """What the store knows of an agent."""

    last: Checkup | None
    checked_until: float
    """Until when somebody may be checking it just now."""


_NOTHING = LastFinding(None, 0.0)


class SharedFindings:
    """Findings by agent and version. Where the store cannot be used, there are none, and nobody is told."""

    def __init__(self, states: SharedStates, time: StoreTime) -> None:
        self._states = states
        self._time = time

    async def get(self, agent: AgentVersion) -> LastFinding:
        """Return what was found last, wherever that was."""
        try:
            await self._time.learn()
            return _found(await self._states.get(_name(agent)))
        except StoreError as error:
            _LOG.warning("how other processes find %s %s is not known: %s", *agent, error)
            return _NOTHING

    async def begin(self, agent: AgentVersion, rule: Health) -> bool:
        """Say that a check begins here; False where one is under way, here or elsewhere."""
        name, now = _name(agent), self._time.now()
        try:
            seen = await self._states.get(name)
            last, checked_until = _found(seen)
            if now < checked_until:
                return False
            state = _said(LastFinding(last, now + rule.timeout + _SPARE))
            return await self._states.swap(name, seen, state, now=now, until=now + rule.every + _KEPT)
        except StoreError:  # `get` has just told of it
            return True

    async def tell(self, agent: AgentVersion, rule: Health, found: Checkup) -> None:
        """Say what a check found."""
        name, now = _name(agent), self._time.now()
        state, until = _said(LastFinding(found, 0.0)), now + rule.every + _KEPT
        try:
            while not await self._states.swap(name, await self._states.get(name), state, now=now, until=until):
                pass
        except StoreError as error:
            _LOG.warning("what a check of %s %s found cannot be shared with other processes: %s", *agent, error)


def _name(agent: AgentVersion) -> str:
    return f"health:{agent[0]}:{agent[1]}"


def _found(state: bytes) -> LastFinding:
    if not state:
        return _NOTHING
    at, fault, checked_until = decode(state)
    return LastFinding(None if at is None else Checkup(at, fault), checked_until)


def _said(found: LastFinding) -> bytes:
    at, fault = (None, "") if found.last is None else (found.last.at, found.last.fault)
    return encode([at, fault, found.checked_until])
