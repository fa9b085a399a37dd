"""What a transaction is to write and gives nothing back: gathered in sets, and sent before the next question."""

from collections.abc import Sequence

from psycopg import Cursor

from podium.store.postgres.columns import Blobs, Column, Floats, Ints, Texts
from podium.store.postgres.statements import PostgresStatements
from podium.store.tables.statements import Row

_SETS: dict[str, Sequence[type[Column]]] = {
    "runs_insert": (
        Ints, Texts, Texts, Texts, Texts, Ints, Texts, Texts, Ints, Texts, Texts, Texts, Texts, Texts, Floats, Ints,
        Texts,
    ),
    "blobs_insert": (Blobs, Blobs),
    "facts_insert": (Ints, Ints, Texts, Floats, Ints, Blobs, Blobs, Blobs, Blobs, Blobs, Ints),
    "runs_park": (Ints, Floats, Ints, Blobs),
    "runs_finish": (Ints, Texts, Floats, Texts, Ints, Blobs),
    "questions_withdraw": (Ints,),
    "signals_take": (Ints, Texts),
    "signals_drop": (Ints, Texts),
    "budgets_write": (Texts, *[Ints] * 13),
    "reservations_insert": (Texts, Ints, Texts, Ints),
    "ledger_insert": (Ints, Texts, Ints, Blobs, Texts, Blobs),
    "stream_events_put": (Texts, Ints, Ints, Blobs),
    "stream_events_trim": (Texts, Ints),
    "stream_heads_put": (Texts, Ints, Ints, Floats),
}  # fmt: skip
"""The statements that take whole columns, in the order in which they are sent, and their columns.

What is inserted comes before what changes it. Otherwise no two of them, of one set, touch the same row.
"""
_GIVING = ("questions_withdraw",)
"""Those of which it is asked later what they did."""


class Gathered:
    """Rows to be written."""

    __slots__ = ("_rows", "_statements", "given")

    def __init__(self, statements: PostgresStatements) -> None:
        self._statements = statements
        self._rows: dict[str, list[Sequence[object]]] = {}
        self.given: list[Cursor[Row]] = []
        """What comes of those that were sent of `_GIVING`."""

    def add(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Have a statement of `_SETS` write these rows too."""
        self._rows.setdefault(name, []).extend(rows)

    def send(self) -> None:
        """Send what was gathered so far."""
        if not self._rows:
            return
        gathered, self._rows = self._rows, {}
        for name, kinds in _SETS.items():
            rows = gathered.get(name)
            if rows:
                columns = zip(*rows, strict=True)
                sent = self._statements.send(name, *(kind(each) for kind, each in zip(kinds, columns, strict=True)))
                if name in _GIVING:
                    self.given.append(sent)
