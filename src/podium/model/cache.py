"""Answers that are kept, to be given again to whoever asks the same."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from podium.model.json import Json


class CacheKey(NamedTuple):
    """What was asked of whom; the same question has the same answer. A tuple, since it is looked up often."""

    agent: str
    version: str
    tenant: str
    digest: str
    """SHA-256 of the input, in hexadecimal digits."""


@dataclass(slots=True)
class CacheEntry:
    """An answer, and where it was first given. Not changed after it is made."""

    value: Json
    run: str
    key: str


class AnswerCache(Protocol):
    """Where answers are kept, for all runs and processes of a store; `Keep` is how they come there."""

    async def get(self, question: CacheKey, now: float) -> CacheEntry | None:
        """Return the answer to a question, unless it is too old."""
        ...

    async def forget(self, run: str) -> None:
        """Forget all that a run was answered."""
        ...
