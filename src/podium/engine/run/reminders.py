"""When people are told again of the questions of one run that are still open."""

from collections.abc import Iterable, Sequence

from podium.model.fact import Fact, FactKind
from podium.model.facts.notices import QuestionReminded
from podium.model.facts.waits import QuestionAsked

_GUARD = b'"reminder"'


class Reminders:
    """Knows of each question that has reminders how often, and when last, people were told of it.

    They are told after a time, and each time after twice as long as before: whoever does not answer for a year is not
    told every hour, nor has the journal a fact for each.
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, int]] = {}

    def read(self, facts: Iterable[Fact]) -> None:
        """Learn from the journal."""
        for fact in facts:
            if fact.kind is FactKind.QUESTION and isinstance(said := fact.content, QuestionAsked) and said.remind:
                self.note(said.question, fact.at)
            elif (
                fact.kind is FactKind.NOTICE and _GUARD in fact.text
                and isinstance(again := fact.content, QuestionReminded)
            ):  # fmt: skip
                self.note(again.question, fact.at, again.n)

    def note(self, question: str, at: float, n: int = 0) -> None:
        """Take in that people were told of a question, for the n-th time again."""
        self._told[question] = at, n

    def due(self, said: QuestionAsked) -> float | None:
        """Return when people are to be told again; None where they are not."""
        if said.remind is None or (told := self._told.get(said.question)) is None:
            return None
        at, n = told
        return at + said.remind * 2**n

    def following(self, said: QuestionAsked) -> QuestionReminded:
        """Return what is recorded when people are told again."""
        _, n = self._told[said.question]
        return QuestionReminded(question=said.question, to=said.to, n=n + 1)

    def first(self, open_ones: Iterable[QuestionAsked]) -> float | None:
        """Return when people are to be told again of the first of some questions."""
        return min(self._dues(open_ones), default=None)

    def _dues(self, open_ones: Iterable[QuestionAsked]) -> Sequence[float]:
        return [due for each in open_ones if (due := self.due(each)) is not None]


def reminder_times(facts: Sequence[Fact]) -> frozenset[float]:
    """Return when people are to be told again of what a run has asked, whether or not that is still open."""
    reminders = Reminders()
    reminders.read(facts)
    asked = (fact.content for fact in facts if fact.kind is FactKind.QUESTION)
    dues = (reminders.due(said) for said in asked if isinstance(said, QuestionAsked))
    return frozenset(due for due in dues if due is not None)
