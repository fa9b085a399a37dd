"""What people need to know to answer a question: what was done before, what it cost, what changed in the draft."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from podium.engine.run.describing import shortened
from podium.model.conversation_state import ConversationMessage
from podium.model.cost import Cost
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnsweredDone
from podium.model.facts.notices import QuestionReminded
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.inbox_book import Remark
from podium.model.json import Json, encode, is_array, is_object
from podium.model.question import PersonAnswer, Question
from podium.model.question_kinds import QuestionKind
from podium.model.run import Run
from podium.reports.calls.tree import key_order, tree_of

_MOST_CALLS = 50
_MOST_LINES = 5_000
"""Lines of a draft that are compared; to compare more would take seconds."""
_OF_NO_DRAFT = (QuestionKind.TOOL_CALL, QuestionKind.PERMISSION, QuestionKind.IN_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneCall:
    """Something that a run did, in short."""

    key: str
    kind: str
    """call, workflow, question, child or signal."""
    name: str
    state: str
    """done, failed, refused, expired, cancelled, or empty while it is open."""
    gave: str
    """The beginning of its value, as JSON; empty where there is none."""
    note: str
    """Why it failed, or who answered."""
    seconds: float | None
    """How long it took, where it has ended."""
    usd: float | None
    """What it came to, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxContext:
    """What people need to know to answer a question."""

    question: Question
    run: Run
    done: Sequence[DoneCall]
    """What the run had done when it asked, the last ones of that, in order."""
    left_out: int
    """How many calls before these are not shown."""
    cost: Cost | None
    """What the run has come to by now, with all that it called and started; None where nothing was spent."""
    former: Json
    """The draft before this one: the subject of the last question of this kind that the run asked about something of
    the same form. None where there is none."""
    diff: Sequence[str]
    """What is different in the subject, line by line, as `diff -u` shows it; empty where there is no former draft."""
    reminders: int
    """How often people were told again."""
    said_before: Sequence[ConversationMessage]
    """What was said last in the conversation in which it is asked."""
    discussion: Sequence[Remark]
    """What people said of it, and to whom it was given."""
    answers: Sequence[PersonAnswer]
    """What people answered, once the run has taken it in."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What the journal of a run tells of the way to a question."""

    done: Sequence[DoneCall]
    left_out: int
    reminders: int
    answers: Sequence[PersonAnswer]


def trail_of(question: Question, facts: Sequence[Fact]) -> Trail:
    """Read from the facts of a run, or of its present generation, what was done before a question was asked."""
    asked = next((place for place, fact in enumerate(facts) if _asks(fact, question.id)), len(facts))
    before = facts[:asked]
    values = {fact.key: fact.payload for fact in before if isinstance(fact.content, AnsweredDone)}
    shown = ("call", "workflow", "question", "child", "signal")
    nodes = [node for node in tree_of(before).root.walk() if node.kind in shown] if before else []
    done = [
        DoneCall(
            key=node.key, kind=node.kind, name=node.name, state=node.state,
            gave="" if (value := values.get(node.key)) is None else shortened(value),
            note=node.note, seconds=None if node.began is None or node.ended is None else node.ended - node.began,
            usd=node.total().usd,
        )
        for node in sorted(nodes, key=lambda node: key_order(node.key))
    ]  # fmt: skip
    told = (fact.content for fact in facts if fact.kind is FactKind.NOTICE)
    reminders = sum(isinstance(said, QuestionReminded) and said.question == question.id for said in told)
    answered = (fact.content for fact in facts if fact.kind is FactKind.QUESTION)
    answers = [said.answers for said in answered if isinstance(said, QuestionAnswered) and said.question == question.id]
    return Trail(done[-_MOST_CALLS:], max(len(done) - _MOST_CALLS, 0), reminders, answers[-1] if answers else ())


def former_draft(question: Question, earlier: Iterable[Question]) -> Json:
    """Return the subject of the last of some questions, oldest first, that is a former draft of what this is about."""
    if question.kind in _OF_NO_DRAFT or question.ask.subject is None:
        return None
    drafts = [
        each.ask.subject
        for each in earlier
        if (each.asked_at, each.id) < (question.asked_at, question.id)
        and each.kind is question.kind
        and _form(each.ask.subject) == _form(question.ask.subject)
        and encode(each.ask.subject) != encode(question.ask.subject)
    ]
    return drafts[-1] if drafts else None


def diff_of(former: Json, draft: Json) -> Sequence[str]:
    """Return what is different in a draft, line by line; of very long ones nothing, as that would take too long."""
    if former is None:
        return ()
    before, after = _lines(former), _lines(draft)
    if len(before) + len(after) > _MOST_LINES:
        return ()
    return tuple(unified_diff(before, after, "former", "draft", lineterm=""))


def _lines(draft: Json) -> list[str]:
    text = draft if isinstance(draft, str) else json.dumps(draft, ensure_ascii=False, indent=2)
    return text.splitlines()


def _form(subject: Json) -> object:
    """Return what two drafts of one thing have in common: the type, and of objects which properties they have."""
    if is_object(subject):
        return frozenset(subject)
    return "list" if is_array(subject) else type(subject).__name__


def _asks(fact: Fact, question: str) -> bool:
    if fact.kind is not FactKind.QUESTION:
        return False
    said = fact.content
    return isinstance(said, QuestionAsked) and said.question == question
