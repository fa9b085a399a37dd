"""An agent that keeps failing is left alone for a while."""

import logging
from collections.abc import Callable

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.breaker.circuit import Change, Circuit, CircuitState
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps

_LOG = logging.getLogger("podium")


class Breakers:
    """The circuit breakers of this process, one for each agent and version that has one."""

    def __init__(self, clock: Clock, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._circuits: dict[tuple[str, str], Circuit] = {}

    def states(self) -> dict[tuple[str, str], CircuitState]:
        """Return how they stand, by agent and version."""
        return {agent: circuit.state for agent, circuit in sorted(self._circuits.items())}

    def of(self, card: Card) -> Circuit | None:
        """Return the breaker of an agent that has one, once it was called."""
        return self._circuits.get((card.name, card.version))

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Fail calls while the breaker of their agent is open."""
        if card.breaker is None or card.traits.runs_inline:
            return handler
        circuit = self._circuits.get((card.name, card.version))
        if circuit is None or circuit.rule != card.breaker:  # its agent was defined again
            circuit = self._circuits[card.name, card.version] = Circuit(card.breaker)
        clock, kinds = self._clock, card.breaker.kinds

        async def guarded(call: Call, steps: RuleSteps) -> Outcome:
            began = clock.now()
            entry, changes = circuit.admit(began)
            for change in changes:
                self._tell(card, change, steps)
            if entry is None:
                return _unavailable(card, circuit.wait(began))
            judged = False
            try:
                outcome = await handler(call, steps)
                if isinstance(outcome, Done | Failed):
                    judged, now = True, clock.now()
                    failed = isinstance(outcome, Failed) and outcome.failure.kind in kinds
                    change = circuit.judge(entry, now, now - began, failed=failed)
                    if change is not None:
                        self._tell(card, change, steps)
                return outcome
            finally:
                if not judged:
                    circuit.leave(entry)

        return guarded

    def _tell(self, card: Card, change: Change, steps: RuleSteps) -> None:
        """Record a change in the run that caused it, log it, and notify the watcher."""
        who = {"agent": card.name, "version": card.version}
        said = {"from": str(change.before), "to": str(change.after), "why": change.why}
        steps.note("breaker", {**who, **said})
        _LOG.warning("circuit breaker of %s %s: %s, %s", card.name, card.version, change.after, change.why)
        self._changed()


def _unavailable(card: Card, seconds: float) -> Failed:
    message = f"{card.name} failed too often and is left alone; it may be tried again in {seconds:g} s"
    return Failed(Failure(FailureKind.TRANSPORT, "CircuitOpen", message, retry_after=seconds, unavailable=True))
