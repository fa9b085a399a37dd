"""Finding entries of the memory by their words, quickly where many have them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from podium.store.tables.statements import Statements

_RANKED = 4_000
"""About so many entries are ranked: those with the rarest words of the question."""
_MORE = 4
"""So many times as many, as long as too few of the scope are among them."""
MOST_COUNTED = _RANKED * _MORE
"""Of a word that more entries have it is enough to know that they are very many."""

MemoryRow = tuple[str | bytes, bytes, int, float, float | None]
"""Key, value, version, time, and until when it lasts."""


class WordIndex(Protocol):
    """The words of the memory's entries."""

    def put(self, statements: Statements, n: int, text: str, *, exists: bool) -> None:
        """Have an entry found by the words of a text, in place of those by which it is if it `exists`."""
        ...

    def search(
        self, statements: Statements, scope: str, words: Sequence[str], *, limit: int, now: float
    ) -> list[MemoryRow]:
        """Return the entries that have any of the words, best first."""
        ...

    def merge(self, statements: Statements, *, begin: bool) -> bool:
        """Forget the words of what is gone, a part at each call until there is no more to do; the first is to `begin`.

        Returns whether there was something to do.
        """
        ...


def growing(words: Sequence[str], count: Callable[[str], int]) -> Iterator[Sequence[str]]:
    """Yield the rarest words, then with them more and more of the others, up to all.

    `count` says how many entries have a word. Where more entries have them than can be ranked in a few milliseconds,
    those with the rarest of the words come first, and others are looked at only if these are too few: what is
    everywhere says little of what is wanted.
    """
    counted = sorted((count(word), word) for word in words) if len(words) > 1 else [(1, word) for word in words]
    known = [(count, word) for count, word in counted if count]
    room, total = _RANKED, 0
    for place, (count_of_word, _) in enumerate(known):
        if total and total + count_of_word > room:
            yield [word for _, word in known[:place]]
            room = _MORE * (total + count_of_word)
        total += count_of_word
    if known:
        yield [word for _, word in known]
