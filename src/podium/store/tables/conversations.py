"""What is read of conversations."""

from typing import TYPE_CHECKING

from podium import lazy
from podium.store.codec import decode
from podium.store.journaling.chain import PLACE_BITS, place_within
from podium.store.tables.statements import Row, Statements

if TYPE_CHECKING:
    from podium.model import conversation_state, conversation_text
else:
    conversation_text = lazy.module("podium.model.conversation_text")
    conversation_state = lazy.module("podium.model.conversation_state")


def conversation_state_of(row: Row) -> "conversation_state.ConversationState":
    """Return the conversation of a row of `conversation_state` and its like."""
    turns: int = row[11]
    return conversation_state.ConversationState(
        n=row[0], tenant=row[1], principal=row[2], name=row[3], revision=row[4], created_at=row[5], changed_at=row[6],
        forked_from=row[7], forked_at=row[8],
        holder=conversation_state.TurnHolder(row[9], row[10], row[12]) if turns else None, waiting=max(0, turns - 1),
    )  # fmt: skip


def hit_in(row: Row, text: str) -> "conversation_state.ConversationHit":
    """Return the hit of a row of `conversation_search`."""
    return conversation_state.ConversationHit(
        tenant=row[1], conversation=row[2], place=row[0] & ((1 << PLACE_BITS) - 1), author=row[3], run=row[4],
        at=row[5], excerpt=conversation_text.excerpt(decode(row[6]), text),
    )  # fmt: skip


def messages_of(
    statements: Statements, tenant: str, name: str, first: int, end: int | None, n: int | None
) -> "list[conversation_state.ConversationMessage]":
    """Return the messages of a conversation from one place up to another."""
    found = statements.one("conversation_get", tenant, name)
    if found is None or n not in (None, found[0]):
        return []
    place = found[0] << PLACE_BITS
    beyond = 1 << PLACE_BITS if end is None else place_within(end)
    rows = statements.all("conversation_messages_get", place + place_within(first), place + beyond)
    made = conversation_state.ConversationMessage  # once: a module that is loaded lazily is looked up each time
    return [
        made(place=row[0] - place, author=row[1], run=row[2], key=row[4], at=row[5], message=decode(row[6]))
        for row in rows
    ]
