"""Which agents can work: each is checked at most once per interval, before a call or by the monitor."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.dispatch.failure import failure_of
from podium.dispatch.invoke import is_foreign
from podium.in_threads import in_thread
from podium.model.clock import Clock
from podium.model.health import Health

_LOG = logging.getLogger("podium")


@dataclass(slots=True)
class Checkup:
    """What the last check of an agent found."""

    at: float
    fault: str
    """Why it cannot work; empty where it can."""


class HealthChecks:
    """The health of the agents of this process that have a check."""

    def __init__(self, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._known: dict[tuple[str, str], Checkup] = {}
        self._asking: dict[tuple[str, str], asyncio.Future[None]] = {}
        self.watched = False
        """Whether the monitor makes the checks in the background: then the last one counts however old it is."""

    def faults(self) -> dict[tuple[str, str], str]:
        """Return what is wrong with whom, by agent and version; empty for those that can work."""
        return {agent: known.fault for agent, known in sorted(self._known.items())}

    def is_ill(self, agent: tuple[str, str], rule: Health) -> bool:
        """Whether the last check found a fault, and still counts."""
        known = self._known.get(agent)
        if known is None or not known.fault:
            return False
        return self.watched or self._clock.now() - known.at < rule.every

    async def examine(self, agent: tuple[str, str], rule: Health, *, anew: bool = False) -> tuple[Checkup, bool]:
        """Return what the last check found, and whether that changed; check again if it is old, or `anew`."""
        while (other := self._asking.get(agent)) is not None:
            await asyncio.shield(other)
        before, now = self._known.get(agent), self._clock.now()
        if not anew and before is not None and now - before.at < rule.every:
            return before, False
        done = self._asking[agent] = asyncio.get_running_loop().create_future()
        try:
            fault = await _fault(rule)
            found = self._known[agent] = Checkup(self._clock.now(), fault)
        finally:
            del self._asking[agent]
            done.set_result(None)
        was_ill = before is not None and bool(before.fault)
        changed = was_ill != bool(fault)
        if changed:
            _LOG.warning("health of %s %s: %s", *agent, f"ill, {fault}" if fault else "well")
            self._changed()
        return found, changed


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
