"""The words of the memory's entries in PostgreSQL, which has full-text search, but does not rank by BM25."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from podium.store.postgres.columns import Floats, Ints, Texts
from podium.store.tables.statements import Statements
from podium.store.tables.words import MOST_COUNTED, MemoryRow, growing

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 200
"""Of longer words so many letters count."""
_LEAST_WEIGHT = 1e-6


class WordTable:
    """The words in a table, cut and ranked as SQLite's FTS5 does (tokenizer unicode61 without diacritics)."""

    def put(self, statements: Statements, n: int, text: str, *, exists: bool) -> None:
        """Have an entry found by the words of a text, in place of those by which it is if it `exists`."""
        if exists:
            statements.do("memory_words_delete", n)
        times = Counter(words_in(text))
        statements.do("memory_words_put", n, Texts(times), Ints(times.values()))
        statements.do("memory_length_put", times.total(), n)

    def search(
        self, statements: Statements, scope: str, words: Sequence[str], *, limit: int, now: float
    ) -> list[MemoryRow]:
        """Return the entries that have any of the words, best first; a word of several parts counts as these."""
        parts = [*dict.fromkeys(part for word in words for part in words_in(word))]
        if not parts:
            return []
        counts = {part: _count(statements, part) for part in parts}
        entries, length = statements.all("memory_lengths")[0]
        rows: list[MemoryRow] = []
        for some in growing(parts, counts.__getitem__):
            weights = [_weight(entries, counts[part]) for part in some]
            rows = statements.all("memory_search", Texts(some), Floats(weights), scope, length, now, limit)
            if len(rows) >= limit:
                break
        return rows

    def merge(self, statements: Statements, *, begin: bool) -> bool:
        """Do nothing: the words of what is gone are deleted with it."""
        del statements, begin
        return False


def words_in(text: str) -> list[str]:
    """Return the words of a text: without case and diacritics."""
    plain = "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))
    return [word[:_LONGEST] for word in _WORD.findall(plain)]


def _weight(entries: int, having: int) -> float:
    """Return how much a word weighs that so many of all entries have."""
    weight = math.log((entries - having + 0.5) / (having + 0.5)) if having <= entries else 0.0
    return max(weight, _LEAST_WEIGHT)


def _count(statements: Statements, word: str) -> int:
    """Return how many entries of all scopes have a word; of very many, that they are."""
    row = statements.one("memory_count", word, MOST_COUNTED)
    return 0 if row is None else row[0]
