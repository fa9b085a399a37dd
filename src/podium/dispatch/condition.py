"""Whether agents can work, as far as their checks and breakers say: for router and monitor."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from podium.dispatch.rules.breaker.rule import Breakers
from podium.dispatch.rules.health.checks import HealthChecks
from podium.model.agent import Card
from podium.model.breaker import CircuitState


class Condition(StrEnum):
    """Healthy: it works. Unhealthy: skip it. Unknown: it may be called; whether it works is not known yet."""

    HEALTHY = "well"
    UNHEALTHY = "ill"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ConditionFinding:
    """How an agent is, and why it is unhealthy."""

    condition: Condition
    why: str = ""


class Conditions:
    """How agents are, as far as this process knows; what others found is looked at where it is asked to wait."""

    def __init__(self, checks: HealthChecks, breakers: Breakers) -> None:
        self._checks = checks
        self._breakers = breakers

    def watched(self, *, watched: bool) -> None:
        """Say whether the monitor makes the checks in the background: then they count however old they are."""
        self._checks.watched = watched

    def is_available(self, card: Card) -> bool:
        """Whether an agent could be called now, as far as is known."""
        ill = card.health is not None and self._checks.is_ill((card.name, card.version), card.health)
        return not ill and not self._breakers.is_shut(card)

    async def look(self, cards: Iterable[Card]) -> None:
        """See how other processes found agents, unless that was done lately; nothing is checked, and none is called."""
        for card in cards:
            if card.health is not None:
                await self._checks.look((card.name, card.version), card.health)
            await self._breakers.look(card)

    async def examine(self, card: Card, *, anew: bool = False) -> ConditionFinding:
        """Look at an agent: its check, made again if the last one is old, or `anew`; and its breaker."""
        rule, circuit = card.health, await self._breakers.look(card)
        if rule is not None:
            found, _ = await self._checks.examine((card.name, card.version), rule, anew=anew)
            if found.fault:
                return ConditionFinding(Condition.UNHEALTHY, found.fault)
        if circuit is not None and self._breakers.is_shut(card):
            return ConditionFinding(Condition.UNHEALTHY, f"its circuit breaker is {circuit.state}: {circuit.why}")
        if rule is not None or (circuit is not None and circuit.state is CircuitState.CLOSED and circuit.proven):
            return ConditionFinding(Condition.HEALTHY)
        return ConditionFinding(Condition.UNKNOWN)
