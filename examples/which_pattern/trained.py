"""A reader that has learnt from the training folds, and knows from them how far it can be trusted."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from examples.which_pattern.messages import Message, split
from examples.which_pattern.readers import (
    Bayes,
    Expert,
    Handbook,
    Keywords,
    Letters,
    Nearest,
    Reader,
    Scores,
    best,
    lessons,
    normalised,
    standardised,
    words,
)

Make: TypeAlias = Callable[[Sequence[Message]], Reader]
READERS: dict[str, Make] = {
    "keywords": lambda known: Keywords(lessons(known)),
    "raw_bayes": lambda known: Bayes(lessons(known), words),
    "bayes": lambda known: Bayes(lessons(known), normalised),
    "nearest": lambda known: Nearest(lessons(known)),
    "letters": lambda known: Letters(lessons(known)),
    "handbook": lambda _known: Handbook(),
    "expert": Expert,
}
"""By name, how each reader is made of the messages that it may learn from."""
GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A page, and which share of guesses with as clear a lead was right in training.

    It is trusted if guesses that sure, or surer, were right in training at least as often as the expert's at the same
    messages.
    """

    page: str
    sure: float
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A guess at a training message by a reader that had not learnt from it."""

    message: Message
    lead: float
    right: bool


class Trained:
    """A reader that has learnt from messages.

    How sure it is comes from a cross-validation inside of these messages: each of their folds is guessed by a reader
    that learnt from the others; these guesses, ordered by the best page's lead over the second, are put into ten groups
    of one size; a new guess is as sure as (right + 1) / (guesses + 2) of the group in which its lead falls.
    """

    def __init__(self, make: Make, known: Sequence[Message]) -> None:
        self._reader = make(known)
        self.tries = _tried(make, known)
        self._bounds, self._shares = _calibrated(self.tries)
        self.views = cache(self._views)
        self.trusted_from = 0.0
        """How sure a guess has to be for being trusted."""

    def _views(self, text: str) -> Scores:
        """Return by how many standard deviations each page's score is above the mean."""
        return standardised(self._reader.scores(text))

    def guess(self, text: str) -> Guess:
        """Return the best page, and how sure that is."""
        views = self.views(text)
        sure = self._sure(_lead(views))
        return Guess(page=best(views), sure=sure, trusted=sure >= self.trusted_from)

    def trust(self, expert: "Trained") -> None:
        """Learn how sure a guess has to be: the least at which, in training, the expert was not right more often."""
        pairs = [(self._sure(mine.lead), mine.right, its.right) for mine, its in zip(self.tries, expert.tries, strict=True)]
        enough = [
            bar
            for bar in sorted(set(self._shares))
            if sum(mine - its for sure, mine, its in pairs if sure >= bar) >= 0
        ]
        self.trusted_from = min(enough, default=math.inf)

    def _sure(self, lead: float) -> float:
        return self._shares[bisect_right(self._bounds, lead)]

    @property
    def right(self) -> int:
        """How many of the training messages it guessed."""
        return sum(each.right for each in self.tries)

    @property
    def wrong(self) -> int:
        """How many it did not."""
        return len(self.tries) - self.right


def train(known: Sequence[Message]) -> dict[str, Trained]:
    """Return all readers, trained."""
    trained = {name: Trained(make, known) for name, make in READERS.items()}
    for each in trained.values():
        each.trust(trained["expert"])
    return trained


def _tried(make: Make, known: Sequence[Message]) -> list[Try]:
    tries: list[Try] = []
    for fold in sorted({each.fold for each in known}):
        learnt, asked = split(known, fold)
        reader = make(learnt)
        for message in asked:
            views = standardised(reader.scores(message.text))
            tries.append(Try(message=message, lead=_lead(views), right=best(views) == message.page))
    return tries


def _lead(views: Scores) -> float:
    first, second = sorted(views.values(), reverse=True)[:2]
    return first - second


def _calibrated(tries: Sequence[Try]) -> tuple[list[float], list[float]]:
    """Return the leads at which a group begins, without the first, and the share of each group."""
    ordered = sorted(tries, key=lambda each: each.lead)
    groups = [ordered[at * len(ordered) // GROUPS : (at + 1) * len(ordered) // GROUPS] for at in range(GROUPS)]
    shares = [(sum(each.right for each in group) + 1) / (len(group) + 2) for group in groups]
    return [group[0].lead for group in groups[1:]], shares
