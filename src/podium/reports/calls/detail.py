"""All that is recorded of one call: what it was given, each of its steps, what it gave, what went wrong on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.engine.run.reopening import voided
from podium.errors import NotPossible
from podium.model.fact import Fact, FactKind
from podium.model.facts.answers import AnswerContent, AnsweredFailed, AnsweredRefused
from podium.model.facts.calls import Asked, AttemptFailed, StepDone
from podium.model.facts.waits import QuestionAnswered, QuestionAsked
from podium.model.json import Json
from podium.model.question import PersonAnswer

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetail:
    """A step that is done: a request to a model, a tool call, what an agent recorded itself."""

    key: str
    name: str
    at: float
    """When it was done, in seconds since 1970."""
    value: Json
    """What it gave: of a request to a model the message of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """How an attempt failed."""

    at: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPeople:
    """A question that was put to people for it, and what they answered."""

    question: str
    to: str
    text: str
    answers: tuple[PersonAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetail:
    """One call in full; so are a question, a wait, a child run and a step, which have less of it."""

    key: str
    agent: str
    """Empty where nobody but people, a signal or time was asked."""
    version: str
    input: Json
    output: Json
    state: str
    """done, failed, refused, expired, or open."""
    steps: tuple[StepDetail, ...]
    failed: tuple[FailedAttempt, ...]
    """Attempts that failed, those before a retry too."""
    questions: tuple[AskedPeople, ...]


def detail_of(run_id: str, facts: Sequence[Fact], key: str) -> CallDetail:
    """Return what is recorded under a key; raises NotPossible where that is nothing, with the keys that there are."""
    own = [fact for fact in facts if fact.key == key or fact.key.startswith(f"{key}/")]
    if not own or not key:
        known = list(dict.fromkeys(fact.key for fact in facts if fact.kind is FactKind.ASKED))
        shown = ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
        raise NotPossible(f"run {run_id} has nothing recorded under {key!r}. Its calls: {shown or 'none'}.")
    void = voided(facts)
    alive = [fact for fact in own if fact.seq not in void]
    asked = _last(alive, FactKind.ASKED, FactKind.UNDO)
    answer = _last(alive, FactKind.ANSWERED)
    said = None if asked is None else asked.content
    return CallDetail(
        key=key, agent=said.agent if isinstance(said, Asked) else "",
        version=said.version if isinstance(said, Asked) else "",
        input=None if asked is None else asked.value(), output=None if answer is None else answer.value(),
        state=answer.content.outcome if answer is not None and isinstance(answer.content, AnswerContent) else "open",
        steps=tuple(_steps(alive)),
        failed=tuple(FailedAttempt(at=fact.at, error=error) for fact in own if (error := _error(fact))),
        questions=tuple(_questions(own)),
    )  # fmt: skip


def _last(facts: Sequence[Fact], *kinds: FactKind) -> Fact | None:
    return next((fact for fact in reversed(facts) if fact.kind in kinds), None)


def _steps(facts: Iterable[Fact]) -> Iterable[StepDetail]:
    """Give the steps in the order in which they were done; one that was handed back has the value it had before."""
    values: dict[str, Json] = {}
    for fact in facts:
        if isinstance(said := fact.content, StepDone):
            call = fact.key.partition("/")[0]
            earlier = None if said.from_step is None else values.get(f"{call}/{said.from_step}")
            values[fact.key] = earlier if fact.payload is None else fact.value()
            yield StepDetail(key=fact.key, name=said.name, at=fact.at, value=values[fact.key])


def _error(fact: Fact) -> str:
    match fact.content:
        case AnsweredRefused(rule=rule, reason=reason):
            return f"{rule}: {reason}"
        case AnsweredFailed() | AttemptFailed() as said:
            return f"{said.type}: {said.message}"
        case _:
            return ""


def _questions(facts: Iterable[Fact]) -> Iterable[AskedPeople]:
    asked: dict[str, AskedPeople] = {}
    for fact in facts:
        match fact.content:
            case QuestionAsked(question=question, to=to, text=text):
                asked[question] = AskedPeople(question=question, to=to, text=text, answers=())
            case QuestionAnswered(question=question, answers=answers) if question in asked:
                before = asked[question]
                asked[question] = AskedPeople(question=question, to=before.to, text=before.text, answers=answers)
            case _:
                pass
    return asked.values()
