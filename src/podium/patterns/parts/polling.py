"""A poll: votes are bought until they decide, and what came of each is noted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal, TypeVar

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import NoDecision
from podium.model.json import Json
from podium.patterns.building.last_word import TeamResult
from podium.patterns.building.names import choices, named
from podium.patterns.parts.ballot import BallotOutcome, Count, Tied, Undecided, key_of

T = TypeVar("T")

_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally(Generic[T]):
    """What was cast for one option."""

    option: T
    weight: float
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot(TeamResult, Generic[T]):
    """What was decided, and how. A vote has the name of its voter; the second one of the same voter is `name#2`."""

    decision: T
    counts: list[Tally[T]]
    """The options that were voted for, the one with the most weight first."""
    votes: dict[str, T | None]
    """What was voted by those who were asked; None is no vote."""
    abstained: dict[str, str]
    """Why there is no vote of theirs."""
    not_asked: list[str]
    """The votes that were not bought: they could not matter."""
    why: str

    @property
    def last(self) -> T:
        """The decision."""
        return self.decision


class Poll:
    """One poll: its votes by label, in the order in which they are bought."""

    def __init__(self, labels: Sequence[str], count: Count, options: Sequence[Json] | Literal[False] | None) -> None:
        self.labels = labels
        self.options = options or ()
        """What can be voted for, where whoever votes for something else is asked again."""
        self.count = count
        self.votes: dict[str, object | None] = {}
        """What was voted so far."""
        self.abstained: dict[str, str] = {}
        self.failures: list[Exception] = []
        """What voters failed with."""
        self._values: dict[str, object] = {}
        self._asked = 0

    async def run(self, ctx: Context, buy: Callable[[int], Primitive[object]], at_once: int | None) -> BallotOutcome:
        """Buy votes, by number, until the outcome is settled. Those who are still at work then are cancelled."""
        first = [buy(seat) for seat in self._due(at_once)]
        async with ctx.select(*first) as ended:
            while (outcome := self.count.settled()) is None and (vote := await ended.next()) is not None:
                self._take(vote.index, None if vote.error else vote.value(), vote.error)
                for seat in self._due(at_once):
                    ended.add(buy(seat))
        self._sort()
        return outcome or self.count.outcome()

    def _due(self, at_once: int | None) -> Sequence[int]:
        """Return the votes that are to be bought now, beside those that are being bought."""
        if self.count.settled() is not None:
            return ()
        wanted = len(self.count.votes) + (at_once or self.count.fewest())
        begun, self._asked = self._asked, max(self._asked, min(wanted, len(self.labels)))
        return range(begun, self._asked)

    def meant(self, vote: object) -> object:
        """Return the option that is meant by a vote, where that is clear: a text is read as a person would."""
        texts = [each for each in self.options if isinstance(each, str)]
        return named(vote, texts) or vote if isinstance(vote, str) else vote

    def valid(self, vote: object) -> None:
        """Raise NoDecision for a vote that is none of the options; None is no vote, and may be given."""
        keys = list(map(key_of, self.options))
        if vote is not None and (key := key_of(self.meant(vote))) not in keys:
            raise NoDecision(f"vote: {_shown(key)} is none of the options: {choices(key, keys)}.")

    def option(self, key: str) -> object:
        """Return an option as it was voted for."""
        return self._values[key]

    def ballot(self, option: str, why: str) -> Ballot[object]:
        """Return the result."""
        counted = [
            Tally(option=self.option(each), weight=float(self.count.weight(each)), votes=len(seats))
            for each, seats in self.count.seats.items()
        ]
        ballot: Ballot[object] = Ballot(
            decision=self.option(option), counts=sorted(counted, key=lambda each: -each.weight), votes=self.votes,
            abstained=self.abstained, not_asked=list(self.labels[self._asked :]), why=why,
        )  # fmt: skip
        return ballot

    def why(self, winner: str) -> str:
        """Say in one sentence how an option won."""
        count, rivals = self.count, [each for each in self.count.leading if each != winner]
        said = f"{_shown(winner)} has {self._share(count.weight(winner))}"
        if rivals:
            said = f"{said}, as has {' and '.join(map(_shown, rivals))}, and was voted for first"
        if not count.open:
            return f"{said}."
        if count.certain() is not None:
            return f"{said}, and no further vote can change that."
        return f"{said}, and is ahead with a certainty of {float(count.certainty(winner)):.4f}."

    def objection(self, outcome: Tied | Undecided) -> str:
        """Say why nothing is decided, and what to do."""
        if isinstance(outcome, Tied):
            said = f"{self.tie(outcome)}. Let `tie` be an agent that decides, or ask an odd number of voters"
        else:
            said = f"{outcome.why}. Ask more voters, or decide by another rule"
        counts = ", ".join(f"{_shown(each)} {self._share(self.count.weight(each))}" for each in self.count.seats)
        lost = "; ".join(f"{label}: {reason}" for label, reason in self.abstained.items())
        return f"{said}.{f' Votes: {counts}.' if counts else ''}{f' No vote: {lost}.' if lost else ''}"

    def tie(self, tied: Tied) -> str:
        """Say which options tie."""
        return f"{' and '.join(map(_shown, tied.options))} have {self._share(self.count.weight(tied.options[0]))} each"

    def _share(self, weight: Fraction) -> str:
        weighted = any(each != 1 for each in self.count.weights)
        return f"{float(weight):g} of {float(self.count.total):g}{' by weight' if weighted else ' votes'}"

    def _take(self, seat: int, value: object, error: Exception | None) -> None:
        value = self.meant(value)
        label, key = self.labels[seat], key_of(value)
        if error is not None:
            self.failures.append(error)
        if error is not None or value is None:
            self._abstain(seat, "it gave no vote" if error is None else str(error))
        elif self.count.rules.options is not None and key not in self.count.rules.options:
            self._abstain(seat, f"{_shown(key)} is none of the options")
        else:
            self.votes[label] = self._values.setdefault(key, value)
            self.count = self.count.plus(seat, key)

    def _abstain(self, seat: int, why: str) -> None:
        self.votes[self.labels[seat]] = None
        self.abstained[self.labels[seat]] = why
        self.count = self.count.plus(seat, None)

    def _sort(self) -> None:
        """Bring votes and reasons into the order of the labels, and name those that were too late."""
        asked = self.labels[: self._asked]
        late = {
            label: "it was still at work when the outcome was settled" for label in asked if label not in self.votes
        }
        self.votes = {label: self.votes.get(label) for label in asked}
        reasons = {**self.abstained, **late}
        self.abstained = {label: reasons[label] for label in asked if label in reasons}


def _shown(key: str) -> str:
    return key if len(key) <= _LONGEST else f"{key[: _LONGEST - 1]}…"
