"""What waits in the inbox for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypeVar, overload

from podium import lazy
from podium.errors import UsageError
from podium.model.duration import FINITE, SPAN, SecondsOrNone, hold_seconds
from podium.model.expected import COUNT, FLAG, NAME, TEXT, Expected, are_names, check_fields, is_mapping, or_none
from podium.model.json import Json

if TYPE_CHECKING:
    from typing_extensions import TypeForm

    from podium.model import question_kinds
else:
    question_kinds = lazy.module("podium.model.question_kinds")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person is asked: text, what it is about, and the JSON Schema of the answer."""

    text: str
    subject: Json = None
    schema: Json = None
    """JSON Schema of an answer; None takes any JSON."""
    to: str = "anyone"
    """A person or a role; the inbox can be filtered by it."""
    within: SecondsOrNone = SecondsOrNone()
    """Seconds until it expires; None waits for ever."""
    quorum: int = 1
    """How many different people must answer."""
    kind: str = "question"
    """What is recorded: `question`, `approval`, `edit`, `permission` (may a rule let it pass?), or `in_doubt` (did
    the effect happen?). `Question.kind` says in more detail what people are asked for."""
    idempotency_key: str | None = None
    """The key that the receiver of what it is about has seen, or will see; None where it is about no call."""
    remind: SecondsOrNone = SecondsOrNone()
    """Seconds until people are told again while it is open, each time after twice as long; None tells them once."""

    @property
    def for_agents(self) -> bool:
        """Whether an agent may answer, where one is among those asked: not what a rule wants people to decide."""
        return self.kind not in _FOR_PEOPLE

    def __post_init__(self) -> None:
        hold_seconds(self, SPAN, "within", whose=repr(self.text), optional=True)
        hold_seconds(self, FINITE, "remind", whose=repr(self.text), optional=True)


_FOR_PEOPLE = ("permission", "in_doubt")
_ASKED: Mapping[str, Expected] = {"text": TEXT, "to": NAME, "quorum": COUNT, "kind": NAME}


def check_asked(ask: Ask) -> None:
    """Raise UsageError where a question is not what the inbox can hold; one that was asked before is not checked."""
    for name, expected in _ASKED.items():
        expected.check(f"{name} of {ask.text!r:.80}", getattr(ask, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who is asked next, where a question was not answered in time."""

    to: str
    """A person or a role."""
    within: SecondsOrNone = SecondsOrNone()
    """Seconds until this question expires too; None waits for ever."""
    quorum: int | None = None
    """How many different people must answer; None is as many as before."""
    keep_answers: bool = False
    """Whether what was answered before it expired counts, so that only the rest have to answer."""

    def __post_init__(self) -> None:
        NAME.check("Escalation(to=…)", self.to)
        hold_seconds(self, SPAN, "within", optional=True)
        check_fields(self, {"quorum": or_none(COUNT), "keep_answers": FLAG})


@dataclass(frozen=True, slots=True)
class Approval:
    """Asks a person to approve something."""

    text: str
    subject: Json = None
    edit: "TypeForm[object] | None" = field(default=None, kw_only=True)
    """The type of a value that the person may approve in place of the subject; None where they may not change it."""
    questions: bool = field(default=False, kw_only=True)
    """Whether the person may ask back instead."""

    def __post_init__(self) -> None:
        check_fields(self, {"text": TEXT, "questions": FLAG})


class Choice(Generic[T]):
    """Asks a person to choose one of several options, or with `several` at least one of them.

    The answer is the name of the option, or a list of names.
    """

    __slots__ = ("options", "several", "subject", "text")

    @overload
    def __init__(
        self: "Choice[str]", text: str, options: Sequence[str] | Mapping[str, str], subject: Json = None, *,
        several: Literal[False] = False,
    ) -> None: ...  # fmt: skip
    @overload
    def __init__(
        self: "Choice[list[str]]", text: str, options: Sequence[str] | Mapping[str, str], subject: Json = None, *,
        several: Literal[True],
    ) -> None: ...  # fmt: skip
    def __init__(
        self, text: str, options: Sequence[str] | Mapping[str, str], subject: Json = None, *, several: bool = False
    ) -> None:
        """Offer options: their names, or a mapping of names to what people read."""
        TEXT.check("text of a Choice", text)
        FLAG.check(f"several of {text!r}", several)
        _OPTIONS.check(f"options of {text!r}", options)
        titles = options if isinstance(options, Mapping) else {name: name for name in options}
        if len(titles) < len(options):
            raise UsageError(f"options of {text!r} are {list(options)!r:.200}; expected each of them once.")
        self.text = text
        self.options = tuple(question_kinds.Option(value=name, title=title) for name, title in titles.items())
        self.subject = subject
        self.several = several

    def __repr__(self) -> str:
        """Return it as it is written."""
        names = [each.value for each in self.options]
        return f"Choice({self.text!r}, {names!r}{', several=True' if self.several else ''})"

    @property
    def schema(self) -> Json:
        """What an answer looks like."""
        return question_kinds.choice_schema(self.options, several=self.several)


def _are_options(value: object) -> bool:
    names: object = list(value) if is_mapping(value) else value
    titles: object = list(value.values()) if is_mapping(value) else names
    return are_names(names) and are_names(titles) and all(map(NAME.fits, names)) and bool(names)


_OPTIONS = Expected('options, such as ["dry", "warm"] or {"dry": "Short and factual"}', _are_options)


class Edit(Generic[T]):
    """Asks a person to edit a draft; the answer is what they make of it."""

    __slots__ = ("answer", "draft", "text")

    def __init__(self, text: str, draft: T, *, answer: "TypeForm[T] | None" = None) -> None:
        """Give the draft, and the type of what they give back, if that is not the type of the draft."""
        TEXT.check("text of an Edit", text)
        if draft is None:
            raise UsageError(f"draft of {text!r} is None; expected what is to be edited.")
        self.text = text
        self.draft = draft
        self.answer = answer

    def __repr__(self) -> str:
        """Return it as it is written."""
        return f"Edit({self.text!r}, {self.draft!r:.200})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of an approval."""

    approved: bool
    by: tuple[str, ...] = ()
    comment: str = ""
    edited: bool = False
    value: Any = None
    """What the person approved in place of the subject, where it is `edited`."""
    question: str = ""
    """What the person asked back; nothing is decided then."""
    to: str = field(default="", compare=False)
    """Whom it was put to when it was answered."""

    def __post_init__(self) -> None:
        check_fields(self, {"approved": FLAG, "edited": FLAG, "comment": TEXT, "question": TEXT})

    def __bool__(self) -> NoReturn:
        """Raise UsageError: a refusal is an answer too, and not false."""
        raise UsageError("a Decision has no truth value: ask whether it is `.approved`.")


def approval_schema(*, edit: Json = None, questions: bool = False) -> Json:
    """Return what an answer to an approval looks like.

    With `edit`, the schema of a value, it may hold such a `value`; with `questions` it may be a `question` instead.
    """
    properties: dict[str, Json] = {"approved": {"type": "boolean"}, "comment": {"type": "string"}}
    schema: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
    if edit is not None:
        properties["value"] = {name: part for name, part in edit.items() if name != "$defs"}
        schema["dependentSchemas"] = {"value": {"properties": {"approved": {"const": True}}}}
        schema.update({name: part for name, part in edit.items() if name == "$defs"})
    if not questions:
        return {**schema, "required": ["approved"]}
    properties["question"] = {"type": "string", "minLength": 1}
    return {**schema, "oneOf": [{"required": ["approved"]}, {"required": ["question"]}]}


APPROVAL_SCHEMA: Json = approval_schema()
"""What an answer to an approval looks like that is neither edited nor asked back."""

_ANYTHING: Json = {}


def _only(name: str, schema: Json) -> Json:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


IN_DOUBT_SCHEMA: Json = {
    "oneOf": [_only("happened", _ANYTHING), _only("not_done", {"const": True}), _only("fail", {"type": "string"})]
}
"""What an answer to `did it happen?` looks like: it happened and gave this value, it did not, or give up."""


class QuestionState(StrEnum):
    """Where a question stands. It leaves `open` once."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the inbox shows it."""

    id: str
    run: str
    key: str
    ask: Ask
    asked_at: float
    deadline: float | None
    state: QuestionState
    tenant: str = "default"
    principal: str = "local"
    """On whose behalf the run asks."""
    step: str | None = None
    """The step of the call at `key` that it is about, by its place; None where it is about the call, or about none."""
    answered_by: tuple[str, ...] = ()
    """Who has answered, as they wrote their names, the first one first; with a `quorum` others may have to."""
    assignee: str | None = None
    """Who of those asked is to answer it, where it was given to one of them; the others may answer all the same."""

    @property
    def kind(self) -> "question_kinds.QuestionKind":
        """What people are asked for."""
        ask = self.ask
        return question_kinds.kind_of(ask.kind, ask.schema, ask.subject, about_step=self.step is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswer:
    """One person's answer."""

    by: str
    value: Json
    at: float
