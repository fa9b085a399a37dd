"""Vectors of texts, near one another where the texts mean nearly the same."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Protocol

from podium.errors import BadAnswer
from podium.model.expected import has, or_none
from podium.model.json import Json, is_object
from podium.model.prices import Rates


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What an embedder gave: a vector for each text, and how many tokens it read, where that costs money."""

    vectors: Sequence[Sequence[float]]
    input_tokens: int = 0


class Embedder(Protocol):
    """Whoever turns texts into vectors."""

    @property
    def name(self) -> str:
        """The model and whatever else its vectors depend on; stored with them, so that no two are mixed."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return a vector for each text. What it raises is a failure of the call, like that of any agent."""
        ...

    def usd(self, tokens: int, rates: Rates) -> float | None:
        """Return what so many tokens cost in US dollars, 0 where it is free, None where that is not known."""
        ...


EMBEDDER = has("an embedder, such as wordllama_embedder()", "embed", "usd")
AN_EMBEDDER = or_none(EMBEDDER)


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector of length 1, so that the similarity of two is their product; all 0 where there was no text."""

    embedder: str
    """Whose it is, with its dimensions: only vectors of one embedder can be compared."""
    numbers: bytes
    """32-bit floats, the lowest byte first."""

    @property
    def floats(self) -> tuple[float, ...]:
        """Its numbers."""
        return struct.unpack(f"<{len(self.numbers) // 4}f", self.numbers)


def embedder_id(embedder: Embedder) -> str:
    """Return what is stored with the vectors of an embedder."""
    return f"{embedder.name} ({embedder.dimensions})"


def embedder_asked(input: Json) -> str | None:
    """Return the name of the embedder that a step asks, by its input; None where it asks none."""
    asked = input.get("embedder") if is_object(input) else None
    return asked.rpartition(" (")[0] if isinstance(asked, str) else None


def vector_of(embedder: Embedder, numbers: Sequence[float]) -> Vector:
    """Return a vector of length 1; raises BadAnswer for one that is none, or of another length."""
    if len(numbers) != embedder.dimensions:
        raise BadAnswer(
            f"{embedder.name} gave a vector of {len(numbers)} numbers; expected {embedder.dimensions}, as it says"
        )
    size = sqrt(sum(each * each for each in numbers))
    if not isfinite(size):
        raise BadAnswer(f"{embedder.name} gave a vector with numbers that are not finite")
    return Vector(embedder_id(embedder), _packed([each / (size or 1.0) for each in numbers]))


def similarity(one: Vector, other: Vector) -> float:
    """Return the cosine of the angle between two vectors of one embedder: 1 is the same direction."""
    return sum(a * b for a, b in zip(one.floats, other.floats, strict=True))


def _packed(numbers: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


async def vectors_of(embedder: Embedder, texts: Sequence[str]) -> tuple[list[Vector], int]:
    """Return a vector for each text, and the tokens that this took; nothing is asked about a text that is empty."""
    asked = [text for text in texts if text.strip()]
    said = await embedder.embed(asked) if asked else Embeddings(())
    if len(said.vectors) != len(asked):
        raise BadAnswer(f"{embedder.name} gave {len(said.vectors)} vectors for {len(asked)} texts")
    found = iter([vector_of(embedder, each) for each in said.vectors])
    nothing = Vector(embedder_id(embedder), bytes(4 * embedder.dimensions))
    return [next(found) if text.strip() else nothing for text in texts], said.input_tokens
