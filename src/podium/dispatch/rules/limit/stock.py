"""What this process may admit without asking the store."""

import math
from dataclasses import dataclass

from podium.dispatch.rules.limit.pool import Amounts
from podium.model.limit import Limit


def stock_of(limit: Limit) -> "Stock":
    """Return an empty stock of what a limit bounds."""
    return Stock(Amounts(*(int(bound is not None) for bound in (limit.concurrency, limit.requests, limit.tokens))))


@dataclass(slots=True)
class Stock:
    """What is at hand of a limit that processes have in common."""

    bounded: Amounts
    """1 for each thing that the limit bounds, else 0."""
    places: int = 0
    calls: int = 0
    tokens: int = 0
    until: float = -math.inf
    """When it may no longer be used: others may take this process for gone, and use it."""

    def has(self, now: float, tokens: int, kept: int, kept_tokens: int) -> bool:
        """Whether there is enough for one more, beside those it is kept for."""
        bounded = self.bounded
        return now <= self.until and not (
            (bounded.places and self.places <= kept)
            or (bounded.calls and self.calls <= kept)
            or (bounded.tokens and self.tokens < tokens + kept_tokens)
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to give back."""
        return not (self.places or self.calls or self.tokens)

    def use(self, tokens: int) -> None:
        """One is admitted."""
        bounded = self.bounded
        self.places -= bounded.places
        self.calls -= bounded.calls
        self.tokens -= bounded.tokens * tokens

    def end(self) -> None:
        """One has ended: its place is at hand again."""
        self.places += self.bounded.places

    def withdraw(self, tokens: int) -> None:
        """One that was admitted has not begun, and will not."""
        self.calls += self.bounded.calls
        self.tokens += self.bounded.tokens * tokens

    def give_back(self) -> None:
        """Have nothing at hand any more."""
        self.places = self.calls = self.tokens = 0

    def add(self, given: Amounts, until: float) -> None:
        """Have this at hand as well."""
        bounded = self.bounded
        self.places += bounded.places * given.places
        self.calls += bounded.calls * given.calls
        self.tokens += bounded.tokens * given.tokens
        self.until = until
