"""Asking people: the question in the inbox, the answer, and what happens when none comes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from podium.engine.primitives.approvals import decided
from podium.engine.run.active_run import ActiveRun
from podium.engine.run.branch_task import BranchTask
from podium.engine.run.history import opened_as
from podium.engine.run.primitive import Primitive
from podium.engine.run.progress import approved
from podium.engine.run.reservations import raised_by
from podium.errors import QuestionExpired, UsageError
from podium.model.agent import Shape
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.question import Ask, Escalation, Question, QuestionState
from podium.secrets.masking import MASKING
from podium.store.codec import decode, encode
from podium.store.operations import CommitVerdict, Expire, OpenQuestion, TakeSignal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that is open."""

    id: str
    due: float | None


def open_question(active: ActiveRun, key: str, ask: Ask, step: str | None, *, rule: str | None = None) -> Waiting:
    """Put a question into the inbox, with the fact that says so; `rule` is the one that asks, if one does."""
    now, ids = active.runtime.clock.now(), active.runtime.ids
    due = None if ask.within is None else now + ask.within
    ask = replace(ask, text=MASKING.text(ask.text)) if MASKING.active else ask
    question = Question(
        id=ids.new("q"), run=active.run.id, key=key, ask=ask, asked_at=now, deadline=due, state=QuestionState.OPEN,
        tenant=active.run.tenant, principal=active.run.principal,
    )  # fmt: skip
    body = {
        "question": question.id, "to": ask.to, "text": ask.text, "kind": ask.kind, "quorum": ask.quorum, "due": due,
        "step": step,
    }  # fmt: skip
    if rule is not None:
        body["rule"] = rule
    active.journal.append(FactKind.QUESTION, key, encode(body), effects=[OpenQuestion(question)])
    return Waiting(question.id, due)


def waiting_for(fact: Fact) -> Waiting:
    """Return the question that a fact opened."""
    return Waiting(fact.body["question"], fact.body["due"])


def asked_again(fact: Fact) -> Ask:
    """Return, of what was asked, as much as is needed to go on waiting."""
    body = fact.body
    return Ask(text=body["text"], to=body["to"], kind=body["kind"], quorum=body["quorum"])


async def answer_to(
    active: ActiveRun,
    branch: BranchTask,
    key: str,
    question: Waiting,
    *,
    grant: str | None = None,
    rule: str | None = None,
) -> list[Json] | None:
    """Wait for the answers (`by`, `value`, `at`) and record that they were taken; None once it is too late.

    Where a rule asked, and all of them approve, the fact names the `grant`.
    """
    due = question.due
    while True:
        signal = await active.mailbox.wait(branch, key, "answer", question.id, due)
        if signal is not None:
            body: Json = {"question": question.id, "answers": signal.body}
            if grant is not None and approved(signal.body):
                body["granted"] = grant
            raised = [] if rule is None else raised_by(rule, signal.body)
            active.journal.append(FactKind.QUESTION, key, encode(body), effects=[TakeSignal(signal.id), *raised])
            return signal.body
        verdict, _ = await branch.shielded(active.runtime.commits.submit(Expire(question.id)))
        stored = active.runtime.store.question(question.id)
        if verdict is CommitVerdict.OK or stored is None or stored.state is not QuestionState.ANSWERED:
            return None
        due = None  # somebody answered just in time: the signal is in the inbox
        active.reload()


def escalated(ask: Ask, escalate: Sequence[Escalation]) -> list[Ask]:
    """Return a question as it is put to one after the other; raises UsageError where one would never be asked."""
    asks = [ask, *(replace(ask, to=each.to, within=each.within) for each in escalate)]
    if forever := next((each for each in asks[:-1] if each.within is None), None):
        raise UsageError(f"{ask.text!r} never expires for {forever.to!r}, so nobody is asked next: say `within`.")
    return asks


class AskPerson(Primitive[T], Generic[T]):
    """A question of the workflow itself, put to one after the other until somebody answers."""

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
        """Empty, or what counts as the answer when nobody gives one."""

    async def perform(self, branch: BranchTask) -> T:
        """Return the answer; raises QuestionExpired where none came in time and there is no default."""
        for n, ask in enumerate(self.asks):
            outcome, value = await self._put(branch, f"{self.key}.{n}" if n else self.key, ask)
            if outcome == "done":
                return self.shape.load(value)
        if self.default:
            return self.default[0]
        seconds = sum(ask.within or 0.0 for ask in self.asks)
        raise QuestionExpired(f"nobody answered {self.asks[0].text!r} ({self.key}) within {seconds:g} s")

    async def _put(self, branch: BranchTask, key: str, ask: Ask) -> tuple[str, Json]:
        """Put a question to a person, unless it is recorded; returns `done` and the answer, or `expired`."""
        active = self.active
        record = active.history.take(key)
        if record is not None:
            now = f"a question to {ask.to!r}: {ask.text}"
            opened_as(record, key, FactKind.QUESTION, now, to=ask.to, text=MASKING.text(ask.text))
            if record.answered is not None:
                branch.last_at = record.answered.at
                return record.answered.body["outcome"], decode(record.answered.payload)
            if record.cancelled:
                branch.deliver(key)
        await active.live(branch, key)
        if record is not None and record.answers is not None:
            answers: list[Json] | None = record.answers
        else:
            known = None if record is None else record.question
            question = open_question(active, key, ask, None) if known is None else waiting_for(known)
            answers = await answer_to(active, branch, key, question)
        outcome = "expired" if answers is None else "done"
        value = None if answers is None else _folded(ask, answers)
        branch.last_at = active.journal.append(FactKind.ANSWERED, key, encode({"outcome": outcome}), encode(value))
        await active.journal.committed()
        return outcome, value


def _folded(ask: Ask, answers: list[Json]) -> Json:
    """Return several people's answers as one value."""
    if ask.kind == "approval":
        return decided(ask, answers)
    return answers[0]["value"] if ask.quorum == 1 else [answer["value"] for answer in answers]


class ManyShape(Generic[T]):
    """Several people's answers: a list of one shape."""

    def __init__(self, each: Shape[T]) -> None:
        self.schema: Json = {"type": "array", "items": each.schema}
        self.type: Any = list[each.type]
        self._each = each

    def dump(self, value: list[T]) -> Json:
        """Return them as a list."""
        return [self._each.dump(part) for part in value]

    def load(self, value: Json) -> list[T]:
        """Return the answers of a list."""
        return [self._each.load(part) for part in value]
