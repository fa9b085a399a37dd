"""What is asked of whom, one after the other, and the shape of the answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from podium.agents.shape import free_json, shape_of
from podium.engine.primitives.approvals import approval_of
from podium.engine.primitives.waits import check_default
from podium.errors import UsageError
from podium.model.agent import Shape
from podium.model.duration import Duration
from podium.model.expected import COUNT, TEXT, Expected, instance, is_list
from podium.model.json import Json
from podium.model.question import Approval, Ask, Decision, Escalation

T = TypeVar("T")

_NEXT = instance(Escalation, 'Escalation(to="boss", within=3600)')
_SEVERAL = Expected('a list, such as [Escalation(to="boss", within=3600)]', is_list)
_DECISION = instance(Decision, "Decision(approved=False)")


class QuestionStage(NamedTuple):
    """A question as it is put to one person or role of several."""

    ask: Ask
    keeps: bool = False
    """Whether the answers that the one before has count."""


def escalated(ask: Ask, escalate: Sequence[Escalation]) -> list[QuestionStage]:
    """Return a question as it is put to one after the other; raises UsageError if one of them would never be asked."""
    stages = [QuestionStage(ask)]
    for each in escalate:
        next_one = replace(ask, to=each.to, within=each.within, quorum=each.quorum or stages[-1].ask.quorum)
        stages.append(QuestionStage(next_one, each.keep_answers))
    if forever := next((each.ask for each in stages[:-1] if each.ask.within is None), None):
        raise UsageError(f"{ask.text!r} never expires for {forever.to!r}, so nobody is asked next: say `within`.")
    return stages


def _most(quorum: int, escalate: Sequence[Escalation]) -> int:
    """Return how many people have to answer at most, whoever is asked."""
    return max([quorum, *(each.quorum for each in escalate if each.quorum is not None)])


def asking(
    question: str | Approval, *, answer: Any, subject: Any, to: str, within: Duration | None,
    escalate: Sequence[Escalation], quorum: int, default: Sequence[Any],
) -> tuple[Sequence[QuestionStage], Shape[Any]]:  # fmt: skip
    """Return what is asked, of one after the other, and the shape of the answer; raises UsageError for mistakes."""
    COUNT.check("quorum of a question", quorum)
    name = f"escalate of {(question.text if isinstance(question, Approval) else question)!r}"
    _SEVERAL.check(name, escalate)
    for each in escalate:
        _NEXT.check(name, each)
    most = _most(quorum, escalate)
    if isinstance(question, Approval):
        if answer is not Any or subject is not None:
            raise UsageError(
                f"{question.text!r} is an Approval: its answer is a Decision, and its subject stands in it. Write "
                "`Approval(text, subject)`, and leave `answer` and `subject` out."
            )
        for given in default:
            _DECISION.check(f"default of {question.text!r}", given)
        ask, shape = approval_of(question, free_json(question.subject), to=to, within=within, quorum=most)
        return escalated(replace(ask, quorum=quorum), escalate), shape
    TEXT.check("the question", question)
    own = shape_of(answer)
    ask = Ask(text=question, subject=free_json(subject), schema=own.schema, to=to, within=within, quorum=quorum)
    if most > 1:
        return escalated(ask, escalate), ManyShape(own)
    for given in default:
        check_default(repr(question), own, given)
    return escalated(ask, escalate), own


class ManyShape(Generic[T]):
    """Several people's answers: a list of one shape."""

    def __init__(self, each: Shape[T]) -> None:
        self.schema: Json = {"type": "array", "items": each.schema}
        self.type: Any = list[each.type]
        self._each = each

    def dump(self, value: list[T]) -> Json:
        """Return them as a list."""
        return [self._each.dump(part) for part in value]

    def redump(self, value: list[T], *, normalised: bool = False) -> Json:
        """Return them as a list."""
        return [self._each.redump(part, normalised=normalised) for part in value]

    def load(self, value: Json) -> list[T]:
        """Return the answers of a list."""
        return [self._each.load(part) for part in value]

    def restore(self, value: Json) -> list[T]:
        """Return the answers of a list."""
        return [self._each.restore(part) for part in value]
