"""The cost of a call whose agent does not report it."""

from dataclasses import replace

from podium.dispatch.dispatcher import Handler
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.outcome import Done, Outcome, Usage
from podium.model.prices import PriceSettings
from podium.model.rule_steps import RuleSteps
from podium.model.spending import is_price

_NOTHING = Usage()


class Prices:
    """Puts a cost on calls: the price on the agent's card, or else that of the processor time and memory used."""

    def __init__(self, settings: PriceSettings) -> None:
        self._settings = settings

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Add the cost to an answered call."""
        if card.traits.costs_what_it_calls or card.traits.reports_its_cost:
            return handler
        if card.usd is None and not self._settings.of_machines:
            return handler

        named = None if card.usd is None else Usage(usd=card.usd)

        async def priced(call: Call, steps: RuleSteps) -> Outcome:
            outcome = await handler(call, steps)
            if not isinstance(outcome, Done):
                return outcome
            answered = replace(outcome, usage=self._used(card, outcome.usage, named))
            if answered.usage is not None and answered.usage.usd is not None:
                steps.answered(answered.usage)
            return answered

        return priced

    def _used(self, card: Card, usage: Usage | None, named: Usage | None) -> Usage | None:
        """Return what a call used, with its cost."""
        if usage is None and named is not None:
            return named
        known = usage or _NOTHING
        usd = self._usd(card, known)
        return usage if usd is None else replace(known, usd=usd, in_doubt=known.usd is not None)

    def _usd(self, card: Card, usage: Usage) -> float | None:
        """Return the cost of a call; None if the agent reported it, or it is unknown. What can be no price is none.

        A price on the card is that of the whole call, so that budgets and reports say the same.
        """
        if usage.usd is not None and is_price(usage.usd):
            return None
        if card.usd is not None:
            return card.usd
        if not (usage.cpu_seconds or usage.gb_seconds):
            return None
        return usage.cpu_seconds * self._settings.cpu_second + usage.gb_seconds * self._settings.gb_second
