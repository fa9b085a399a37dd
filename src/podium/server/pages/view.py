"""What the page of a link shows, put together from the question, its run, and who has answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from podium.facade.linked import LinkedQuestion
from podium.formats.spans import ahead, moment_in_words, span_in_words
from podium.model.json import Json, is_object
from podium.model.person import is_same
from podium.model.question import Question, QuestionState
from podium.model.run import Run, RunState
from podium.reports.question_context import DoneCall, InboxContext
from podium.server.pages.answers import AnswerWay, in_words, ways_of
from podium.server.pages.shapes import ShownValue, compared, shape
from podium.server.pages.words import iso, names, shown, shown_in_line, spent

_MOST_CALLS = 12
_CALLS = ("call", "workflow", "child")
_MINUTE = 60
_SIGNS = {"done": "done", "failed": "failed", "refused": "refused", "cancelled": "cancelled", "expired": "expired"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTime:
    """A time in words, and for machines."""

    words: str
    iso: str
    relative: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """Something that the run did."""

    name: str
    state: str
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLine:
    """Something that somebody said."""

    by: str
    text: str
    at: ShownTime
    to: str
    """To whom the question was given by this, if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What one person answered."""

    by: str
    words: str
    value: ShownValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """All that the page of a question shows."""

    title: str
    text: str
    person: str
    to: str
    given: str
    """To whom of those asked it was given, where that is somebody else than whoever answers here."""
    kind: str
    subject: ShownValue | None
    tool: str
    changed: ShownValue | None
    """What is other than when the same was asked before."""
    deadline: ShownTime | None
    link_until: ShownTime
    others: str
    """Who has answered, where several people have to; empty where one is enough."""
    standing: str
    """Why it cannot be answered here any more; empty where it can."""
    answers: Sequence[GivenAnswer]
    said: Sequence[SpokenLine]
    discussion: Sequence[SpokenLine]
    run: str
    workflow: str
    principal: str
    begun: ShownTime
    cost: str
    steps: Sequence[DoneStep]
    more_steps: int
    ways: Sequence[AnswerWay]
    notice: str


def page_view(
    linked: LinkedQuestion, context: InboxContext, *, ways: Sequence[AnswerWay] | None = None,
    notice: str = "",
) -> PageView:  # fmt: skip
    """Return what the page shows; `ways` with what was typed into them, where they were sent and did not fit."""
    question, run, now, zone = linked.question, context.run, linked.now, linked.zone
    ask, over = question.ask, standing(linked, run)
    subject, tool = _subject(question)
    calls = [each for each in context.done if each.kind in _CALLS and each.name]
    return PageView(
        title=shown_in_line(ask.text.strip().split("\n")[0])[:120], text=shown(ask.text).strip(),
        person=shown_in_line(linked.link.person), to=shown_in_line(ask.to), given=_given(linked), kind=ask.kind,
        subject=None if subject is None else shape(subject), tool=tool,
        changed=compared(context.former, ask.subject), standing=over,
        deadline=None if question.deadline is None else _time(question.deadline, now, zone),
        link_until=_time(linked.link.expires, now, zone), others=_others(question),
        answers=_answers(question, context), run=run.id, workflow=shown_in_line(run.workflow),
        said=[_remark(each.author, each.text, _time(each.at, now, zone)) for each in context.said_before if each.text],
        discussion=[
            _remark(each.by, each.text, _time(each.at, now, zone), each.assignee or "") for each in context.discussion
        ],
        principal="" if question.principal == "local" else shown_in_line(question.principal),
        begun=_time(run.created_at, now, zone), cost=spent(context.cost),
        steps=[_step(each) for each in calls[-_MOST_CALLS:]],
        more_steps=context.left_out + max(len(calls) - _MOST_CALLS, 0),
        ways=() if over else ways_of(question) if ways is None else ways, notice=notice,
    )  # fmt: skip


def _remark(by: str, text: str, at: ShownTime, to: str = "") -> SpokenLine:
    return SpokenLine(by=shown_in_line(by), text=shown(text), at=at, to=shown_in_line(to))


def _time(at: float, now: float, zone: tzinfo) -> ShownTime:
    return ShownTime(words=moment_in_words(at, zone), iso=iso(at), relative=ahead(at, now))


def _given(linked: LinkedQuestion) -> str:
    assignee = linked.question.assignee
    mine = assignee is None or is_same(assignee, linked.link.person) or is_same(assignee, linked.question.ask.to)
    return "" if assignee is None or mine else shown_in_line(assignee)


def standing(linked: LinkedQuestion, run: Run | None = None) -> str:
    """Return why a question cannot be answered with a link any more; empty where it can. `run` is the one that asks."""
    question = linked.question
    match question.state:
        case QuestionState.ANSWERED:
            return f"This question is answered: by {names(question.answered_by)}."
        case QuestionState.WITHDRAWN if run is not None and run.state is RunState.CANCELLED:
            return "The run that asked was cancelled: nobody needs to answer this question any more."
        case QuestionState.WITHDRAWN:
            return "This question was withdrawn: nobody needs to answer it any more."
        case QuestionState.EXPIRED:
            return "The time to answer this question is over."
        case QuestionState.OPEN if question.deadline is not None and linked.now >= question.deadline:
            return "The time to answer this question is over."
        case QuestionState.OPEN if linked.has_answered:
            return f"You have answered. {_others(question)}"
        case QuestionState.OPEN:
            return ""


def _others(question: Question) -> str:
    """Return who has answered, where more than one has to."""
    needed, there = question.ask.quorum, question.answered_by
    if needed == 1:
        return ""
    if not there:
        return f"{needed} people have to answer; nobody has so far."
    return f"{needed} people have to answer; {names(there)} {'has' if len(there) == 1 else 'have'} so far."


def _subject(question: Question) -> tuple[Json, str]:
    """Return what a question is about, and the tool, where it is about the use of one."""
    subject = question.ask.subject
    if question.ask.kind == "permission" and is_object(subject) and isinstance(subject.get("tool"), str):
        return subject.get("arguments"), shown_in_line(subject["tool"])
    return subject, ""


def _answers(question: Question, context: InboxContext) -> Sequence[GivenAnswer]:
    found: list[GivenAnswer] = []
    for each in context.answers:
        words, value = in_words(question, each.value)
        edited = question.ask.kind == "edit" or "changes" in words
        changes = compared(question.ask.subject, value) if edited else None
        found.append(
            GivenAnswer(
                by=shown_in_line(each.by), words=words,
                value=changes or (None if value is None else shape(value)),
            )
        )  # fmt: skip
    return found


def _step(call: DoneCall) -> DoneStep:
    took = "" if call.seconds is None else _took(call.seconds)
    return DoneStep(name=shown_in_line(call.name), state=_SIGNS.get(call.state, "under way"), took=took)


def _took(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < _MINUTE else span_in_words(seconds)
