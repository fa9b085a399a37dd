"""Answers that are kept, in the store's own tables."""

from podium.model.cache import CacheEntry, CacheKey, Meaning
from podium.store.codec import decode
from podium.store.keeping import KeepAnswer
from podium.store.tables.statements import Row, Statements, Tables, first
from podium.store.tables.vectors import VectorIndex, alone_with_vectors, signs_of

_LOOKED_AT = 64
"""How many others are looked at with one answer in sixteen: a store holds at most about a third more than is of use."""


class TableAnswerCache:
    """Looked up at once, where that takes microseconds; by meaning, and forgotten, in a thread."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._index = VectorIndex("kept")

    async def get(self, question: CacheKey, now: float) -> CacheEntry | None:
        """Return the answer to a question, unless it is too old."""
        asked = (question.digest, question.agent, question.version, question.tenant, now)
        row = first(await self._tables.quickly("kept_get", *asked))
        return None if row is None else CacheEntry(decode(row[0]), *row[1:])

    async def nearest(self, meaning: Meaning, above: float, now: float) -> CacheEntry | None:
        """Return the answer to the question that is nearest, of those that are at least so near and not too old."""

        def work(statements: Statements) -> list[tuple[Row, float]]:
            return self._index.nearest(
                statements, (meaning.among,), meaning.vector, limit=1,
                row=lambda v: statements.one("kept_by_v", v, now),
            )  # fmt: skip

        found = await self._tables.read_in_thread(work)
        if not found or found[0][1] < above:
            return None
        row, similarity = found[0]
        return CacheEntry(decode(row[0]), *row[1:], similarity=min(similarity, 1.0))

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered, with the vectors of what it asked."""
        await self._tables.write_in_thread(lambda s: s.do("kept_forget", run))


def keep(statements: Statements, wanted: KeepAnswer) -> None:
    """Keep an answer, in the transaction that there is, and now and then forget some that are too old.

    Digests are as good as random. So one answer in sixteen is enough to look at those that follow it, each of these is
    looked at as often as any other, and no index has to be kept of when they grow old.
    """
    digest, whose, meaning = wanted.digest, (wanted.agent, wanted.version, wanted.tenant), wanted.meaning
    statements.do("kept_put", digest, *whose, wanted.until, wanted.run, wanted.key, wanted.value, wanted.usd)
    if meaning is not None:
        alone_with_vectors(statements, f"of answers {meaning.among}")
        signs, numbers = signs_of(meaning.vector), meaning.vector.numbers
        statements.do("kept_vector_put", digest, *whose, meaning.among, signs, numbers)
        statements.do("kept_bound", *whose, wanted.most)
    if digest.endswith("0"):
        statements.do("kept_expire", digest, wanted.now, _LOOKED_AT)
