"""Who cannot work gets no work."""

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.health.checks import HealthChecks
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.rule_steps import RuleSteps


class Healthy:
    """Has an agent's check looked at before it is called."""

    def __init__(self, checks: HealthChecks) -> None:
        self._checks = checks

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Skip unhealthy agents."""
        rule = card.health
        if rule is None:
            return handler
        who = card.name, card.version

        async def examined(call: Call, steps: RuleSteps) -> Outcome:
            found, changed = await self._checks.examine(who, rule)
            if changed:
                state = "ill" if found.fault else "well"
                said = {"agent": card.name, "version": card.version, "state": state, "why": found.fault}
                steps.note("health", said)
            if not found.fault:
                return await handler(call, steps)
            message = f"{card.name} cannot work: {found.fault}"
            return Failed(
                Failure(FailureKind.TRANSPORT, "Unhealthy", message, retry_after=rule.every, unavailable=True)
            )

        return examined
