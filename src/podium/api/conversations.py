"""Conversations: how they stand, and what was said in them."""

from typing import Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, moment
from podium.model.conversation_state import ConversationHit, ConversationMessage, ConversationState
from podium.model.json import Json


class HolderBody(ApiBody):
    """Who has the turn in a conversation."""

    run: str
    key: Annotated[str, Field(description="The call; `start` for the run itself.")]
    question: Annotated[str | None, Field(description="The question that has waited longest in this turn.")]


class ConversationBody(ApiBody):
    """A conversation, and how it stands."""

    tenant: str
    principal: Annotated[str, Field(description="On whose behalf it was begun.")]
    name: str
    revision: Annotated[int, Field(description="How many messages it has.")]
    created_at: Moment
    changed_at: Annotated[Moment, Field(description="When something was said last.")]
    holder: HolderBody | None
    waiting: Annotated[int, Field(description="How many wait for their turn.")]
    forked_from: str | None
    forked_at: Annotated[int | None, Field(description="With how many messages of that conversation it began.")]

    @classmethod
    def of(cls, state: ConversationState) -> Self:
        """Return a conversation as others see it."""
        holder = state.holder
        return cls(
            tenant=state.tenant, principal=state.principal, name=state.name, revision=state.revision,
            created_at=moment(state.created_at), changed_at=moment(state.changed_at), waiting=state.waiting,
            holder=None if holder is None else HolderBody(run=holder.run, key=holder.key, question=holder.question),
            forked_from=state.forked_from, forked_at=state.forked_at,
        )  # fmt: skip


class MessageBody(ApiBody):
    """One message of a conversation."""

    place: Annotated[int, Field(description="How many came before it.")]
    message: Annotated[Json, Field(description="As Pydantic AI writes it: its `kind`, and its `parts`.")]
    author: str
    run: Annotated[str, Field(description="In whose turn it was said.")]
    key: Annotated[str, Field(description="The call in whose turn it was said; `start` for the run itself.")]
    at: Moment
    edited: Annotated[bool, Field(description="Whether a person gave it anew, in a fork.")]

    @classmethod
    def of(cls, said: ConversationMessage) -> Self:
        """Return a message as others see it."""
        return cls(
            place=said.place, message=said.message, author=said.author, run=said.run, key=said.key, at=moment(said.at),
            edited=said.edited,
        )  # fmt: skip


class HitBody(ApiBody):
    """A message in which a text was found."""

    tenant: str
    conversation: str
    place: int
    author: str
    run: str
    at: Moment
    excerpt: Annotated[str, Field(description="What stands around the text; `…` stands for the rest.")]

    @classmethod
    def of(cls, hit: ConversationHit) -> Self:
        """Return what was found as others see it."""
        return cls(
            tenant=hit.tenant, conversation=hit.conversation, place=hit.place, author=hit.author, run=hit.run,
            at=moment(hit.at), excerpt=hit.excerpt,
        )  # fmt: skip


class ConversationForkGiven(ApiInput):
    """What is copied of a conversation, and under which name it goes on."""

    into: Annotated[str, Field(description="The name of the new conversation.", min_length=1)]
    at: Annotated[int | None, Field(description="With the messages before this place; else with all.", ge=0)] = None
    edit: Annotated[str | None, Field(description="The message at that place follows, in these words.")] = None
    reason: Annotated[str, Field(description="It is recorded.")] = ""
