"""What is read of conversations: imported where one is read."""

from dataclasses import dataclass

from podium.model.json import Json, is_object
from podium.model.parts_said import text_of

AGENT = "agent"
"""Names, in the metadata of what a person said, the agent in whose place they were asked."""

AS_SAID = "as_said"
"""Stands in the metadata of what was redacted and was more than words: it is heard as it is, as it was before."""

EDITED = "edit"
"""The key of a message that a person gave anew in a fork; no call has it."""

_WORDS = ("user-prompt", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationMessage:
    """One message of a conversation."""

    place: int
    """How many came before it."""
    message: Json
    """As Pydantic AI writes it: `{"kind": "request" or "response", "parts": […], …}`."""
    author: str
    """The name of the agent that said it; for what an agent was asked, that of the principal of the run.

    Of one that was edited, who edited it.
    """
    run: str
    """In whose turn it was said; of one that was edited, the run that records the fork."""
    key: str
    """The call in whose turn it was said; `start` for the run itself."""
    at: float
    """When it was said, in seconds since 1970."""

    @property
    def speaker(self) -> str:
        """The author; where a person answered in the place of an agent, the name of that agent."""
        return self.message["metadata"][AGENT] if self.by_person else self.author

    @property
    def by_person(self) -> bool:
        """Whether a person said it, in the place of an agent; who asks says it as `author` alone."""
        return is_object(metadata := self.message.get("metadata")) and AGENT in metadata

    @property
    def text(self) -> str:
        """The words of it: texts one below the other, without thoughts, files and uses of tools."""
        parts = (part for part in self.message["parts"] if part["part_kind"] in _WORDS)
        return "\n\n".join(text_of(part["content"]) for part in parts)

    @property
    def edited(self) -> bool:
        """Whether a person gave it anew, in a fork, in place of the message that stands there in the other one."""
        return self.key == EDITED


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationHit:
    """A message in which a text was found."""

    tenant: str
    conversation: str
    """The name."""
    place: int
    author: str
    run: str
    at: float
    """When it was said, in seconds since 1970."""
    excerpt: str
    """What stands around the first place where the text was found; `…` stands for the rest."""


@dataclass(frozen=True, slots=True)
class TurnHolder:
    """Who has the turn in a conversation."""

    run: str
    key: str
    """The call; `start` for the run itself."""
    question: str | None = None
    """The question that has waited longest of those that this turn has open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationState:
    """A conversation as the store knows it."""

    n: int
    """Its number in the store: one that is begun under the same name after this was deleted has another one."""
    tenant: str
    principal: str
    """On whose behalf it was begun."""
    name: str
    revision: int
    """How many messages it has."""
    created_at: float
    changed_at: float
    """When something was said last, in seconds since 1970."""
    holder: TurnHolder | None = None
    waiting: int = 0
    """How many wait for their turn."""
    forked_from: str | None = None
    forked_at: int | None = None
    """With how many messages of that conversation it began."""
