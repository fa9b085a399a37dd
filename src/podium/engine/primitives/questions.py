"""Asking people: the question in the inbox, the answer, and what happens when none comes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from podium.agents.schema import alike
from podium.engine.primitives.approvals import decided
from podium.engine.primitives.asking import ManyShape, QuestionStage
from podium.engine.primitives.outside import handed_back, take_in
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.describing import shortened
from podium.engine.run.key_state import Asking, KeyState, asking_question
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import approved
from podium.engine.run.recorded import Recorded
from podium.engine.run.reservations import raised_by
from podium.errors import Diverged, QuestionExpired
from podium.model.agent import Shape
from podium.model.entered import shown_digest
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredExpired
from podium.model.facts.parts import answers_of
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.json import Json
from podium.model.question import Ask, PersonAnswer, Question, QuestionState, check_asked
from podium.model.rule_names import budget_in
from podium.model.run import Signal
from podium.model.step import grant_of, is_step_path
from podium.secrets.comparing import same_but_for_secrets
from podium.secrets.masking import MASKING
from podium.store.asking import Expire, OpenQuestion
from podium.store.codec import NULL, decode, encode
from podium.store.operations import CommitVerdict, TakeSignal

T = TypeVar("T")

_ABOUT_CALLS = ("permission", "in_doubt")


def open_question(
    active: ActiveRun, key: str, ask: Ask, step: str | None, *, rule: str | None = None, shown: bytes | None = None,
    keeps: str | None = None,
) -> QuestionAsked:  # fmt: skip
    """Put a question into the inbox, with the fact that says so.

    `rule` is the one that asks, if one does; `shown` is what the people are shown, where a replay is to compare it;
    `keeps` is the question before it whose answers count for it too.
    """
    check_asked(ask)
    now, ids = active.runtime.clock.now(), active.runtime.ids
    due = None if ask.within is None else now + ask.within
    ask = replace(ask, text=MASKING.text(ask.text)) if MASKING.active else ask
    about = step if is_step_path(step) else None
    if ask.idempotency_key is None and (about is not None or ask.kind in _ABOUT_CALLS):
        place = f"{active.run.id}:{key}"
        ask = replace(ask, idempotency_key=place if about is None else f"{place}/{about}")
    question = Question(
        id=ids.new("q"), run=active.run.id, key=key, ask=ask, asked_at=now, deadline=due, state=QuestionState.OPEN,
        tenant=active.run.tenant, principal=active.run.principal, step=about,
    )  # fmt: skip
    said = QuestionAsked(
        question=question.id, to=ask.to, text=ask.text, kind=ask.kind, quorum=ask.quorum, due=due, step=step,
        rule=rule, keeps=keeps, digest=shown_digest(question, encode(ask.subject), encode(ask.schema)),
        remind=ask.remind,
    )  # fmt: skip
    people = active.runtime.people
    opens = OpenQuestion(
        question, keeps, None if rule is None else budget_in(rule),
        people if people is not None and people.asked(ask.to, active.run.tenant) else None,
    )  # fmt: skip
    at = active.journal.append(said, key, shown, effects=[opens])
    if ask.remind is not None:
        active.mailbox.reminders.note(question.id, at)
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
    over = min(dues, default=None)
    signal = await _signal_for(active, branch, key, waiting, over)
    if signal is not None:
        return _taken(active, key, waiting[signal.name], signal)
    late = min((said for said in waiting.values() if said.due is not None), key=due_of, default=None)
    if late is None or (until is not None and until < due_of(late)):
        return None
    return await _expired(active, branch, key, late)


async def _signal_for(
    active: ActiveRun, branch: BranchTask, key: str, waiting: Mapping[str, QuestionAsked], over: float | None
) -> Signal | None:
    """Wait for the answers to any of some questions, of which people are told again; None once the time is over."""
    mailbox = active.mailbox
    while (signal := mailbox.take_any("answer", waiting, over)) is None:
        again = mailbox.reminders.first(waiting.values())
        if again is None or (over is not None and over <= again):
            return await mailbox.wait_for_any(branch, key, "answer", waiting, over)
        if again <= active.runtime.clock.now():
            _remind(active, key, waiting.values())
        elif (signal := await mailbox.wait_for_any(branch, key, "answer", waiting, again)) is not None:
            return signal
    return signal


def _remind(active: ActiveRun, key: str, waiting: Iterable[QuestionAsked]) -> None:
    """Record that people are told again of those questions for which it is time."""
    now, reminders = active.runtime.clock.now(), active.mailbox.reminders
    for said in waiting:
        if (due := reminders.due(said)) is not None and due <= now:
            again = reminders.following(said)
            reminders.note(said.question, active.journal.append(again, key), again.n)


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
    raised = [] if rule is None else raised_by(rule, answers, said.question)
    active.mailbox.questions.close(key, said.question)
    fact = QuestionAnswered(question=said.question, answers=answers, granted=granted)
    active.journal.append(fact, key, effects=[TakeSignal(signal.id), *raised])
    if raised:
        active.runtime.recalls.queues.changed()
    return InquiryReply(said, answers)


class AskPerson(Primitive[T], Generic[T]):
    """A question of the workflow itself, put to one person or role after the other until one answers."""

    __slots__ = ("default", "shape", "stages")

    waits = True

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, stages: Sequence[QuestionStage],
        shape: Shape[T], default: list[T],
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.stages = stages
        self.shape = shape
        self.default = default
        """Empty, or what counts as the answer if none comes in time."""

    async def perform(self, branch: BranchTask) -> T:
        """Return the answer; raises QuestionExpired if none came in time and there is no default."""
        keys = [f"{self.key}.{n}" if n else self.key for n in range(len(self.stages))]
        asked: list[str | None] = []
        before: str | None = None
        for key, (ask, keeps) in zip(keys, self.stages, strict=True):
            question = PutQuestion(
                self.active, self.branch, self.path, key, ask=ask, shape=self.shape, keeps=before if keeps else None
            )
            if answers := await question.perform(branch):
                return answers[0]
            before = question.id
            asked.append(question.expired_for)
        if self.default:
            return self.default[0]
        raise self._expired(asked).about(*keys)

    def _expired(self, asked: Sequence[str | None]) -> QuestionExpired:
        """Return what is raised, in the words in which a replay has to say it: who was asked was not recorded once."""
        first = self.stages[0].ask
        seconds = sum(ask.within or 0.0 for ask, _ in self.stages)
        message = f"nobody answered {first.text!r} ({self.key}) within {seconds:g} s"
        names = [each for each in asked if each is not None]
        if len(names) < len(asked):
            return QuestionExpired(message)
        if self.stages[-1].ask.quorum > 1:
            message = message.replace("nobody", f"fewer than {self.stages[-1].ask.quorum} people", 1)
        return QuestionExpired(f"{message}; asked were {', then '.join(names)}")


class PutQuestion(Recorded[list[T]], Generic[T]):
    """A question as it is put to one person or role; gives the answer, or nothing if none came in time."""

    __slots__ = ("ask", "expired_for", "id", "keeps", "shape")

    opens = QuestionAsked

    def __init__(
        self, active: ActiveRun, branch: BranchTask, path: str, key: str, *, ask: Ask, shape: Shape[T],
        keeps: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(active, branch, path, key)
        self.ask = ask
        self.shape = shape
        self.keeps = keeps
        """The question before it whose answers count."""
        self.id: str | None = None
        """What it is called in the inbox, once it is there."""
        self.expired_for: str | None = None
        """Whom it was put to that did not answer, where that is recorded."""

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
        if not same_but_for_secrets(said["subject"], now["subject"]):
            recorded, asked = (shortened(encode(each["subject"])) for each in (said, now))
            raise Diverged(self.key, f"{what} about {recorded}", f"the same about {asked}")
        if not alike(MASKING.json(said["schema"]), now["schema"]):
            recorded, asked = (shortened(encode(each["schema"])) for each in (said, now))
            raise Diverged(self.key, f"{what} with answers like {recorded}", f"the same with answers like {asked}")

    def hand_back(self, branch: BranchTask, record: KeyState, end: Fact) -> list[T]:
        """Return the recorded answer; raises InvalidValue as it did when the answer came."""
        self._note(record)
        if isinstance(said := end.content, AnsweredExpired):
            self.expired_for = said.to
        return handed_back(self.key, self.shape, end)

    def _note(self, record: KeyState) -> None:
        self.id = None if record.own_question is None else record.own_question.said.question

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
            said = self._put() if known is None else known.said
            self.id = said.question
            reply = await first_reply(active, branch, key, [said])
            answers = None if reply is None else reply.answers
        if answers is None:
            expired = AnsweredExpired(to=ask.to)
            self.expired_for = expired.to
            await self.end_with(branch, expired, NULL)
            return []
        return [await take_in(self, branch, self.shape, self._together(answers), AnsweredDone())]

    def _put(self) -> QuestionAsked:
        return open_question(self.active, self.key, self.ask, None, shown=self._shown(), keeps=self.keeps)

    def _together(self, answers: Sequence[PersonAnswer]) -> Json:
        """Return several people's answers as one value."""
        if self.ask.kind == "approval":
            return decided(self.ask, answers)
        return [each.value for each in answers] if isinstance(self.shape, ManyShape) else answers[0].value

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
