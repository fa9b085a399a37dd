"""Asking people: the question in the inbox, the answer, and what happens when none comes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from podium.agents.schema import alike
from podium.agents.shape import free_json, shape_of
from podium.engine.primitives.approvals import approval_of, decided
from podium.engine.primitives.outside import handed_back, take_in
from podium.engine.primitives.waits import check_default
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import shortened
from podium.engine.run.key_state import Asking, KeyState, asking_question
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import approved
from podium.engine.run.recorded import Recorded
from podium.engine.run.reservations import raised_by
from podium.errors import Diverged, QuestionExpired, UsageError
from podium.model.agent import Shape
from podium.model.duration import Duration
from podium.model.entered import shown_digest
from podium.model.expected import COUNT, TEXT, Expected, instance, is_list
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredExpired
from podium.model.facts.parts import answers_of
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.json import Json
from podium.model.question import (
    Approval,
    Ask,
    Decision,
    Escalation,
    PersonAnswer,
    Question,
    QuestionState,
    check_asked,
)
from podium.model.run import Signal
from podium.model.step import grant_of
from podium.secrets.masking import MASKING
from podium.store.codec import NULL, decode, encode
from podium.store.operations import CommitVerdict, Expire, OpenQuestion, TakeSignal

T = TypeVar("T")


def open_question(
    active: ActiveRun, key: str, ask: Ask, step: str | None, *, rule: str | None = None, shown: bytes | None = None
) -> QuestionAsked:
    """Put a question into the inbox, with the fact that says so.

    `rule` is the one that asks, if one does; `shown` is what the people are shown, where a replay is to compare it.
    """
    check_asked(ask)
    now, ids = active.runtime.clock.now(), active.runtime.ids
    due = None if ask.within is None else now + ask.within
    ask = replace(ask, text=MASKING.text(ask.text)) if MASKING.active else ask
    question = Question(
        id=ids.new("q"), run=active.run.id, key=key, ask=ask, asked_at=now, deadline=due, state=QuestionState.OPEN,
        tenant=active.run.tenant, principal=active.run.principal,
    )  # fmt: skip
    said = QuestionAsked(
        question=question.id, to=ask.to, text=ask.text, kind=ask.kind, quorum=ask.quorum, due=due, step=step, rule=rule,
        digest=shown_digest(question, encode(ask.subject), encode(ask.schema)),
    )  # fmt: skip
    active.journal.append(said, key, shown, effects=[OpenQuestion(question)])
    return said


def asked_again(said: QuestionAsked) -> Ask:
    """Return, of what was asked, as much as is needed to go on waiting."""
    return Ask(text=said.text, to=said.to, kind=said.kind, quorum=said.quorum)


class InquiryReply(NamedTuple):
    """What people said to a question; `answers` is None where they did not say it in time."""

    said: QuestionAsked
    answers: tuple[PersonAnswer, ...] | None


async def first_reply(
    active: ActiveRun, branch: BranchTask, key: str, asked: Iterable[QuestionAsked], *, until: float | None = None
) -> InquiryReply | None:
    """Wait for the answers to the first of some questions and record that they were taken.

    Where a rule asked, and all who answered approve, the fact names what they grant. None if the time `until` comes
    before any answer, and before it is too late for one.
    """
    waiting = {said.question: said for said in asked}
    for question in waiting:
        active.mailbox.questions.add(key, question)
    dues = [due for due in (until, *(said.due for said in waiting.values())) if due is not None]
    signal = await active.mailbox.wait_for_any(branch, key, "answer", waiting, min(dues, default=None))
    if signal is not None:
        return _taken(active, key, waiting[signal.name], signal)
    late = min((said for said in waiting.values() if said.due is not None), key=due_of, default=None)
    if late is None or (until is not None and until < due_of(late)):
        return None
    return await _expired(active, branch, key, late)


def reply_that_came(active: ActiveRun, key: str, asked: Iterable[QuestionAsked]) -> InquiryReply | None:
    """Take the answers to one of some questions that are there already."""
    for said in asked:
        if (signal := active.mailbox.take("answer", said.question, said.due)) is not None:
            return _taken(active, key, said, signal)
    return None


def due_of(said: QuestionAsked) -> float:
    """Return when a question expires."""
    return float("inf") if said.due is None else said.due


async def _expired(active: ActiveRun, branch: BranchTask, key: str, late: QuestionAsked) -> InquiryReply:
    """Close a question that nobody answered in time; the answer may have come just before."""
    active.mailbox.questions.close(key, late.question)
    verdict, _ = await branch.shielded(active.runtime.commits.submit(Expire(late.question)))
    if verdict is CommitVerdict.OK:
        return InquiryReply(late, None)
    await branch.shielded(active.caught_up())
    signal = active.mailbox.take("answer", late.question)
    return InquiryReply(late, None) if signal is None else _taken(active, key, late, signal)


def _taken(active: ActiveRun, key: str, said: QuestionAsked, signal: Signal) -> InquiryReply:
    """Record the answers to a question, what they allow, and what they let be spent."""
    answers, rule = answers_of(signal.body), said.rule
    granted = grant_of(rule, said.step) if rule is not None and approved(answers) else None
    raised = [] if rule is None else raised_by(rule, answers)
    active.mailbox.questions.close(key, said.question)
    fact = QuestionAnswered(question=said.question, answers=answers, granted=granted)
    active.journal.append(fact, key, effects=[TakeSignal(signal.id), *raised])
    return InquiryReply(said, answers)


_NEXT = instance(Escalation, 'Escalation(to="boss", within=3600)')


_SEVERAL = Expected('a list, such as [Escalation(to="boss", within=3600)]', is_list)


def escalated(ask: Ask, escalate: Sequence[Escalation]) -> list[Ask]:
    """Return a question as it is put to one after the other; raises UsageError if one of them would never be asked."""
    _SEVERAL.check(f"escalate of {ask.text!r}", escalate)
    for each in escalate:
        _NEXT.check(f"escalate of {ask.text!r}", each)
    asks = [ask, *(replace(ask, to=each.to, within=each.within) for each in escalate)]
    if forever := next((each for each in asks[:-1] if each.within is None), None):
        raise UsageError(f"{ask.text!r} never expires for {forever.to!r}, so nobody is asked next: say `within`.")
    return asks


def asking(
    question: str | Approval, *, answer: Any, subject: Any, to: str, within: Duration | None,
    escalate: Sequence[Escalation], quorum: int, default: Sequence[Any],
) -> tuple[Sequence[Ask], Shape[Any]]:  # fmt: skip
    """Return what is asked, of one after the other, and the shape of the answer; raises UsageError for mistakes."""
    COUNT.check("quorum of a question", quorum)
    if isinstance(question, Approval):
        if answer is not Any or subject is not None:
            raise UsageError(
                f"{question.text!r} is an Approval: its answer is a Decision, and its subject stands in it. Write "
                "`Approval(text, subject)`, and leave `answer` and `subject` out."
            )
        for given in default:
            _DECISION.check(f"default of {question.text!r}", given)
        ask, shape = approval_of(question, free_json(question.subject), to=to, within=within, quorum=quorum)
        return escalated(ask, escalate), shape
    TEXT.check("the question", question)
    own = shape_of(answer)
    ask = Ask(text=question, subject=free_json(subject), schema=own.schema, to=to, within=within, quorum=quorum)
    if quorum > 1:
        return escalated(ask, escalate), ManyShape(own)
    for given in default:
        check_default(repr(question), own, given)
    return escalated(ask, escalate), own


_DECISION = instance(Decision, "Decision(approved=False)")


class AskPerson(Primitive[T], Generic[T]):
    """A question of the workflow itself, put to one person or role after the other until one answers."""

    __slots__ = ("asks", "default", "shape")

    waits = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, asks: Sequence[Ask], shape: Shape[T],
        default: list[T],
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.asks = asks
        self.shape = shape
        self.default = default
        """Empty, or what counts as the answer if none comes in time."""

    async def perform(self, branch: BranchTask) -> T:
        """Return the answer; raises QuestionExpired if none came in time and there is no default."""
        for n, ask in enumerate(self.asks):
            key = f"{self.key}.{n}" if n else self.key
            question = PutQuestion(self.active, self.branch, self.path, key, ask=ask, shape=self.shape)
            if answers := await question.perform(branch):
                return answers[0]
        if self.default:
            return self.default[0]
        seconds = sum(ask.within or 0.0 for ask in self.asks)
        expired = QuestionExpired(f"nobody answered {self.asks[0].text!r} ({self.key}) within {seconds:g} s")
        raise expired.about(*(f"{self.key}.{n}" if n else self.key for n in range(len(self.asks))))


class PutQuestion(Recorded[list[T]], Generic[T]):
    """A question as it is put to one person or role; gives the answer, or nothing if none came in time."""

    __slots__ = ("ask", "shape")

    opens = QuestionAsked

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, ask: Ask, shape: Shape[T]
    ) -> None:
        super().__init__(active, branch, path, key)
        self.ask = ask
        self.shape = shape

    def described(self) -> str:
        """Return the question, and to whom it is put."""
        return f"a question to {self.ask.to!r}: {self.ask.text}"

    def identity(self) -> dict[str, object]:
        """Return what is asked, whom, and how many of them."""
        return {"to": self.ask.to, "text": MASKING.text(self.ask.text), "quorum": self.ask.quorum}

    def check(self, record: KeyState) -> None:
        """Raise Diverged unless the journal has the same question, about the same, with the same answers to it."""
        super().check(record)
        said = None if record.opened is None else decode(record.opened.payload)
        if said is None:
            return  # of an older version, or redacted
        now = decode(self._shown())
        what = f"the question {self.ask.text!r}"
        if said["subject"] != now["subject"]:
            recorded, asked = (shortened(encode(each["subject"])) for each in (said, now))
            raise Diverged(self.key, f"{what} about {recorded}", f"the same about {asked}")
        if not alike(said["schema"], now["schema"]):
            recorded, asked = (shortened(encode(each["schema"])) for each in (said, now))
            raise Diverged(self.key, f"{what} with answers like {recorded}", f"the same with answers like {asked}")

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> list[T]:
        """Return the recorded answer; raises InvalidValue as it did when the answer came."""
        return handed_back(self.key, self.shape, end)

    async def go_on(self, branch: BranchTask, record: KeyState | None) -> list[T]:
        """Put the question into the inbox, unless it is there, and wait for the answers."""
        active, key, ask = self.active, self.key, self.ask
        if record is not None and record.own_question is not None:
            active.mailbox.questions.add(key, record.own_question.said.question)
        await active.live(branch, key)
        if record is None and (found := active.taken_over(key, self._asking())) is not None:
            return await self._take_over(branch, *found)
        known = None if record is None else record.own_question
        answers = None if known is None else known.answers
        if answers is None:
            said = open_question(active, key, ask, None, shown=self._shown()) if known is None else known.said
            reply = await first_reply(active, branch, key, [said])
            answers = None if reply is None else reply.answers
        if answers is None:
            await self.end_with(branch, AnsweredExpired(), NULL)
            return []
        return [await take_in(self, branch, self.shape, _folded(ask, answers), AnsweredDone())]

    async def _take_over(self, branch: BranchTask, place: str, end: Fact, opened: Fact | None) -> list[T]:
        """Take the answer that the same people gave to the same question elsewhere, before a retry."""
        said = None if opened is None else opened.content
        assert isinstance(said, QuestionAsked)  # that is what is taken over for one who asks
        branch.last_at = self.active.journal.append(replace(said, taken_from=place), self.key, self._shown())
        await self.end_with(branch, AnsweredDone(), end.payload)
        return handed_back(self.key, self.shape, end)

    def _asking(self) -> Asking:
        ask = self.ask
        return asking_question(ask.kind, ask.to, ask.quorum, MASKING.text(ask.text), self._shown())

    def _shown(self) -> bytes:
        return encode({"subject": self.ask.subject, "schema": self.ask.schema})


def _folded(ask: Ask, answers: Sequence[PersonAnswer]) -> Json:
    """Return several people's answers as one value."""
    if ask.kind == "approval":
        return decided(ask, answers)
    return answers[0].value if ask.quorum == 1 else [answer.value for answer in answers]


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
