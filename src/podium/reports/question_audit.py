"""Whether the questions of a run, and what people answered, are what its facts and the ledger say."""

from collections import Counter
from collections.abc import Sequence

from podium.model.audit import Audit, LedgerEntry
from podium.model.entered import (
    ANSWERED,
    StoredAnswer,
    StoredQuestion,
    answer_head,
    value_digest,
)
from podium.model.fact import Fact, FactKind
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.person import folded
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.model.run import Run
from podium.reports.remark_audit import RemarkAudit
from podium.store.codec import NULL, decode


class QuestionAudit:
    """Checks the questions of one run after the other, and notes what it finds."""

    def __init__(self, found: Audit) -> None:
        self._found = found

    def check(
        self, run: Run, facts: Sequence[Fact], entered: Sequence[LedgerEntry], inbox: Sequence[StoredQuestion]
    ) -> None:
        """Compare the inbox with what the run asked and was answered, copies of a fork aside, and with the ledger."""
        where, redacted = f"run {run.id}", any(fact.kind is FactKind.REDACTED for fact in facts)
        own = [(fact.key, fact.content) for fact in facts if fact.kind is FactKind.QUESTION and fact.epoch]
        told = [said for _, said in own]
        asked = {said.question: said for said in told if isinstance(said, QuestionAsked)}
        places, older = {(said.question, key) for key, said in own if isinstance(said, QuestionAsked)}, 0
        answered = {said.question: said.answers for said in told if isinstance(said, QuestionAnswered)}
        heads = Counter(entry.head for entry in entered if entry.state == ANSWERED)
        remarks = RemarkAudit(self._found, where, entered, redacted=redacted)
        for stored in inbox:
            question, said = stored.question, asked.pop(stored.question.id, None)
            if said is None:
                self._found.fault(where, f"question {question.id} is in the inbox, and the run did not ask it")
                continue
            older += not said.digest
            whose = (question.tenant, question.principal) == (run.tenant, run.principal)
            there = (question.id, question.key) in places  # of those where it was asked: it may be handed on
            if not (_is_as_asked(stored, said) and whose and there):
                self._found.fault(where, f"question {question.id} is not what the run asked")
            self._check_state(run, question, stored, consumed=question.id in answered)
            remarks.check(stored)
            for answer in stored.answers:
                if wrong := _wrong_with(answer, question, heads, redacted=redacted, entered=bool(said.digest)):
                    self._found.fault(where, f"the answer of {answer.by!r} to question {question.id} {wrong}")
            if question.id in answered and not _agree(stored.answers, answered[question.id], redacted=redacted):
                self._found.fault(where, f"the answers to question {question.id} are not those that the run was given")
        if older and not redacted:
            what = f"{older} of its questions were asked by an older version, which entered neither subject nor answers"
            self._found.unproved.append(f"{where}: {what}")
        remarks.check_gone()
        for missing in asked:
            self._found.fault(where, f"question {missing} is not in the inbox")
        if gone := heads.total():
            self._found.fault(where, f"{gone} of the answers that were entered in the ledger are not there")

    def _check_state(self, run: Run, question: Question, stored: StoredQuestion, *, consumed: bool) -> None:
        """Compare the state with the answers: as many as were needed, and no more."""
        where, state, enough = f"run {run.id}", question.state, len(stored.answers) >= question.ask.quorum
        if consumed and state is not QuestionState.ANSWERED:
            self._found.fault(where, f"question {question.id} was answered, and the inbox says {state}")
        elif enough is not (state is QuestionState.ANSWERED):
            what = f"question {question.id} is {state} with {len(stored.answers)} of {question.ask.quorum} answers"
            self._found.fault(where, what)
        elif state is QuestionState.OPEN and run.state.ended:
            self._found.fault(where, f"question {question.id} is open, and the run has ended")


def _is_as_asked(stored: StoredQuestion, said: QuestionAsked) -> bool:
    """Whether a question is the one that was asked; what older facts and redacted ones do not say is not compared."""
    question, ask = stored.question, stored.question.ask
    shown = not said.digest or said.digest == stored.shown
    shown = shown and stored.to_folded in (folded(ask.to), _lower(ask.to))
    return shown and (ask.text, ask.to, ask.quorum, ask.kind, ask.remind, question.deadline) == (
        said.text, said.to, said.quorum, said.kind, said.remind, said.due,
    )  # fmt: skip


def _lower(name: str) -> str:
    """Return a name as older questions have it to be compared: with ASCII letters folded."""
    return "".join(each.lower() if each.isascii() else each for each in name)


def _wrong_with(
    answer: StoredAnswer, question: Question, heads: Counter[bytes], *, redacted: bool, entered: bool
) -> str | None:
    """Return what is wrong with an answer; takes its entry from those that there are."""
    if answer.digest is None:
        return "was not entered in the ledger" if entered else None
    head = answer_head(question.id, answer.by, answer.at, answer.digest)
    if not heads[head]:
        return "is not one that was entered in the ledger"
    heads[head] -= 1
    emptied = redacted and answer.salt is None and answer.value == NULL
    if not emptied and (answer.salt is None or value_digest(answer.salt, answer.value) != answer.digest):
        return "is not what was entered in the ledger"
    return None


def _agree(stored: Sequence[StoredAnswer], told: Sequence[PersonAnswer], *, redacted: bool) -> bool:
    """Whether the inbox has the answers that the run took."""
    if sorted((answer.by, answer.at) for answer in stored) != sorted((answer.by, answer.at) for answer in told):
        return False
    values = {answer.by: answer.value for answer in told}
    return redacted or all(decode(answer.value) == values[answer.by] for answer in stored)
