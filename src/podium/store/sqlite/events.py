"""Events in SQLite, as a commit writes them."""

import sqlite3
from collections.abc import Sequence

from podium.store.journaling.events import EventRow, QuestionsLeft
from podium.store.sqlite.conversations import SqliteConversing
from podium.store.sqlite.sql import statement

_OF_RUN = statement("event_insert")
_OF_QUESTION = statement("event_insert_question")


class SqliteEvents(SqliteConversing):
    """The statements about events of a write transaction. SQLite numbers rows on from the last one."""

    __slots__ = ("_left",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._left = QuestionsLeft()

    def questions_left(self) -> QuestionsLeft:
        """Return what `withdraw_questions` did in this transaction."""
        return self._left

    def insert_events(self, rows: Sequence[EventRow]) -> None:
        """Append events to the book, in this order."""
        execute = self._connection.execute
        for at, type_, run, question, content in rows:
            if question is None:
                execute(_OF_RUN, (at, type_, run, content))
            else:
                execute(_OF_QUESTION, (at, type_, question, content))
