"""Finding entries of the memory by their words, quickly where many have them."""

import sqlite3
from collections.abc import Iterator, Sequence

from podium.store.sqlite.sql import statement

_RANKED = 4_000
"""About so many entries are ranked: those with the rarest words of the question."""
_MORE = 4
"""So many times as many, as long as too few of the scope are among them."""
_PAGES = 500
"""So many pages of the index are written at once: others may write in between."""

MemoryRow = tuple[str, bytes, int, float, float | None]
"""Key, value, version, time, and until when it lasts."""


def search_words(
    connection: sqlite3.Connection, scope: str, words: Sequence[str], *, limit: int, now: float
) -> list[MemoryRow]:
    """Return the entries that have any of the words, best first.

    Where more entries have them than can be ranked in a few milliseconds, those with the rarest of the words come
    first, and others are looked at only if these are too few: what is everywhere says little of what is wanted.
    """
    rows: list[MemoryRow] = []
    for some in _growing(connection, words):
        match = " OR ".join(f'"{word}"' for word in some)
        rows = connection.execute(statement("memory_search"), (match, scope, now, limit)).fetchall()
        if len(rows) >= limit:
            break
    return rows


def merge_words(connection: sqlite3.Connection, *, begin: bool) -> bool:
    """Write the index of words anew, a part at each call until there is no more to do; the first one is to `begin`.

    FTS5 only notes what is deleted, beside the words, and forgets these where it merges all parts of the index.
    """
    before = connection.total_changes
    connection.execute(statement("memory_text_merge"), (-_PAGES if begin else _PAGES,))
    return connection.total_changes - before > 1  # the command itself counts as one


def _growing(connection: sqlite3.Connection, words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the rarest words, then with them more and more of the others, up to all."""
    counted = (
        sorted((_count(connection, word), word) for word in words) if len(words) > 1 else [(1, word) for word in words]
    )
    known = [(count, word) for count, word in counted if count]
    room, total = _RANKED, 0
    for place, (count, _) in enumerate(known):
        if total and total + count > room:
            yield [word for _, word in known[:place]]
            room = _MORE * (total + count)
        total += count
    if known:
        yield [word for _, word in known]


def _count(connection: sqlite3.Connection, word: str) -> int:
    """Return how many entries of all scopes have a word; of very many, that they are."""
    return connection.execute(statement("memory_count"), (f'"{word}"', _RANKED * _MORE)).fetchone()[0]
