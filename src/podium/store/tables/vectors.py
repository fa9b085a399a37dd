"""Vectors of the memory's entries, and of questions whose answers are kept.

They are looked through by the signs of their numbers, then compared as they are. A vector of 256 numbers is 1 KiB, its
signs are 32 bytes: those of all entries of a scope stay in memory, and those that differ from the question in the
fewest signs are read and compared exactly.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import orjson

from podium import lazy
from podium.errors import UsageError
from podium.model.embedding import Vector
from podium.model.memory import refuse_embedder
from podium.store.tables.statements import Statements

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
else:
    np = lazy.module("numpy")

T = TypeVar("T")

_COMPARED = 512
"""So many of the nearest by sign are compared exactly."""
_TIMES_LIMIT = 8
"""And where many are wanted, so many times as many."""
_MOST_BYTES = 256 * 2**20
"""The signs of scopes that were searched last stay in memory, up to this."""
_WORD = 8


def signs_of(vector: Vector) -> bytes:
    """Return a bit for each number, in whole words: whether it is more than 0."""
    try:
        bits = np.packbits(np.frombuffer(vector.numbers, "<f4") > 0)
    except ModuleNotFoundError as error:
        raise UsageError('what finds by meaning needs NumPy, an extra: pip install "podium[vectors]"') from error
    return bits.tobytes() + bytes(-len(bits) % _WORD)


def alone_with_vectors(statements: Statements, scope: str) -> None:
    """Have nobody else add vectors to a scope until the transaction ends.

    So their places grow in the order in which they are committed: who has read up to one has missed none before it.
    """
    statements.alone(f"vectors {scope}")


def put_vector(statements: Statements, n: int, scope: str, vector: Vector) -> None:
    """Give an entry a vector, in place of the one that it has."""
    alone_with_vectors(statements, scope)
    signs = signs_of(vector)
    statements.do("memory_vector_put", n, scope, vector.embedder, signs, vector.numbers)


def check_embedder(statements: Statements, scope: str, vector: Vector) -> None:
    """Raise OtherEmbedder where a scope has vectors of another embedder."""
    other = statements.one("memory_vector_other", scope, vector.embedder)
    if other is not None:
        refuse_embedder(scope, other[0], vector.embedder)


class VectorIndex:
    """Finds what is nearest in a table of vectors. Used by one thread at a time."""

    def __init__(self, table: str) -> None:
        """Read the table by the statements that begin with its name."""
        self._after, self._get = f"{table}_signs_after", f"{table}_vectors_get"
        self._scopes: OrderedDict[tuple[str, ...], _Signs] = OrderedDict()

    def nearest(
        self, statements: Statements, scope: tuple[str, ...], vector: Vector, *, limit: int,
        row: Callable[[int], T | None],
    ) -> list[tuple[T, float]]:  # fmt: skip
        """Return the rows in a scope whose vectors are nearest, with their similarity, best first.

        `row` returns the row of a number; None where its time is over.
        """
        signs, looked_at = self._signs(statements, scope), max(_COMPARED, _TIMES_LIMIT * limit)
        while True:
            places = signs.nearest(signs_of(vector), looked_at)
            found = self._compared(statements, places, vector)
            signs.forget({*places} - {place for place, *_ in found})
            best = sorted(found, key=lambda each: (-each[1], each[2]))
            rows = ((row(n), score) for _, score, n in best)
            lasting = [*islice(((found, score) for found, score in rows if found is not None), limit)]
            if len(lasting) == limit or len(places) < looked_at:
                return lasting
            looked_at *= 2

    def _compared(self, statements: Statements, places: list[int], vector: Vector) -> list[tuple[int, float, int]]:
        """Return of each place that is there its similarity, and the number of its row."""
        rows = statements.all(self._get, orjson.dumps(places).decode())
        if not rows:
            return []
        numbers = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
        scores = (numbers @ np.frombuffer(vector.numbers, "<f4")).tolist()
        return [(place, score, n) for (place, _, n), score in zip(rows, scores, strict=True)]

    def _signs(self, statements: Statements, scope: tuple[str, ...]) -> "_Signs":
        """Return the signs of all vectors of a scope, with those that came since they were last asked for."""
        signs = self._scopes.setdefault(scope, _Signs())
        self._scopes.move_to_end(scope)
        rows = statements.all(self._after, *scope, signs.last)
        if rows:
            signs.add(rows)
        while len(self._scopes) > 1 and sum(each.size for each in self._scopes.values()) > _MOST_BYTES:
            self._scopes.popitem(last=False)
        return signs


class _Signs:
    """The signs of the vectors of a scope, and where each stands in the table."""

    def __init__(self) -> None:
        self.last = 0
        """Up to where the table was read; places in it are never used twice."""
        self._places: NDArray[np.int64] = np.empty(0, np.int64)
        self._words: NDArray[np.uint64] = np.empty((1, 0), np.uint64)

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return self._words.nbytes + self._places.nbytes

    def add(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Add rows of the table that come after those that are known."""
        places = np.array([place for place, _ in rows], np.int64)
        words = np.frombuffer(b"".join(signs for _, signs in rows), np.uint64).reshape(len(rows), -1).T
        self._words = np.concatenate([self._words, words], axis=1) if len(self._places) else np.ascontiguousarray(words)
        self._places = np.concatenate([self._places, places])
        self.last = int(places[-1])

    def nearest(self, signs: bytes, most: int) -> list[int]:
        """Return the places of the vectors that differ in the fewest signs, in any order."""
        if len(self._places) <= most:
            return self._places.tolist()
        question = np.frombuffer(signs, np.uint64)
        distance = np.zeros(len(self._places), np.uint16)
        for word, asked in zip(self._words, question, strict=True):
            distance += np.bitwise_count(word ^ asked)
        within = np.bincount(distance).cumsum()  # how many differ in at most so many signs: quicker than to sort
        edge = int(np.searchsorted(within, most))
        nearer, at_edge = np.flatnonzero(distance < edge), np.flatnonzero(distance == edge)
        return self._places[np.concatenate([nearer, at_edge[: most - len(nearer)]])].tolist()

    def forget(self, gone: Collection[int]) -> None:
        """Leave out what is not in the table any more."""
        if gone:
            kept = ~np.isin(self._places, list(gone))
            self._places, self._words = self._places[kept], self._words[:, kept]
