"""Which agents can work: each is checked at most once per interval, before a call or by the monitor."""

import asyncio
import inspect
import logging
import math
from collections.abc import Awaitable, Callable

from podium.dispatch.failure import failure_of
from podium.dispatch.invoke import is_foreign
from podium.dispatch.rules.health.shared_findings import AgentVersion, Checkup, SharedFindings
from podium.in_threads import in_thread
from podium.model.health import Health
from podium.model.shared_states import SharedStates
from podium.services.store_time import StoreTime

_LOG = logging.getLogger("podium")

_LOOKS_AGAIN = 1.0
"""After so many seconds it is looked at whether another process has found something else."""


class HealthChecks:
    """The health of the agents that have a check, as far as this process knows it.

    Processes on one store make a check for all of them, but for checks that are not `shared`.
    """

    def __init__(
        self, time: StoreTime, changed: Callable[[], None] = lambda: None, states: SharedStates | None = None
    ) -> None:
        """Make them; without `states` nobody else is told."""
        self._time = time
        self._changed = changed
        self._findings = None if states is None else SharedFindings(states, time)
        self._known: dict[AgentVersion, Checkup] = {}
        self._looked_at: dict[AgentVersion, float] = {}
        """When it was last looked at what others found."""
        self._asking: dict[AgentVersion, asyncio.Future[None]] = {}
        self.watched = False
        """Whether the monitor makes the checks in the background: then the last one counts however old it is."""

    def faults(self) -> dict[AgentVersion, str]:
        """Return what is wrong with whom, by agent and version; empty for those that can work."""
        return {agent: known.fault for agent, known in sorted(self._known.items())}

    def is_ill(self, agent: AgentVersion, rule: Health) -> bool:
        """Whether the last check found a fault, and still counts."""
        known = self._known.get(agent)
        if known is None or not known.fault:
            return False
        return self.watched or self._time.now() - known.at < rule.every

    async def look(self, agent: AgentVersion, rule: Health) -> None:
        """See what other processes found, unless that was done lately; nothing is checked."""
        if (shared := self._shared(rule)) is None or self._is_fresh(agent):
            return
        found = (await shared.get(agent)).last
        self._looked_at[agent] = self._time.now()
        if found is not None:
            self._take(agent, found)

    async def examine(self, agent: AgentVersion, rule: Health, *, anew: bool = False) -> tuple[Checkup, bool]:
        """Return what the last check found, and whether that changed; check again if it is old, or `anew`."""
        while (other := self._asking.get(agent)) is not None:
            await asyncio.shield(other)
        if not anew and (known := self._still_counts(agent, rule)) is not None and self._is_known_here(agent, rule):
            return known, False
        done = self._asking[agent] = asyncio.get_running_loop().create_future()
        try:
            return await self._check(agent, rule, anew=anew)
        finally:
            del self._asking[agent]
            done.set_result(None)

    async def _check(self, agent: AgentVersion, rule: Health, *, anew: bool) -> tuple[Checkup, bool]:
        """Return what another process found lately, or is about to find anew; else check."""
        await self.look(agent, rule)
        if not anew and (known := self._still_counts(agent, rule)) is not None:
            return known, False
        shared, before = self._shared(rule), self._known.get(agent)
        if shared is not None and not await shared.begin(agent, rule) and before is not None and not anew:
            return before, False
        fault = await _fault(rule)
        found = Checkup(self._time.now(), fault)
        changed = self._take(agent, found)
        if shared is not None:
            await shared.tell(agent, rule, found)
            self._looked_at[agent] = self._time.now()
        return found, changed

    def _take(self, agent: AgentVersion, found: Checkup) -> bool:
        """Take note of what was found, here or elsewhere; returns whether that is a change."""
        before = self._known.get(agent)
        if before is not None and found.at < before.at:
            return False
        self._known[agent] = found
        changed = bool(found.fault) != (before is not None and bool(before.fault))
        if changed:
            _LOG.warning("health of %s %s: %s", *agent, f"ill, {found.fault}" if found.fault else "well")
            self._changed()
        return changed

    def _shared(self, rule: Health) -> SharedFindings | None:
        return self._findings if rule.shared else None

    def _still_counts(self, agent: AgentVersion, rule: Health) -> Checkup | None:
        """Return what was found last, unless it is to be found anew by now."""
        known = self._known.get(agent)
        return known if known is not None and self._time.now() - known.at < rule.every else None

    def _is_known_here(self, agent: AgentVersion, rule: Health) -> bool:
        return self._shared(rule) is None or self._is_fresh(agent)

    def _is_fresh(self, agent: AgentVersion) -> bool:
        return 0.0 <= self._time.now() - self._looked_at.get(agent, -math.inf) < _LOOKS_AGAIN


async def _fault(rule: Health) -> str:
    """Make a check; returns why the agent cannot work, or an empty text."""
    try:
        async with asyncio.timeout(rule.timeout):
            well = await called(rule.check)
    except TimeoutError:
        return f"its check took longer than {rule.timeout:g} s"
    except BaseException as error:  # foreign code: whatever it raises says that the agent cannot work
        if not is_foreign(error):
            raise
        failure = failure_of(error)
        return f"{failure.type}: {failure.message}"
    return "its check says no" if well is False else ""


async def called(function: Callable[[], Awaitable[object] | object]) -> object:
    """Call a function of the user's, in a thread where it is not async."""
    if inspect.iscoroutinefunction(function):
        return await function()
    value = await in_thread(function)
    return await value if inspect.isawaitable(value) else value
