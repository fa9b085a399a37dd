"""Conversations in a transaction on PostgreSQL."""

from collections.abc import Collection, Sequence

from podium.store.journaling.chain import PLACE_BITS
from podium.store.journaling.conversations import ConversationRow, MessageRow, TurnRow
from podium.store.postgres.columns import Blobs, Floats, Ints, Texts
from podium.store.postgres.gathering import Gathered
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.statements import Row


class PostgresConversing:
    """The statements about conversations of a write transaction."""

    __slots__ = ("_gathered", "_statements")

    def __init__(self, statements: PostgresStatements) -> None:
        self._statements = statements
        self._gathered = Gathered(statements)

    @property
    def _ask(self) -> PostgresStatements:
        """What is asked now sees what was written before."""
        self._gathered.send()
        return self._statements

    def conversation(self, tenant: str, name: str) -> ConversationRow | None:
        """Return a conversation."""
        row = self._ask.one("conversation_lock", tenant, name)
        return None if row is None else ConversationRow(*row)

    def conversation_of(self, n: int) -> ConversationRow:
        """Return the conversation of a number."""
        row = self._ask.one("conversation_by_n", n)
        assert row is not None  # somebody has a turn in it
        return ConversationRow(*row)

    def insert_conversation(
        self, tenant: str, principal: str, name: str, at: float, forked: ConversationRow | None
    ) -> int:
        """Begin a conversation, with a copy of the messages of another one if that is given; returns its number."""
        values = {
            "tenant": tenant, "principal": principal, "name": name, "at": at,
            "forked_from": None if forked is None else forked.name,
            "forked_at": None if forked is None else forked.revision,
        }  # fmt: skip
        row = self._ask.named("conversation_insert", values).fetchone()
        assert row is not None  # it was inserted
        if forked is not None:
            copied = {"n": forked.n, "into": row[0], "count": forked.revision}
            self._statements.named("conversation_messages_copy", copied)
        return row[0]

    def insert_messages(self, rows: Sequence[MessageRow]) -> None:
        """Append messages, all of one conversation, whole; and write down its revision and when it changed."""
        n = rows[0].conversation
        places, authors, runs, numbers, keys, times, messages = zip(
            *(((n << PLACE_BITS) + row.place, row.author, row.run, row.number, row.key, row.at, row.message)
            for row in rows), strict=True,
        )  # fmt: skip
        self._ask.send(
            "conversation_messages_insert", Ints(places), Texts(authors), Texts(runs), Ints(numbers), Texts(keys),
            Floats(times), Blobs(messages),
        )  # fmt: skip
        self._statements.send("conversation_grow", len(rows), rows[-1].at, n)

    def messages_in(self, conversation: int) -> Sequence[MessageRow]:
        """Return all messages of a conversation, in order."""
        first = conversation << PLACE_BITS
        return [_message(row) for row in self._ask.all("conversation_messages_get", first, first + (1 << PLACE_BITS))]

    def messages_of(self, run: int) -> Sequence[MessageRow]:
        """Return the messages that the run of a number said, in all conversations."""
        return [_message(row) for row in self._ask.all("conversation_messages_of_run", run)]

    def overwrite_messages(self, rows: Sequence[MessageRow]) -> None:
        """Have messages say something else."""
        places = [(row.message, (row.conversation << PLACE_BITS) + row.place) for row in rows]
        self._ask.do_all("conversation_message_overwrite", places)

    def delete_conversation(self, n: int) -> None:
        """Delete a conversation with its messages."""
        self._ask.named("conversation_messages_delete", {"n": n})
        self._statements.send("conversation_delete", n)

    def turn(self, run: str, key: str) -> TurnRow | None:
        """Return the turn that a run has, or waits for, under a key."""
        row = self._ask.one("turn_get", run, key)
        return None if row is None else TurnRow(*row)

    def first_turn(self, conversation: int) -> TurnRow | None:
        """Return the turn that is had in a conversation, which nobody else gives or takes back before the commit."""
        self._ask.send("conversation_lock_n", conversation)
        row = self._statements.one("turn_first", conversation)
        return None if row is None else TurnRow(*row)

    def queue(self, conversation: int) -> Sequence[TurnRow]:
        """Return the turns in a conversation that join none, in the order in which they came."""
        self._ask.send("conversation_lock_n", conversation)
        return [TurnRow(*row) for row in self._statements.all("turn_queue", conversation)]

    def turns_of(self, runs: Collection[str]) -> Sequence[TurnRow]:
        """Return all turns that runs have or wait for, in the order in which they came."""
        return [TurnRow(*row) for row in self._ask.all("turns_of_runs", Texts(runs))] if runs else []

    def insert_turn(self, conversation: int, run: str, key: str, within: str | None) -> int:
        """Add a turn; returns its number."""
        row = self._ask.one("turn_insert", conversation, run, key, within)
        assert row is not None  # it was inserted
        return row[0]

    def delete_turns(self, turns: Sequence[int]) -> None:
        """Delete turns by their numbers."""
        self._ask.send("turns_delete", Ints(turns))


def _message(row: Row) -> MessageRow:
    return MessageRow(row[0] >> PLACE_BITS, row[0] & ((1 << PLACE_BITS) - 1), *row[1:])
