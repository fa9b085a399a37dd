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
    "handbook": lambda _: Handbook(),
    "expert": Expert,
}
"""By name, how each reader is made of the messages that it may learn from."""
GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Whose guess it is, the page, and which share of guesses with as clear a lead was right in training."""

    by: str
    page: str
    sure: float


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

    def __init__(self, name: str, known: Sequence[Message]) -> None:
        make = READERS[name]
        self.name = name
        self.reader = make(known)
        self.tries = _tried(make, known)
        self._bounds, self._shares = _calibrated(self.tries)
        self.views = cache(self._views)

    def _views(self, text: str) -> Scores:
        """Return by how many standard deviations each page's score is above the mean."""
        return standardised(self.reader.scores(text))

    def guess(self, text: str) -> Guess:
        """Return the best page, and how sure that is."""
        views = self.views(text)
        return Guess(by=self.name, page=best(views), sure=self.sure(_lead(views)))

    def bar(self, expert: "Trained", loss: float) -> float:
        """Return how sure a guess has to be so that trusting it costs at most a share of what the expert got right.

        It is the lowest bar of which this holds in training: at the messages where this reader reaches it, the expert
        is right more often by no more than the share `loss` of all messages.
        """
        pairs = [
            (self.sure(mine.lead), its.right - mine.right) for mine, its in zip(self.tries, expert.tries, strict=True)
        ]
        enough = (
            bar for bar in set(self._shares) if sum(lost for sure, lost in pairs if sure >= bar) <= loss * len(pairs)
        )
        return min(enough, default=math.inf)

    def sure(self, lead: float) -> float:
        """Return which share of the guesses with such a lead was right in training."""
        return self._shares[bisect_right(self._bounds, lead)]

    @property
    def right(self) -> int:
        """How many of the training messages it guessed."""
        return sum(each.right for each in self.tries)

    @property
    def wrong(self) -> int:
        """How many it did not."""
        return len(self.tries) - self.right


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
