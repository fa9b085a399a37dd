"""The words of the memory's entries in SQLite's full-text search (FTS5)."""

from collections.abc import Sequence

from podium.store.tables.statements import Statements
from podium.store.tables.words import MOST_COUNTED, MemoryRow, growing

_PAGES = 500
"""So many pages of the index are written at once: others may write in between."""


class FullTextWords:
    """The words in a table of FTS5, which ranks by BM25."""

    def put(self, statements: Statements, n: int, text: str, *, exists: bool) -> None:
        """Have an entry found by the words of a text, in place of those by which it is if it `exists`."""
        if exists:
            statements.do("memory_text_delete", n)
        statements.do("memory_text_put", n, text)

    def search(
        self, statements: Statements, scope: str, words: Sequence[str], *, limit: int, now: float
    ) -> list[MemoryRow]:
        """Return the entries that have any of the words, best first."""
        rows: list[MemoryRow] = []
        for some in growing(words, lambda word: _count(statements, word)):
            match = " OR ".join(f'"{word}"' for word in some)
            rows = statements.all("memory_search", match, scope, now, limit)
            if len(rows) >= limit:
                break
        return rows

    def merge(self, statements: Statements, *, begin: bool) -> bool:
        """Write the index anew, a part at each call until there is no more to do; the first one is to `begin`.

        FTS5 only notes what is deleted, beside the words, and forgets these where it merges all parts of the index.
        """
        return statements.changed("memory_text_merge", -_PAGES if begin else _PAGES) > 1  # the command counts as one


def _count(statements: Statements, word: str) -> int:
    """Return how many entries of all scopes have a word; of very many, that they are."""
    row = statements.one("memory_count", f'"{word}"', MOST_COUNTED)
    return 0 if row is None else row[0]
