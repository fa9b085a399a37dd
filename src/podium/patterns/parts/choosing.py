"""Who of several does a kind of tasks: as a rule advises or as records show, with a bound on what trying costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podium.model.track_record import TrackRecord
from podium.patterns.parts.topology import Fit

_95_PERCENT = 1.96
_EVERY = 5
"""At most every fifth call of a kind is made to try somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRecord:
    """How somebody did so far at tasks of one kind."""

    done: int = 0
    failed: int = 0
    calls: int = 0
    """How often they were asked, also where there is no answer yet."""

    @property
    def expected(self) -> float:
        """The share of calls that will work, as far as is known (Laplace's rule); one half where nothing is."""
        return (self.done + 1) / (self.done + self.failed + 2)

    def told(self) -> str:
        """Return it in words."""
        return f"{self.done} of {self.done + self.failed} of its calls worked"


def tried(records: Sequence[TrackRecord]) -> KindRecord:
    """Return some records together."""
    return KindRecord(
        done=sum(each.done for each in records), failed=sum(each.failed for each in records),
        calls=sum(each.calls for each in records),
    )  # fmt: skip


def interval(done: int, failed: int) -> tuple[float, float]:
    """Return between which shares the share of calls that work is, with 95 % confidence (Wilson, 1927)."""
    calls = done + failed
    if not calls:
        return 0.0, 1.0
    share, z2 = done / calls, _95_PERCENT**2
    spread = _95_PERCENT * math.sqrt(share * (1 - share) / calls + z2 / (4 * calls**2))
    middle, whole = share + z2 / (2 * calls), 1 + z2 / calls
    return (0.0 if not done else (middle - spread) / whole), (1.0 if not failed else (middle + spread) / whole)


def proven(done: int, failed: int) -> float:
    """Return the share of calls that work at least, with 95 % confidence; 0 where nothing is known."""
    return interval(done, failed)[0]


def kept(single: KindRecord, enough: float) -> Fit | None:
    """Return that the single agent is good enough by itself, or None where its record does not show it.

    More agents bring less, or do harm, once one alone does well in about 45 % of cases (arXiv 2512.08296).
    """
    sure = proven(single.done, single.failed)
    if sure <= enough:
        return None
    return Fit(
        "single",
        f"{single.told()}, so at least {sure:.0%} do: above {enough:.0%} more agents cost more than they bring.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedChoice:
    """Chooses who does a task of some kind, of those whose records at that kind are told."""

    enough: float
    """The share of its calls that have to work for the single agent to be called without trying anybody else."""
    tries: int
    """How many calls of a kind each member gets at most to show how it does."""

    def without_advice(self, crew: Mapping[str, KindRecord]) -> Fit | None:
        """Return who does it if their records say so whatever a rule advises; None where that matters."""
        if alone := self._alone(crew):
            return alone
        if any(each.calls < max(self.tries, 1) for each in crew.values()):
            return None
        best = max(crew, key=lambda each: crew[each].expected)
        return _best(best, crew[best])

    def choose(self, crew: Mapping[str, KindRecord], advised: Fit) -> Fit:
        """Return who does it: the single agent that is good enough, else who leads, or now and then somebody to try.

        Whoever is advised leads until another one, once tried, has the better record. Of those who were tried less
        often than `tries`, and of whom it is not shown that they do worse, the least tried one is tried: at most at
        every fifth call.
        """
        if alone := self._alone(crew):
            return alone
        tested = [each for each, record in crew.items() if record.calls >= max(self.tries, 1)]
        leader = max([advised.chosen, *tested], key=lambda each: crew[each].expected)
        least = proven(crew[leader].done, crew[leader].failed)
        untested = [
            each
            for each, record in crew.items()
            if each != leader and record.calls < self.tries and interval(record.done, record.failed)[1] > least
        ]
        calls = sum(each.calls for each in crew.values())
        spent = sum(min(record.calls, self.tries) for each, record in crew.items() if each != leader)
        if untested and (spent + 1) * _EVERY <= calls + 1:
            novice = min(untested, key=lambda each: crew[each].calls)
            return Fit(
                novice,
                f"it is tried: {crew[novice].calls} of at most {self.tries} times so far at this kind, at which "
                f"{leader} leads ({crew[leader].told()}).",
            )
        return advised if leader == advised.chosen else _best(leader, crew[leader])

    def _alone(self, crew: Mapping[str, KindRecord]) -> Fit | None:
        """Return that the single agent is good enough, unless it is shown that another one does better."""
        single = crew["single"]
        most = interval(single.done, single.failed)[1]
        if any(proven(each.done, each.failed) > most for each in crew.values()):
            return None
        return kept(single, self.enough)


def _best(who: str, record: KindRecord) -> Fit:
    return Fit(who, f"{record.told()}, the best record at this kind.")
