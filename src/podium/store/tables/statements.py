"""The statements of a backend by name, and how its books come to its tables."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = tuple[Any, ...]
"""What a database gives: its columns have no types."""
QueryValues = dict[str, Any]
"""The parameters of a statement by name: what a database binds has no one type."""


class Statements(Protocol):
    """Carries out statements on one connection. Each backend has a file of each name, in its own dialect."""

    def one(self, name: str, *values: object) -> Row | None:
        """Return the first row that a statement gives; None where it gives none."""
        ...

    def all(self, name: str, *values: object) -> list[Row]:
        """Return all rows that a statement gives."""
        ...

    def listed(self, name: str, wanted: QueryValues) -> list[Row]:
        """Return all rows of a list; lines of the statement for which nothing was given are left out."""
        ...

    def do(self, name: str, *values: object) -> None:
        """Change rows."""
        ...

    def changed(self, name: str, *values: object) -> int:
        """Change rows; returns how many."""
        ...

    def do_all(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Change rows, once for each of these."""
        ...

    def of_one_moment(self) -> AbstractContextManager[None]:
        """Have all that is read while the block lasts be of one moment."""
        ...

    def alone(self, what: str) -> None:
        """Have nobody else change what goes by this name until the transaction ends."""
        ...

    def stored_text(self, text: str) -> str | bytes:
        """Return a text that may have a NUL as it is stored, which not every database can in a text."""
        ...


class Tables(Protocol):
    """The tables of a store. All that is read is committed; `work` may be called more than once."""

    def now(self, work: Callable[[Statements], T]) -> T:
        """Return what is read at once, in this thread."""
        ...

    def quickly(self, name: str, *values: object) -> Awaitable[list[Row]]:
        """Return the few rows that a statement finds by a key. What comes at the same time may be asked together."""
        ...

    def read(self, work: Callable[[Statements], T]) -> Awaitable[T]:
        """Return what is read, in a thread where it takes long."""
        ...

    def read_in_thread(self, work: Callable[[Statements], T]) -> Awaitable[T]:
        """Return what is read in a thread, of one moment."""
        ...

    def write(self, work: Callable[[Statements], T]) -> T:
        """Return what a transaction gives, made in this thread."""
        ...

    def write_in_thread(self, work: Callable[[Statements], T]) -> Awaitable[T]:
        """Return what a transaction gives, made in another thread."""
        ...

    def each(self, name: str, *values: object) -> Iterator[Row]:
        """Give the rows of a statement that may have very many."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Have all that is read while the block lasts be of one moment."""
        ...


def first(rows: Sequence[Row]) -> Row | None:
    """Return the first row; None where there is none."""
    return rows[0] if rows else None


def inserted(statements: Statements, name: str, *values: object) -> Row:
    """Return the row that a statement gives which always gives one, as one that inserts does."""
    row = statements.one(name, *values)
    assert row is not None  # it was inserted
    return row


def text_of(stored: str | bytes) -> str:
    """Return the text of `Statements.stored_text`."""
    return stored if isinstance(stored, str) else stored.decode()
