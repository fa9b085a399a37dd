"""Changing conversations from outside: forking, redacting, deleting; each change is recorded as a run that is over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium import lazy
from podium.model.conversation_redaction import redacted_message
from podium.store.codec import decode, encode
from podium.store.conversation_changes import (
    ConversationChange,
    DeleteConversation,
    ForkConversation,
    RedactConversation,
)
from podium.store.journaling.conversations import ConversationRow, ConversationTransaction, MessageRow
from podium.store.journaling.recording import ChangeRecords
from podium.store.journaling.transaction import Transaction
from podium.store.operations import CommitVerdict

if TYPE_CHECKING:
    from podium.model import conversation_state
else:
    conversation_state = lazy.module("podium.model.conversation_state")


class ConversationChanges:
    """Carries out what people change about conversations."""

    __slots__ = ("_records", "_transaction")

    def __init__(self, transaction: Transaction, records: ChangeRecords) -> None:
        self._transaction = transaction
        self._records = records

    def carry_out(self, wanted: ConversationChange) -> CommitVerdict:
        """Make a change and record it, or leave all as it is."""
        found = self._transaction.conversation(wanted.tenant, wanted.name)
        if found is None or wanted.n not in (None, found.n):
            return CommitVerdict.UNKNOWN
        match wanted:
            case DeleteConversation():
                verdict = self._delete(found)
            case RedactConversation():
                verdict = self._redact(found)
            case ForkConversation():
                return self._fork(found, wanted)
        if verdict is CommitVerdict.OK:
            self._records.insert(wanted.record)
        return verdict

    def _delete(self, found: ConversationRow) -> CommitVerdict:
        if self._transaction.first_turn(found.n) is not None:
            return CommitVerdict.BUSY
        self._transaction.delete_conversation(found.n)
        return CommitVerdict.OK

    def _redact(self, found: ConversationRow) -> CommitVerdict:
        own = self._transaction.messages_in(found.n)
        rows = [*own, *self._copies(found, own)]
        if self._transaction.first_turn(found.n) is not None or not blank_messages(self._transaction, rows):
            return CommitVerdict.BUSY
        return CommitVerdict.OK

    def _copies(self, found: ConversationRow, own: Sequence[MessageRow]) -> list[MessageRow]:
        """Return the copies in forks of what was said in a conversation: a copy has the place of its original."""
        said = {(row.place, row.number, row.key, row.at) for row in own[found.copied :]}
        elsewhere = (row for run in {run for _, run, _, _ in said} for row in self._transaction.messages_of(run))
        return [
            row for row in elsewhere
            if row.conversation != found.n and (row.place, row.number, row.key, row.at) in said
        ]  # fmt: skip

    def _fork(self, found: ConversationRow, wanted: ForkConversation) -> CommitVerdict:
        if self._transaction.conversation(wanted.tenant, wanted.into) is not None:
            return CommitVerdict.DUPLICATE
        if found.revision < wanted.at:
            return CommitVerdict.STALE
        record, copied = wanted.record, found._replace(revision=wanted.at)
        n = self._transaction.insert_conversation(found.tenant, found.principal, wanted.into, record.at, copied)
        number = self._records.insert(record)
        if (edited := wanted.edited) is not None:
            row = MessageRow(
                n, wanted.at, edited.author, record.id, number, conversation_state.EDITED, record.at, edited.message
            )
            self._transaction.insert_messages([row])
        return CommitVerdict.OK


def blank_messages(transaction: ConversationTransaction, rows: Sequence[MessageRow]) -> bool:
    """Delete the contents of messages; False, and none are, where somebody has a turn where one of them stands.

    Whoever has a turn has read them, or may read them again after a crash.
    """
    if any(transaction.first_turn(n) is not None for n in {row.conversation for row in rows}):
        return False
    if rows:
        transaction.overwrite_messages(
            [row._replace(message=encode(redacted_message(decode(row.message)))) for row in rows]
        )
    return True
