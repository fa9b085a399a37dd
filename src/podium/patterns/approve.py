"""`approve`: a person in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeVar, Unpack, overload

from podium.engine.context import Context
from podium.errors import GateClosed, InvalidValue, PatternError, QuestionExpired
from podium.model.duration import Duration
from podium.model.json import Json
from podium.model.question import Approval, Decision, Escalation
from podium.patterns.building.inputs import PARTS, plain
from podium.patterns.building.members import ANYTHING, Kind, Member, Stage, at_least, either, gives
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role

T = TypeVar("T")

_NUMBER = int | float


@overload
def approve(
    to: str, *, text: str = "Approve?", within: Duration | None = None, escalate: Sequence[Escalation] = (),
    quorum: int = 1, default: Literal["approve", "reject"] | None = None, author: Member | None = None,
    questions: int = 3, edit: type[T], name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[T, T]: ...  # fmt: skip
@overload
def approve(
    to: str, *, text: str = "Approve?", within: Duration | None = None, escalate: Sequence[Escalation] = (),
    quorum: int = 1, default: Literal["approve", "reject"] | None = None, author: Member | None = None,
    questions: int = 3, edit: bool | type[object] = True, otherwise: Member | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern: ...  # fmt: skip
@pattern
def approve(
    to: str, *, text: str = "Approve?", within: Duration | None = None, escalate: Sequence[Escalation] = (),
    quorum: int = 1, default: Literal["approve", "reject"] | None = None, author: Member | None = None,
    questions: int = 3, edit: bool | type[object] = True, otherwise: Member | None = None, name: str | None = None,
    **card: Unpack[CardFields],
) -> Pattern:  # fmt: skip
    """A person looks at the value that comes in, and approves, edits or rejects it, or asks back; gives the value.

    `to` is a person or a role; the value is the question's subject. `edit` is the value's type: what the person puts in
    its place is checked against it. With True it has to be of the same kind of JSON (a text for a text); with False
    there are no edits, and none with a `quorum` above 1, where the other approvers would not have seen them.

    A person who asks back has the `author` asked, who takes parts `value` and `question` and gives an answer; then the
    person is asked again, and the subject is the `value` with the `exchange` so far. At most `questions` times.

    After `within` seconds the question expires, and those of `escalate` are asked, one after the other. If the last one
    does not answer either, the value counts as `default` says. A `quorum` of k needs k different people, all of whom
    approve. What is rejected goes to `otherwise`, who takes the value, or parts `value` and `comment` (a language model
    and a person see both), and whose output is the value then.

    Raises GateClosed where it is rejected and there is no `otherwise`, with the comment and by whom; and where nobody
    answered and there is no `default`.
    """
    at_least("approve", "quorum", quorum)
    at_least("approve", "questions", questions, 0)
    asked = _Asked(
        text=text, people=[Escalation(to=to, within=within), *escalate], quorum=quorum, default=default, edit=edit
    )
    asked.check()
    answering = None if author is None else Role[object]("approve", "author", author, offers=("value", "question"))
    rejecting = (
        None if otherwise is None else Role[object]("approve", "otherwise", otherwise, offers=("value", "comment"))
    )

    async def body(ctx: Context, value: object, so_far: SoFar[object]) -> object:
        so_far.reached(value)
        exchange, since = list[Json](), 0
        while True:
            may_ask = answering is not None and len(exchange) < questions
            try:
                decision = await asked.put(ctx, value, exchange, since, questions=may_ask)
            except InvalidValue as error:
                if len(exchange) >= questions:
                    raise GateClosed(f"approve: what was put in its place does not fit: {error}") from error
                exchange.append({"refused": str(error)})
                continue
            if answering is None or not decision.question:
                break
            answer = await answering.ask(ctx, PARTS, value=value, question=decision.question)
            exchange.append({"question": decision.question, "by": list(decision.by), "answer": plain(answer)})
            since = asked.names.index(decision.to)
        if decision.approved:
            return decision.value if decision.edited else value
        if rejecting is None:
            comment = f": {decision.comment}" if decision.comment else ", without a comment"
            raise GateClosed(f"approve: {' and '.join(decision.by) or 'nobody'} rejected it{comment}", by=decision.by)
        return await rejecting.ask(ctx, value, value=value, comment=decision.comment)

    kind = ANYTHING if isinstance(edit, bool) else edit
    return Pattern(
        body, kind="approve", name=name, card=card, sketch=_sketch(asked, author, otherwise), takes=kind,
        gives=kind if otherwise is None else either([kind, gives(otherwise)]), has=kind,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What people are asked, and who, one after the other."""

    text: str
    people: Sequence[Escalation]
    quorum: int
    default: str | None
    edit: bool | type[object]

    @property
    def names(self) -> list[str]:
        return [each.to for each in self.people]

    def check(self) -> None:
        """Raise PatternError where a person would never be asked, or the preset never count."""
        if not all(self.names):
            raise PatternError("approve was given to='': expected a person or a role.")
        with_successor = self.people[:-1] if self.default is None else self.people
        if (forever := next((each.to for each in with_successor if each.within is None), None)) is not None:
            raise PatternError(
                f"approve waits for {forever} for ever, so what is to follow never does: say `within` for {forever}."
            )

    async def put(self, ctx: Context, value: object, exchange: list[Json], since: int, *, questions: bool) -> Decision:
        """Ask the people from the one at `since` on; an unanswered question counts as preset."""
        subject = {"value": plain(value), "exchange": list(exchange)} if exchange else plain(value)
        question = Approval(self.text, subject, edit=self._kind_of(value), questions=questions)
        first, *others = self.people[since:]
        quorum = next((each.quorum for each in reversed(self.people[: since + 1]) if each.quorum), self.quorum)
        try:
            return await ctx.ask(question, to=first.to, within=first.within, escalate=others, quorum=quorum)
        except QuestionExpired as error:
            if self.default is None:
                raise GateClosed(f"approve: {error}") from error
            return Decision(approved=self.default == "approve", comment="nobody answered in time")

    def _kind_of(self, value: object) -> Kind | None:
        """Return the type of a value that may be put in the place of this one; None where none may."""
        if self.edit is False or any((each.quorum or self.quorum) > 1 for each in self.people):
            return None
        if not isinstance(self.edit, bool):
            return self.edit
        if value is None:
            return ANYTHING
        kind: type[object] = type(value)
        return _NUMBER if kind in (int, float) else kind


def _sketch(asked: _Asked, author: Member | None, otherwise: Member | None) -> Sketch:
    people = list(dict.fromkeys(asked.names))
    parts: dict[str, Stage | None] = dict.fromkeys(people)
    links = [Link(one, two, "not answered in time") for one, two in pairwise(people)]
    if author is not None:
        parts["author"] = author
        links += [Link(each, "author", "asks back") for each in people] + [Link("author", people[0])]
    if otherwise is not None:
        parts["otherwise"] = otherwise
        links += [Link(each, "otherwise", "rejects") for each in people]
    return Sketch(parts=parts, links=links)
