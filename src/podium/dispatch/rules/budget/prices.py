"""What a call came to, where the agent itself cannot tell its price."""

from dataclasses import replace

from podium.dispatch.dispatcher import INLINE, Handler
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Done, Outcome, Usage
from podium.model.prices import PriceSettings
from podium.model.rule_steps import RuleSteps

_TOLD = frozenset({"workflow", INLINE, "llm"})
"""What these come to is what they call, or what their model requests tell."""
_NOTHING = Usage()


class Prices:
    """Puts a price on calls: that of the agent, or else that of what it took of the machine."""

    def __init__(self, settings: PriceSettings) -> None:
        self._settings = settings

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Say what an answered call came to."""
        if card.kind in _TOLD or (card.usd is None and not self._settings.of_machines):
            return handler

        named = None if card.usd is None else Usage(usd=card.usd)

        async def priced(call: Call, steps: RuleSteps) -> Outcome:
            outcome = await handler(call, steps)
            if not isinstance(outcome, Done):
                return outcome
            if outcome.usage is None and named is not None:
                return Done(outcome.value, named)
            usage = outcome.usage or _NOTHING
            usd = self._usd(card, usage)
            return outcome if usd is None else Done(outcome.value, replace(usage, usd=usd))

        return priced

    def _usd(self, card: Card, usage: Usage) -> float | None:
        """Return the price of a call; None where the agent told it, or nobody can.

        A price on the card is that of the whole call, so that budgets and reports say the same.
        """
        if usage.usd is not None:
            return None
        if card.usd is not None:
            return card.usd
        if not (usage.cpu_seconds or usage.gb_seconds):
            return None
        return usage.cpu_seconds * self._settings.cpu_second + usage.gb_seconds * self._settings.gb_second
