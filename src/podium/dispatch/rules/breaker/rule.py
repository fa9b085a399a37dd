"""An agent that keeps failing is left alone for a while."""

import logging
from collections.abc import Callable, Sequence

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.breaker.circuit import Change, Circuit, CircuitState
from podium.dispatch.rules.breaker.shared_circuit import SharedCircuit
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps
from podium.model.shared_states import SharedStates

_LOG = logging.getLogger("podium")


class Breakers:
    """The circuit breakers of a store, as this process knows them: one for each agent and version that has one."""

    def __init__(
        self, clock: Clock, changed: Callable[[], None] = lambda: None, states: SharedStates | None = None
    ) -> None:
        """Make them; without `states` they are those of this process alone."""
        self._clock = clock
        self._changed = changed
        self._states = states
        self._circuits: dict[tuple[str, str], SharedCircuit] = {}

    async def look(self) -> dict[tuple[str, str], CircuitState]:
        """Return how they stand, by agent and version: those of agents that were called in this process."""
        for circuit in self._circuits.values():
            await circuit.look(self._clock.now())
        return self.states()

    def states(self) -> dict[tuple[str, str], CircuitState]:
        """Return how they stood when they were looked at last."""
        return {agent: shared.circuit.state for agent, shared in sorted(self._circuits.items())}

    def of(self, card: Card) -> Circuit | None:
        """Return the breaker of an agent that has one, once it was called, as it was seen last."""
        shared = self._circuits.get((card.name, card.version))
        return None if shared is None else shared.circuit

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Fail calls while the breaker of their agent is open."""
        if card.breaker is None or card.traits.runs_inline:
            return handler
        shared = self._circuits.get((card.name, card.version))
        if shared is None or shared.rule != card.breaker:  # its agent was defined again
            name = f"{card.name}:{card.version}"
            shared = SharedCircuit(card.breaker, name, self._states, self._changed, self._clock.now)
            self._circuits[card.name, card.version] = shared
        clock, kinds = self._clock, card.breaker.kinds

        async def guarded(call: Call, steps: RuleSteps) -> Outcome:
            began = clock.now()
            entry, changes = shared.circuit.admit(began) if shared.is_closed(began) else await shared.admit(began)
            if changes:
                self._tell(card, changes, steps)
            if entry is None:
                return _unavailable(card, shared.circuit.wait(began))
            judged = False
            try:
                outcome = await handler(call, steps)
                if isinstance(outcome, Done | Failed):
                    judged, now = True, clock.now()
                    failed = isinstance(outcome, Failed) and outcome.failure.kind in kinds
                    changes = shared.count(entry, now, now - began, failed=failed)
                    if changes is None:
                        changes = await shared.judge(entry, now, now - began, failed=failed)
                    if changes:
                        self._tell(card, changes, steps)
                return outcome
            finally:
                if not judged:
                    await shared.leave(entry, clock.now())

        return guarded

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
