"""What people change from outside of any run: each change is recorded as a run of its own, which is over at once."""

from podium.store.conversation_changes import ConversationChange, DeleteConversation, RedactConversation
from podium.store.corrections import CorrectBudgets
from podium.store.journaling.books import Books
from podium.store.journaling.budgets import correct
from podium.store.journaling.conversation_changes import ConversationChanges
from podium.store.journaling.recording import ChangeRecords
from podium.store.journaling.standings import Newcomers
from podium.store.journaling.transaction import Transaction
from podium.store.operations import CommitVerdict

RecordedChange = ConversationChange | CorrectBudgets


class RecordedChanges:
    """Carries out what people change about conversations and budgets."""

    __slots__ = ("_books", "_newcomers", "_records", "_transaction")

    def __init__(self, transaction: Transaction, newcomers: Newcomers, records: ChangeRecords, books: Books) -> None:
        self._transaction = transaction
        self._newcomers = newcomers
        self._records = records
        self._books = books

    @staticmethod
    def deletes(wanted: RecordedChange) -> bool:
        """Whether a change deletes what was said."""
        return isinstance(wanted, DeleteConversation | RedactConversation)

    def carry_out(self, wanted: RecordedChange) -> CommitVerdict:
        """Make a change and record it, or leave all as it is."""
        if self._newcomers.same(wanted.record) is not None:
            return CommitVerdict.DUPLICATE
        if not isinstance(wanted, CorrectBudgets):
            return ConversationChanges(self._transaction, self._records).carry_out(wanted)
        for part in wanted.parts:
            correct(self._books, part)
        self._records.insert(wanted.record)
        return CommitVerdict.OK
