"""What is asked of whom, one after the other, and the shape of the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar, cast

from podium.agents.schema_shape import SchemaShape, schema_shape
from podium.agents.shape import TypeShape, free_json, shape_of
from podium.engine.primitives.approvals import approval_of
from podium.engine.primitives.waits import check_default
from podium.errors import UsageError
from podium.model.agent import Shape
from podium.model.duration import Duration
from podium.model.expected import COUNT, Expected, instance, is_list, is_mapping, refuse
from podium.model.json import Json
from podium.model.question import Approval, Ask, Choice, Decision, Edit, Escalation

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


Askable = str | Approval | Choice[Any] | Edit[Any]
"""What can be asked."""


def asking(  # noqa: PLR0913 - what `ctx.ask` takes
    question: Askable, *, answer: Any, subject: Any, to: str, within: Duration | None,
    remind: Duration | None, escalate: Sequence[Escalation], quorum: int, default: Sequence[Any],
) -> tuple[Sequence[QuestionStage], Shape[Any]]:  # fmt: skip
    """Return what is asked, of one after the other, and the shape of the answer; raises UsageError for mistakes."""
    COUNT.check("quorum of a question", quorum)
    text = question if isinstance(question, str) else _known(question).text
    name = f"escalate of {text!r}"
    _SEVERAL.check(name, escalate)
    for each in escalate:
        _NEXT.check(name, each)
    most = _most(quorum, escalate)
    if not isinstance(question, str) and (answer is not Any or subject is not None):
        raise UsageError(_STANDS_IN_IT[type(question)].format(text=repr(text)))
    if isinstance(question, Approval):
        for given in default:
            _DECISION.check(f"default of {text!r}", given)
        ask, shape = approval_of(question, free_json(question.subject), to=to, within=within, quorum=most)
        return escalated(replace(ask, quorum=quorum, remind=remind), escalate), shape
    kind, shown, own = _plain_question(question, answer, subject, most)
    ask = Ask(
        text=text, subject=shown, schema=own.schema, to=to, within=within, remind=remind, quorum=quorum, kind=kind
    )
    if most > 1:
        return escalated(ask, escalate), ManyShape(own)
    for given in default:
        check_default(repr(text), own, given)
    return escalated(ask, escalate), own


_STANDS_IN_IT: Mapping[type, str] = {
    Approval: (
        "{text} is an Approval: its answer is a Decision, and its subject stands in it. Write "
        "`Approval(text, subject)`, and leave `answer` and `subject` out."
    ),
    Choice: (
        "{text} is a Choice: its answer is the name of an option, and its subject stands in it. Write "
        "`Choice(text, options, subject)`, and leave `answer` and `subject` out."
    ),
    Edit: (
        "{text} is an Edit: its subject is the draft. Write `Edit(text, draft, answer=…)`, and leave `answer` and "
        "`subject` out."
    ),
}


def _known(question: object) -> Approval | Choice[Any] | Edit[Any]:
    if not isinstance(question, Approval | Choice | Edit):
        refuse("the question", question, "a text, an Approval, a Choice or an Edit")
    return cast("Approval | Choice[Any] | Edit[Any]", question)


def _plain_question(
    question: str | Choice[Any] | Edit[Any], answer: Any, subject: Any, most: int
) -> tuple[str, Json, Shape[Any]]:
    """Return, of a question whose answer is a value, the kind that is recorded, its subject and its answer's shape."""
    match question:
        case Choice():
            return (
                "question",
                free_json(question.subject),
                SchemaShape(question.schema, f"an option of {question.text!r}"),
            )
        case Edit():
            if most > 1:
                raise UsageError(
                    f"{question.text!r} needs {most} people and has each of them edit the draft: nobody would see what "
                    "the others made of it. Ask one person, or use an Approval."
                )
            draft: object = question.draft
            edited: TypeShape[Any] = shape_of(type(draft) if question.answer is None else question.answer)
            return "edit", free_json(draft), edited
        case _:
            own = schema_shape(answer, f"the answer to {question!r}") if is_mapping(answer) else shape_of(answer)
            return "question", free_json(subject), own


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
