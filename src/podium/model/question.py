"""What waits in the inbox for a person."""

from dataclasses import dataclass
from enum import StrEnum

from podium.model.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person is asked: text, what it is about, and the JSON Schema of the answer."""

    text: str
    subject: Json = None
    schema: Json = None
    """JSON Schema of an answer; None takes any JSON."""
    to: str = "anyone"
    """A person or a role; the inbox can be filtered by it."""
    within: float | None = None
    """Seconds until it expires; None waits for ever."""
    quorum: int = 1
    """How many different people must answer."""
    kind: str = "question"
    """`question`, `approval`, or `in_doubt` (did the effect happen?)."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Asks a person to approve something."""

    text: str
    subject: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of an approval."""

    approved: bool
    by: tuple[str, ...] = ()
    comment: str = ""


APPROVAL_SCHEMA: Json = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}},
    "required": ["approved"],
}
"""What an answer to an approval looks like."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One person's answer."""

    by: str
    value: Json
    at: float
