"""An agent that keeps failing is left alone for a while."""

import logging
from collections.abc import Callable, Iterable, Sequence

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.breaker.circuit import Change, Circuit
from podium.dispatch.rules.breaker.shared_circuit import SharedCircuit
from podium.model.agent import Card
from podium.model.breaker import CircuitState
from podium.model.call import Call
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps
from podium.model.shared_states import SharedStates
from podium.services.store_time import StoreTime

_LOG = logging.getLogger("podium")

_LOOKS_AGAIN = 1.0
"""After so many seconds it is looked at how a breaker stands, by who does not call its agent."""


class Breakers:
    """The circuit breakers of a store, as this process knows them: one for each agent and version that has one."""

    def __init__(
        self, time: StoreTime, changed: Callable[[], None] = lambda: None, states: SharedStates | None = None
    ) -> None:
        """Make them; without `states` they are those of this process alone."""
        self._time = time
        self._changed = changed
        self._states = states
        self._circuits: dict[tuple[str, str], SharedCircuit] = {}

    async def states(self, cards: Iterable[Card]) -> dict[tuple[str, str], CircuitState]:
        """Return how those of some agents stand, and of all that this process has called, by agent and version."""
        for card in cards:
            self._of(card)
        for circuit in self._circuits.values():
            await circuit.look(self._time.now())
        return {agent: shared.circuit.state for agent, shared in sorted(self._circuits.items())}

    async def look(self, card: Card) -> Circuit | None:
        """Return the breaker of an agent, if it has one, as it was seen within the last second."""
        shared = self._of(card)
        if shared is None:
            return None
        if not shared.was_seen(now := self._time.now(), _LOOKS_AGAIN):
            await shared.look(now)
        return shared.circuit

    def is_shut(self, card: Card) -> bool:
        """Whether a call would not be let through now, as far as is known."""
        shared = self._circuits.get((card.name, card.version))
        return shared is not None and shared.circuit.is_shut(self._time.now())

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Fail calls while the breaker of their agent is open."""
        if card.breaker is None or (shared := self._of(card)) is None:
            return handler
        time, kinds = self._time, card.breaker.kinds

        async def guarded(call: Call, steps: RuleSteps) -> Outcome:
            began = time.now()
            if shared.is_closed(began):
                entry, changes = shared.circuit.admit(began)
            else:
                entry, changes = await shared.admit(began)
                began = time.now()
            if changes:
                self._tell(card, changes, steps)
            if entry is None:
                return _unavailable(card, shared.circuit.wait(began))
            judged = False
            try:
                outcome = await handler(call, steps)
                if isinstance(outcome, Done | Failed):
                    judged, now = True, time.now()
                    failed = isinstance(outcome, Failed) and outcome.failure.kind in kinds
                    changes = shared.count(entry, now, now - began, failed=failed)
                    if changes is None:
                        changes = await shared.judge(entry, now, now - began, failed=failed)
                    if changes:
                        self._tell(card, changes, steps)
                return outcome
            finally:
                if not judged:
                    await shared.leave(entry, time.now())

        return guarded

    def _of(self, card: Card) -> SharedCircuit | None:
        """Return the breaker of an agent that has one."""
        if card.breaker is None or card.traits.runs_inline:
            return None
        shared = self._circuits.get((card.name, card.version))
        if shared is None or shared.rule != card.breaker:  # its agent was defined again
            name = f"{card.name}:{card.version}"
            shared = SharedCircuit(
                card.breaker, name, self._states, self._changed, self._time.now, learn=self._time.learn
            )  # fmt: skip
            self._circuits[card.name, card.version] = shared
        return shared

    def _tell(self, card: Card, changes: Sequence[Change], steps: RuleSteps) -> None:
        """Record changes in the run that caused them, log them, and notify the watcher."""
        for change in changes:
            who = {"agent": card.name, "version": card.version}
            said = {"from": str(change.before), "to": str(change.after), "why": change.why}
            steps.note("breaker", {**who, **said})
            _LOG.warning("circuit breaker of %s %s: %s, %s", card.name, card.version, change.after, change.why)
            self._changed()


def _unavailable(card: Card, seconds: float) -> Failed:
    message = f"{card.name} failed too often and is left alone; it may be tried again in {seconds:g} s"
    return Failed(Failure(FailureKind.TRANSPORT, "CircuitOpen", message, retry_after=seconds, unavailable=True))
