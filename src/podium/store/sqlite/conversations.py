"""Conversations in SQLite: what a commit asks and writes of them."""

import sqlite3
from collections.abc import Collection, Sequence

from podium.store.journaling.chain import PLACE_BITS
from podium.store.journaling.conversations import ConversationRow, MessageRow, TurnRow
from podium.store.sqlite.sql import statement
from podium.store.sqlite.statements import SqliteStatements
from podium.store.tables.statements import Row


class SqliteConversing:
    """The statements about conversations of a write transaction."""

    __slots__ = ("_connection", "_statements")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._statements = SqliteStatements(connection)

    def _one(self, name: str, *wanted: object) -> Row | None:
        return self._connection.execute(statement(name), wanted).fetchone()

    def _do(self, name: str, *values: object) -> int:
        return self._connection.execute(statement(name), values).rowcount

    def _do_all(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        self._connection.executemany(statement(name), rows)

    def _insert(self, name: str, *values: object) -> int:
        number = self._connection.execute(statement(name), values).lastrowid
        assert number is not None  # it was an insert
        return number

    def conversation(self, tenant: str, name: str) -> ConversationRow | None:
        """Return a conversation."""
        row = self._one("conversation_get", tenant, name)
        return None if row is None else ConversationRow(*row)

    def conversation_of(self, n: int) -> ConversationRow:
        """Return the conversation of a number."""
        row = self._one("conversation_by_n", n)
        assert row is not None  # somebody has a turn in it
        return ConversationRow(*row)

    def insert_conversation(
        self, tenant: str, principal: str, name: str, at: float, forked: ConversationRow | None
    ) -> int:
        """Begin a conversation, with a copy of the messages of another one if that is given; returns its number."""
        above = (None, None) if forked is None else (forked.name, forked.revision)
        n = self._insert("conversation_insert", tenant, principal, name, at, *above)
        if forked is not None:
            self._do("conversation_messages_copy", forked.n, n, forked.revision)
        return n

    def insert_messages(self, rows: Sequence[MessageRow]) -> None:
        """Append messages, all of one conversation, and write down its revision and when it changed."""
        n = rows[0].conversation
        self._do_all(
            "conversation_message_insert", [((n << PLACE_BITS) + row.place, *self._stored(row)) for row in rows]
        )
        self._do("conversation_grow", len(rows), rows[-1].at, n)

    def messages_in(self, conversation: int) -> Sequence[MessageRow]:
        """Return all messages of a conversation, in order."""
        first = conversation << PLACE_BITS
        return self._messages("conversation_messages_get", first, first + (1 << PLACE_BITS))

    def _stored(self, row: MessageRow) -> Sequence[object]:
        """Return the columns of a message after its place: without the part that stands in a fact just as it is."""
        said, origin = row.message, row.origin
        columns = row.author, row.run, row.number, row.key, row.at
        if origin is not None:
            source, end = (origin.run << PLACE_BITS) + origin.seq, origin.start + origin.size
            return *columns, said[: origin.start] + said[end:], source, origin.start, origin.offset, origin.size
        return *columns, said, None, None, None, None

    def messages_of(self, run: int) -> Sequence[MessageRow]:
        """Return the messages that the run of a number said, in all conversations."""
        return self._messages("conversation_messages_of_run", run)

    def _messages(self, name: str, *wanted: object) -> Sequence[MessageRow]:
        rows = self._connection.execute(statement(name), wanted)
        return [MessageRow(row[0] >> PLACE_BITS, row[0] & ((1 << PLACE_BITS) - 1), *row[1:]) for row in rows]

    def overwrite_messages(self, rows: Sequence[MessageRow]) -> None:
        """Have messages say something else."""
        places = [(row.message, (row.conversation << PLACE_BITS) + row.place) for row in rows]
        self._do_all("conversation_message_overwrite", places)

    def delete_conversation(self, n: int) -> None:
        """Delete a conversation with its messages."""
        self._do("conversation_messages_delete", n)
        self._do("conversation_delete", n)

    def turn(self, run: str, key: str) -> TurnRow | None:
        """Return the turn that a run has, or waits for, under a key."""
        row = self._one("turn_get", run, key)
        return None if row is None else TurnRow(*row)

    def first_turn(self, conversation: int) -> TurnRow | None:
        """Return the turn that is had in a conversation: the first of those that join none."""
        row = self._one("turn_first", conversation)
        return None if row is None else TurnRow(*row)

    def queue(self, conversation: int) -> Sequence[TurnRow]:
        """Return the turns in a conversation that join none, in the order in which they came."""
        found = self._connection.execute(statement("turn_queue"), (conversation,))
        return [TurnRow(*row) for row in found]

    def turns_of(self, runs: Collection[str]) -> Sequence[TurnRow]:
        """Return all turns that runs have or wait for, in the order in which they came."""
        text = statement("turns_of_run")
        return sorted(TurnRow(*row) for run in runs for row in self._connection.execute(text, (run,)))

    def insert_turn(self, conversation: int, run: str, key: str, within: str | None) -> int:
        """Add a turn; returns its number."""
        return self._insert("turn_insert", conversation, run, key, within)

    def delete_turns(self, turns: Sequence[int]) -> None:
        """Delete turns by their numbers."""
        self._do_all("turn_delete", [(n,) for n in turns])
