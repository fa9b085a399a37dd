"""The counting of votes: what they decide, and when no further one can change it.

Nothing here asks anybody. An option is known by its canonical JSON, so that equal values are one option.
"""

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import comb
from typing import Literal, TypeAlias

from podium.model.json import Json, is_array, is_object
from podium.patterns.building.inputs import plain

NamedRule: TypeAlias = Literal["majority", "plurality", "unanimous"]
DecisionRule: TypeAlias = NamedRule | float
"""What an option needs: more than half, the most, all, or this share of the weight that was cast."""

_NEW = "\N{REPLACEMENT CHARACTER}"
"""Stands for an option without any vote yet: it is no JSON."""

_FIRST = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the option that the first vote will be for: another one than `_NEW`, its rival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """An option won."""

    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """Several options would each have won without the others, in the order in which they were first voted for."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """No option has what it needs."""

    why: str


BallotOutcome: TypeAlias = Decided | Tied | Undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotRules:
    """How votes are counted."""

    decide: DecisionRule = "majority"
    tie: Literal["none", "first", "ask"] = "none"
    """What comes of a tie: nothing, what was voted for first (in the order of the seats), or a question."""
    quorum: int = 1
    confidence: float | None = None
    options: tuple[str, ...] | None = None
    """All that can be voted for, where that is known."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """The votes so far: of seats in an order, each with its weight. A new one for every vote."""

    rules: BallotRules
    weights: Sequence[Fraction]
    votes: Mapping[int, str | None]
    """The option that a seat chose, None where it abstained; a seat that is not in it has not voted yet."""

    def plus(self, seat: int, option: str | None) -> "Count":
        """Return the count with one more vote."""
        return replace(self, votes={**self.votes, seat: option})

    @cached_property
    def open(self) -> Sequence[int]:
        """The seats that have not voted, in order."""
        return [seat for seat in range(len(self.weights)) if seat not in self.votes]

    @cached_property
    def seats(self) -> Mapping[str, Sequence[int]]:
        """Those who voted for each option, in order; the option that was first voted for is the first."""
        found: dict[str, list[int]] = {}
        for seat in sorted(self.votes):
            if (option := self.votes[seat]) is not None:
                found.setdefault(option, []).append(seat)
        return found

    @cached_property
    def total(self) -> Fraction:
        """The weight of all votes that are no abstentions."""
        return sum(self._weight.values(), Fraction())

    @cached_property
    def number(self) -> int:
        """How many votes are no abstentions."""
        return sum(map(len, self.seats.values()))

    @cached_property
    def leading(self) -> Sequence[str]:
        """The options with the most weight."""
        return [option for option, weight in self._weight.items() if weight == self._most]

    def weight(self, option: str) -> Fraction:
        """Return the weight of the votes for an option."""
        return self._weight.get(option, Fraction())

    def outcome(self) -> BallotOutcome:
        """Return what these votes decide if there are no others."""
        if not self.seats:
            return Undecided(why="nobody voted")
        if self.number < self.rules.quorum:
            return Undecided(why=f"the quorum is {self.rules.quorum}, and {self.number} voted")
        if self._reached(self._most, self.total):
            return self._of(self.leading)
        if self.rules.decide == "majority" and len(self.leading) > 1 and 2 * self._most == self.total:
            return self._of(self.leading)
        return Undecided(why=f"no option has {self.needed}")

    @property
    def needed(self) -> str:
        """What an option needs, in words."""
        match self.rules.decide:
            case "majority":
                return "more than half of the votes"
            case "plurality":
                return "the most votes"
            case "unanimous":
                return "all votes"
            case share:
                return f"{share:.4g} of the votes"

    def settled(self) -> BallotOutcome | None:
        """Return the outcome if no further vote is worth its price: it is certain, or certain enough; else None."""
        return self.certain() or self._confident()

    def certain(self) -> BallotOutcome | None:
        """Return the outcome if it is the same whatever the open seats vote, or whether they do; else None."""
        if not self.open:
            return self.outcome()
        if self.number + len(self.open) < self.rules.quorum:
            return Undecided(why=f"the quorum of {self.rules.quorum} can no longer be reached")
        if not self._reachable():
            return Undecided(why=f"no option can get {self.needed} any more")
        if self.number < self.rules.quorum or not self.seats:
            return None
        return next((Decided(option=each) for each in self.leading if self._cannot_lose(each)), None)

    def fewest(self) -> int:
        """Return how many of the open seats, in order, have to vote at least before there can be a decision."""
        return min(self._fewest_for(option) for option in self.leading or (self.rules.options or (_FIRST,))[:1])

    def _fewest_for(self, option: str) -> int:
        def decided(number: int) -> bool:
            more = dict.fromkeys(self.open[:number], option)
            return isinstance(replace(self, votes={**self.votes, **more}).settled(), Decided)

        return min(len(self.open), 1 + bisect_left(range(1, len(self.open) + 1), 1, key=decided))

    def certainty(self, leader: str) -> Fraction:
        """Return how certain it is that an option stays ahead: of the runner-up, or for a majority of all others."""
        others = [len(seats) for option, seats in self.seats.items() if option != leader]
        against = sum(others) if self.rules.decide == "majority" else max(others, default=0)
        return certainty(len(self.seats[leader]), against)

    @cached_property
    def _weight(self) -> Mapping[str, Fraction]:
        return {option: sum((self.weights[n] for n in seats), Fraction()) for option, seats in self.seats.items()}

    @cached_property
    def _most(self) -> Fraction:
        return max(self._weight.values(), default=Fraction())

    @cached_property
    def _left(self) -> Fraction:
        """The weight of the open seats."""
        return sum((self.weights[seat] for seat in self.open), Fraction())

    def _of(self, leading: Sequence[str]) -> BallotOutcome:
        if len(leading) == 1 or self.rules.tie == "first":
            return Decided(option=leading[0])
        return Tied(options=tuple(leading))

    def _reached(self, weight: Fraction, cast: Fraction) -> bool:
        """Whether an option of a weight has what it needs of the weight cast, ties apart."""
        match self.rules.decide:
            case "majority":
                return 2 * weight > cast
            case "plurality":
                return weight > 0
            case "unanimous":
                return weight == cast
            case share:
                return weight >= exact(share) * cast

    def _reachable(self) -> bool:
        """Whether some option can still win or tie."""
        weight, cast = self._most + self._left, self.total + self._left
        if self._reached(weight, cast):
            return True
        half = self.rules.decide == "majority" and 2 * weight == cast
        against_one = self._most + min(self._weight.values(), default=Fraction()) == self.total
        return half and against_one and self.rules.tie != "none"

    def _cannot_lose(self, leader: str) -> bool:
        """Whether an option wins even if all open seats vote for another one."""
        rivals = {*(self.rules.options or (*self.seats, _NEW))} - {leader}
        weight, cast = self.weight(leader), self.total + self._left
        if self._reached(weight, cast):
            return all(self._outdoes(leader, rival) for rival in rivals)
        half = self.rules.decide == "majority" and 2 * weight == cast
        against_one = bool(self.rules.options) and len(rivals) == 1
        against_one = against_one or len(self.open) == len(self.seats) == 1
        return half and against_one and all(self._outdoes(leader, rival) for rival in rivals)

    def _outdoes(self, leader: str, rival: str) -> bool:
        """Whether an option is before another one even if all open seats vote for that."""
        ahead = self.weight(leader) - self.weight(rival) - self._left
        if ahead != 0 or self.rules.tie != "first":
            return ahead > 0
        return self.seats[leader][0] < min([self.open[0], *self.seats.get(rival, ())])

    def _confident(self) -> BallotOutcome | None:
        """Return the outcome of the votes so far if it is as certain as the rules ask for."""
        if self.rules.confidence is None or not isinstance(outcome := self.outcome(), Decided):
            return None
        return outcome if self.certainty(outcome.option) >= exact(self.rules.confidence) else None


def certainty(leader: int, others: int) -> Fraction:
    """Return how certain it is that the leader is ahead among all who might be asked.

    P(p > 1/2) for p ~ Beta(leader + 1, others + 1): the regularised incomplete beta function at 1/2, which for whole
    numbers is a sum of binomial coefficients.
    """
    number = leader + others + 1
    return Fraction(sum(comb(number, k) for k in range(leader + 1)), 2**number)


def exact(number: float) -> Fraction:
    """Return a number as the decimal fraction as which it is written: 0.1 is a tenth."""
    return Fraction(repr(number))


def key_of(value: object) -> str:
    """Return the canonical JSON of a value: the same text for the same value."""
    return json.dumps(_canonical(plain(value)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: Json) -> Json:
    """Return JSON in which a whole number is an integer, as it is in JSON itself."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case _ if is_array(value):
            return [_canonical(each) for each in value]
        case _ if is_object(value):
            return {name: _canonical(each) for name, each in value.items()}
        case _:
            return value
