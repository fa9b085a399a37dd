"""How long an answer may be under a budget, where its settings do not say it."""

from collections.abc import Callable
from dataclasses import replace

from podium.model.budget import PER_USD, USUAL_OUTPUT, Bound, BudgetLimits

_MOST_OUTPUT = 1_000_000
"""Tokens that no model is known to write in one answer: what one may come to of which nobody knows how long it is."""


class OutputCap:
    """The `max_tokens` of one request: as its settings say, or else as much as its budgets let it have."""

    def __init__(
        self, said: int | None, bound_at: Callable[[int | None], Bound | None], *, longest: int | None = None,
        settable: int = 0,
    ) -> None:  # fmt: skip
        self.said = said
        """What its settings say."""
        self.tokens: int | None = None
        """What is sent instead; None sends nothing, and the model's own maximum holds."""
        self.by = ""
        """What bounds money or tokens, and so the answer; empty where nothing does."""
        self._bound_at = bound_at
        """Tells what the request may come to with so many tokens, or with its settings as they are."""
        self._longest = longest
        """The most tokens that the model can write, where that is known."""
        self._settable = settable
        """The highest `max_tokens` that the model is known to take; 0 where that is not known."""
        self._known: dict[int | None, Bound | None] = {}

    def bound(self) -> Bound | None:
        """Return the most that the request may come to; None where it cannot be told."""
        if self.said is not None:
            return self._bound(None)
        found = self._bound((self._longest or _MOST_OUTPUT) if self.tokens is None else self.tokens)
        return None if found is None else replace(found, fit=self.fit)

    def unsaid(self) -> Bound:
        """Return what an answer counts with of which nobody says what it came to: the most that it was allowed.

        Where nothing bounds it, that is as much as an answer usually has.
        """
        return (self._bound(USUAL_OUTPUT) if self.said is None and not self.by else self.bound()) or Bound()

    def fit(self, within: BudgetLimits, least: int, by: str) -> Bound | None:
        """Let the answer be as long as stays within these limits, but no shorter than `least`; return the new bound.

        That is as long as the model can write, where that is known and fits. Where only the size of its context is
        known, there is nothing in between: a provider turns down a `max_tokens` that is more than it can write.
        """
        self.by = by
        whole = None if self._longest is None else self._bound(self._longest)
        if whole is not None and whole.within(within):
            self.tokens = None
        else:
            top = max(self._settable, USUAL_OUTPUT)
            self.tokens = max(least, self._most_within(within, top, least))
        return self.bound()

    def _most_within(self, within: BudgetLimits, top: int, least: int) -> int:
        """Return how many tokens, up to `top`, an answer may have so that the request stays within these limits.

        Its price is a sum of what each token costs, at the dearest of several rates: between two lengths it is never
        above the straight line.
        """
        if top <= least:
            return top
        one, all_of_it = self._bound(1), self._bound(top)
        if one is None or all_of_it is None or all_of_it.within(within):
            return top
        room = [1.0]
        if within.tokens is not None:
            room.append((within.tokens - one.input_tokens) / top)
        if within.usd is not None and one.usd is not None and all_of_it.usd is not None and all_of_it.usd > one.usd:
            room.append((within.usd / PER_USD - one.usd) / (all_of_it.usd - one.usd))
        return max(0, int(min(room) * (top - 1)))

    def _bound(self, tokens: int | None) -> Bound | None:
        if tokens not in self._known:
            self._known[tokens] = self._bound_at(tokens)
        return self._known[tokens]
