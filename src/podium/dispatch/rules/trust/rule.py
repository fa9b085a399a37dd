"""Keeps the trust of agents up to date, where a policy looks at it."""

from podium.dispatch.dispatcher import Handler
from podium.dispatch.rules.trust.standings import Trusts
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Outcome
from podium.model.rule_steps import RuleSteps


class Trusting:
    """Two rules: one before the policies, which decide by the trust, and one after them, which moves it."""

    def __init__(self, trusts: Trusts, *, wanted: bool) -> None:
        self._trusts = trusts
        self._wanted = wanted

    def fresh(self, card: Card, handler: Handler) -> Handler:
        """Fold the facts before a call is decided, if that was long ago."""
        if not self._wanted:
            return handler

        async def known(call: Call, steps: RuleSteps) -> Outcome:
            await self._trusts.refresh()
            return await handler(call, steps)

        return known

    def observed(self, card: Card, handler: Handler) -> Handler:
        """Let each outcome move the trust. What was refused because of who asks is not seen here."""
        if not self._wanted or not card.is_named:
            return handler

        async def watched(call: Call, steps: RuleSteps) -> Outcome:
            outcome = await handler(call, steps)
            self._trusts.observe(card, outcome, steps.refusals)
            return outcome

        return watched
