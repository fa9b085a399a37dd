"""How far an open call has come."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from podium.engine.run.asked_in_steps import AskedInStep
from podium.engine.run.key_state import KeyState, Subject
from podium.model.empty import empty
from podium.model.facts.calls import Asked
from podium.model.facts.money import AmountSettled
from podium.model.facts.waits import QuestionAsked
from podium.model.json import Json, is_object
from podium.model.outcome import CallWanted, Refused
from podium.model.question import PersonAnswer
from podium.model.step import is_step_path
from podium.model.steps import Effects


@dataclass(slots=True)
class CallProgress:
    """How far an open call has come."""

    attempt: int = 1
    lineage: int = 1
    due: float | None = None
    """When the next attempt may begin."""
    goes_on: str | None = None
    """The key under which a workflow goes on with what an earlier attempt recorded."""
    fallback_index: int = 0
    """How many of the fallbacks were taken."""
    first_attempt: int = 1
    """The attempt with which the present agent, or fallback, began."""
    why: str = ""
    """What the agent before the present fallback said."""
    feedback: str = ""
    """What was wrong with the last answer."""
    corrected: int = 0
    """How often the present agent, or fallback, was told that its answer is not accepted."""
    asked: dict[Subject, QuestionAsked] = field(default_factory=empty(dict[Subject, QuestionAsked]))
    """The questions that are open, by what they are about."""
    until: float | None = None
    """When a step of the present attempt may begin that a rule holds back."""
    resolved: dict[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What people said about steps in doubt, by step."""
    replies: dict[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What people answered to the questions of steps themselves, by step."""
    refused: dict[str, Refused] = field(default_factory=empty(dict[str, Refused]))
    """The steps that people did not allow."""
    late: set[str] = field(default_factory=empty(set[str]))
    """Those of them about which nobody said anything in time."""
    granted: dict[str, Json] = field(default_factory=empty(dict[str, Json]))
    """What people said to rules that asked and let the call pass, by rule, the last at the end; see `grant_of`."""
    denied: Refused | None = None
    """A person said no, and the end of the call is not recorded yet."""
    intent_recorded: bool = True
    """Whether the journal says already that the present attempt may have begun."""
    doubtful: bool = False
    """A `once` call was begun by a process that died before it said how the call ended."""
    final: bool = False
    """Whether the next outcome is the last: no other attempt and no fallback follows."""
    wanted: dict[str, CallWanted] = field(default_factory=empty(dict[str, CallWanted]))
    """The calls of other agents that steps of the present attempt need and that are not made yet, by step."""
    called: dict[str, AskedInStep] = field(default_factory=empty(dict[str, AskedInStep]))
    """Those that were made, by step."""
    told: AmountSettled | None = None
    """What an answer came to that its agent gave, until that is recorded."""

    def take(self, said: QuestionAsked, answers: tuple[PersonAnswer, ...] | None) -> None:
        """Take in what people said to a question, or with None that it is too late; what they allow stands apart."""
        step, rule = said.step, said.rule
        if is_step_path(step) and (answers is None or (rule is not None and not approved(answers))):
            self.refused[step] = denied(rule or NO_RULE, said.to, answers)
            self.late.update(() if answers is not None else (step,))
        elif rule is not None:
            self.denied = None if answers is not None and approved(answers) else denied(rule, said.to, answers)
        elif step is not None and answers is not None:
            (self.resolved if said.kind == "in_doubt" else self.replies)[step] = answers[0].value

    def grant(self, rule: str, value: Json) -> None:
        """Take in what people said who let a call, or a step of it, pass a rule: it is the last that was said."""
        self.granted.pop(rule, None)
        self.granted[rule] = value

    def forget_questions(self) -> None:
        """Ask anew: the next attempt may take another way."""
        for known in (self.asked, self.resolved, self.replies, self.refused, self.late):
            known.clear()

    def about_call(self) -> QuestionAsked | None:
        """Return the open question about the call itself, or about what came out of it."""
        return next((said for (step, _), said in self.asked.items() if not is_step_path(step)), None)


NO_RULE = "question"
"""What refuses a step, or a run, whose question was asked without a rule."""


def progress_of(record: KeyState) -> CallProgress:
    """Read from the journal how far an open call has come; `in_doubt` says whether it is in doubt."""
    progress = CallProgress(intent_recorded=record.intent_recorded, granted=dict(record.granted))
    if record.opened is not None and isinstance(said := record.opened.content, Asked):
        progress.lineage = said.lineage
    if record.retry is not None:
        said = record.retry
        progress.attempt, progress.lineage, progress.due = said.attempt, said.lineage, said.due
        progress.fallback_index, progress.first_attempt = said.fallen, said.first
        progress.why, progress.feedback, progress.goes_on = said.why, said.feedback, said.goes_on
        progress.corrected = said.corrected
    if record.held is not None:
        progress.due = record.held.until
    for inquiry in record.questions.values():
        if inquiry.answers is None:
            progress.asked[inquiry.subject] = inquiry.said
        else:
            progress.take(inquiry.said, inquiry.answers)
    return progress


def in_doubt(effects: Effects, record: KeyState, progress: CallProgress) -> bool:
    """Whether it is unknown if the effect of an open call happened."""
    return effects == "once" and record.intent_recorded and not progress.asked and progress.denied is None


def approved(answers: Sequence[PersonAnswer]) -> bool:
    """Whether all who were asked let a call pass a rule."""
    return all(is_object(answer.value) and answer.value.get("approved") is True for answer in answers)


def denied(rule: str, to: str, answers: Sequence[PersonAnswer] | None) -> Refused:
    """Return the outcome of a call that a person did not approve, or that was not approved in time."""
    if answers is None:
        return Refused(rule, f"nobody approved it in time; asked were {to}")
    no = next(answer for answer in answers if not approved([answer]))
    comment = no.value.get("comment") if is_object(no.value) else None
    return Refused(rule, f"{no.by} did not approve it{f': {comment}' if comment else ''}")
