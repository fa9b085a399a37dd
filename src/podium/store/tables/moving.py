"""Copying a store into another one, whatever backends they have: row by row, in a form that all of them share.

Tables and columns are those of the schema itself. What only one backend has, such as an index of words in a table, is
made anew where it is needed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from podium.errors import NotPossible, StoreError
from podium.model.memory import text_of_entry
from podium.store.codec import decode
from podium.store.tables.statements import Row, Statements
from podium.store.tables.words import WordIndex

_WHOLE = 1 << 256
NOT_MOVED = frozenset({"moved", "run_costs"})
"""Tables that are about one place alone: where this store has been moved to; and what is added up anew."""
NOT_MOVED_COLUMNS = frozenset({("runs", "costed_from"), ("runs", "costed_to")})
"""Columns that say of what it was added up here."""
JSON_COLUMNS = frozenset({("reservations", "parts"), ("budget_waits", "holds")})
"""Columns of JSON, for which some databases have a type of their own."""
KEY_COLUMNS = frozenset({("memory", "key"), ("memory_writes", "key"), ("memory_locks", "key")})
"""Columns of texts that may have a NUL, which some databases keep as bytes."""

Columns = Mapping[str, Sequence[str]]
"""The columns of each table, by name."""


class MovedStore(Protocol):
    """A store whose rows are read or written, in one transaction. A row is in the order of the columns named."""

    def columns(self) -> Columns:
        """Return all tables that are moved, those first that others refer to."""
        ...

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Row]:
        """Give the rows of a table, in any order, a few at a time."""
        ...

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert rows."""
        ...

    def numbers(self) -> Mapping[str, int]:
        """Return the last number that was given to a row, by table."""
        ...

    def go_on_after(self, numbers: Mapping[str, int]) -> None:
        """Give rows other numbers than these, from now on."""
        ...

    def index_words(self) -> None:
        """Have the entries of the memory found by their words."""
        ...


@dataclass(slots=True)
class RowTally:
    """How many rows a table has, and what stands for all of them, in whatever order."""

    rows: int = 0
    digest: int = 0

    def counting(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Give rows on, and count them."""
        for row in rows:
            self.rows += 1
            self.digest = (
                self.digest + int.from_bytes(sha256(repr(row).encode("utf-8", "surrogatepass")).digest())
            ) % _WHOLE
            yield row


def copy_all(source: MovedStore, target: MovedStore) -> dict[str, int]:
    """Copy all rows, and compare what came of it; returns how many rows each table has.

    Raises NotPossible where the target has anything, StoreError where something was not written as it was.
    """
    tables = _agreed(source.columns(), target.columns())
    for table, columns in tables.items():
        if next(iter(target.rows(table, columns)), None) is not None:
            raise NotPossible(f"the target is not empty: there are rows in its table {table}. Name another one.")
    copied = {table: RowTally() for table in tables}
    for table, columns in tables.items():
        target.write(table, columns, copied[table].counting(source.rows(table, columns)))
    target.index_words()
    target.go_on_after(source.numbers())
    for table, columns in tables.items():
        found = RowTally()
        for _ in found.counting(target.rows(table, columns)):
            pass
        if found != copied[table]:
            raise StoreError(
                f"the table {table} is not what it was: {copied[table].rows} rows were read, and {found.rows} are in "
                "the target, or say something else. Nothing was moved."
            )
    return {table: tally.rows for table, tally in copied.items()}


def plain_json(text: str) -> str:
    """Return a JSON text as every database would have it."""
    return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)


def index_entries(store: MovedStore, statements: Statements, words: WordIndex) -> None:
    """Have all entries of the memory found by their words."""
    for n, key, value in store.rows("memory", ("n", "key", "value")):
        words.put(statements, n, text_of_entry(key, decode(value)), exists=False)


def _agreed(source: Columns, target: Columns) -> Columns:
    """Return the tables of both, in the target's order; raises StoreError where they differ."""
    known = {table: set(columns) for table, columns in source.items()}
    if known != {table: set(columns) for table, columns in target.items()}:
        odd = sorted(name for name in known.keys() | target.keys() if known.get(name) != set(target.get(name, ())))
        raise StoreError(f"the two stores do not have the same tables: {', '.join(odd)}. Update Podium on both sides.")
    return {table: sorted(columns) for table, columns in target.items()}
