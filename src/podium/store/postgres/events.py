"""Events on PostgreSQL: as a commit writes them."""

from collections.abc import Sequence

from podium.store.journaling.events import EventRow, QuestionsLeft
from podium.store.postgres.columns import Floats, Ints, Texts
from podium.store.postgres.inboxes import PostgresInboxes
from podium.store.tables.ledger import LEDGER


class PostgresEvents(PostgresInboxes):
    """The statements about events of a write transaction."""

    __slots__ = ()

    def questions_left(self) -> QuestionsLeft:
        """Return what `withdraw_questions` did in this transaction; it was sent before what was asked last."""
        self._gathered.send()
        left = QuestionsLeft()
        for sent in self._gathered.given:
            for run, question, following in sent.fetchall():
                left.withdrawn.append((run, question))
                if following is not None:
                    left.shown.append(following)
        return left

    def insert_events(self, rows: Sequence[EventRow]) -> None:
        """Append events to the book, in this order: alone with its end, as with that of the ledger, until the commit.

        So positions are given in the order of the commits, and whoever reads one has seen all before it.
        """
        self._ask.send("lock", LEDGER)
        at, types, runs, questions, contents = zip(*rows, strict=True)
        columns = Floats(at), Texts(types), Ints(runs), Texts(questions), Texts(contents)
        self._statements.send("events_insert", *columns)
