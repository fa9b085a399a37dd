"""`HashedEmbedder`: vectors without a model, the same on every machine."""

import re
from collections.abc import Sequence
from zlib import crc32

from podium.model.embedding import Embeddings
from podium.model.prices import Rates

_WORD = re.compile(r"\w+")
_LETTERS = 3


class HashedEmbedder:
    """An embedder for tests: texts are near that share words, or parts of words. It knows no meaning.

    Each word, and each three letters in a row, adds 1 or -1 to one of the numbers, as their CRC-32 says. So "refund" is
    near "refunded" and "refunds", and as far from "money back" as from anything else.
    """

    def __init__(self, dimensions: int = 256) -> None:
        self.name = "hashed words"
        self.dimensions = dimensions
        self.asked: list[str] = []
        """All texts that were embedded, in order."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector for each text."""
        self.asked.extend(texts)
        return Embeddings([self._vector(text) for text in texts])

    def usd(self, tokens: int, rates: Rates) -> float | None:
        """Return 0: it is computed here."""
        return 0.0

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for word in _WORD.findall(text.lower()):
            padded = f"<{word}>"
            for part in (word, *(padded[place : place + _LETTERS] for place in range(len(padded) - _LETTERS + 1))):
                hashed = crc32(part.encode())
                vector[hashed % self.dimensions] += 1.0 if hashed >> 31 else -1.0
        return vector
