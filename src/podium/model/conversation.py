"""A conversation: what was said under a name, one message after the other, and whose turn in it is next."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from podium.errors import UsageError
from podium.model.expected import NAME, TEXT, Expected, check_fields, one_of, or_none
from podium.model.json import Json
from podium.model.principal import NOBODY
from podium.model.storable import check_key

if TYPE_CHECKING:
    from podium.model.conversation_state import ConversationMessage

Busy = Literal["wait", "refuse", "fork"]
"""What becomes of a turn in a conversation in which somebody else has one."""

Says = Literal["exchange", "answer", "nothing"]
"""What a call says in its turn: what its agent was asked and answered; the answer only; or nothing, it only listens."""

TURN = "turn"
"""The kind of the signal that tells a run that it has its turn, or is refused one. Its name is the key of the turn."""


class OpenTurn(Protocol):
    """What an agent has of the conversation in which it is called: what was said before, and its own word in it."""

    @property
    def name(self) -> str:
        """The name of the conversation."""
        ...

    @property
    def revision(self) -> int:
        """How many messages there are before this call."""
        ...

    async def messages(self) -> Sequence["ConversationMessage"]:
        """Return them, the oldest first: the same on every attempt and in every replay."""
        ...

    def add(self, messages: Sequence[Json]) -> None:
        """Say these, as Pydantic AI writes messages: they are appended with the answer, if the call has one.

        They are looked at, and copied, at once: raises InvalidValue for what no agent could read later.
        Where an attempt adds none, what the agent was asked and what it answered are appended.
        """
        ...


def exchange(asked: Json, answer: Json) -> list[Json]:
    """Return a question and its answer as messages: texts as they are, all else as JSON."""
    return [in_request(as_text(asked)), in_response(as_text(answer))]


def in_request(text: str) -> Json:
    """Return a text as a message that somebody gives an agent to read."""
    return {"kind": "request", "parts": [{"part_kind": "user-prompt", "content": text}]}


def in_response(text: str) -> Json:
    """Return a text as a message that an agent says."""
    return {"kind": "response", "parts": [{"part_kind": "text", "content": text}]}


def is_asked(message: Json) -> bool:
    """Whether a message is what an agent was asked, rather than what it said or what its tools did.

    Words that stand beside the result of a tool are about that.
    """
    kinds = {part["part_kind"] for part in message["parts"]} - {"system-prompt"}
    return message["kind"] == "request" and kinds == {"user-prompt"}


def foreign(principal: str, owner: str, name: str) -> str | None:
    """Return why a run on behalf of one principal has no turn in a conversation that another one began; else None.

    Runs on behalf of nobody but the app itself, whose principal is `local`, have turns in all of their tenant.
    """
    if principal in (owner, NOBODY):
        return None
    return (
        f"conversation {name!r} was begun on behalf of another principal than {principal!r}: use another name, or "
        "start the run on behalf of who began it"
    )


def as_text(value: Json) -> str:
    """Return a value as it stands in a message: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def turn_in(conversation: "TurnIn | None") -> "ConversationTurn | None":
    """Return the turn that a name, or a turn, stands for; raises UsageError or InvalidValue for what is none."""
    if conversation is None or isinstance(conversation, ConversationTurn):
        return conversation
    return ConversationTurn(conversation)


def turn_of_run(conversation: "TurnIn | None") -> "ConversationTurn | None":
    """Return the turn that a run is to have; raises UsageError also for one with words of its own."""
    turn = turn_in(conversation)
    if turn is None or turn == ConversationTurn(turn.name, busy=turn.busy):
        return turn
    raise UsageError(
        f"a run says in conversation {turn.name!r} what it is given and gives: leave says, asked and answered out, "
        "or give them to the calls in it"
    )


def narrower(one: Says, other: Says) -> Says:
    """Return the one of them that says less."""
    order = get_args(Says)
    return one if order.index(one) > order.index(other) else other


def check_conversation(name: str) -> None:
    """Raise InvalidValue for the name of a conversation that cannot be stored."""
    check_key("the name of the conversation", name)


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """The turn that a call, or a run, is to have in a conversation; its name alone stands for one that waits.

    `busy` says what happens where another one has its turn there: `wait` until it is over, `refuse` the call, or
    `fork`: go on in a new conversation, which begins with all that was said by then. The others are for calls: what
    is said there, where that is not just what the agent was asked and answered. Calls inside the turn say no more than
    `says`; and nothing where the call has words of its own, `asked` or `answered`: it speaks for them.
    """

    name: str
    """That of the conversation."""
    _: KW_ONLY
    busy: Busy = "wait"
    says: Says = "exchange"
    asked: str | None = None
    """Stands for the input; where guards changed the input, that stands there as the agent was handed it."""
    answered: Callable[[Json], str | None] | None = None
    """Gives, from the answer as JSON, the words that stand for it; for None the call says nothing."""

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)
        check_conversation(self.name)


TurnIn = ConversationTurn | str
"""A turn in a conversation, such as `ConversationTurn("user-42", busy="fork")`; or its name, `"user-42"`."""

_FIELDS: Mapping[str, Expected] = {
    "name": NAME,
    "busy": one_of(get_args(Busy)),
    "says": one_of(get_args(Says)),
    "asked": or_none(TEXT),
    "answered": or_none(Expected("a function of the answer that gives a text", callable)),
}
