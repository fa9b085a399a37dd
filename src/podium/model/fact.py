"""A line of the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from podium.model.facts.codec import read_content
from podium.model.facts.content import FactContent
from podium.model.facts.kind import FactKind
from podium.model.facts.runs import Started
from podium.model.json import Json, decode

__all__ = ["NOTHING", "Fact", "FactKind", "started_of"]

NOTHING = b"{}"
"""What a fact says that was emptied altogether."""


@dataclass(slots=True)
class Fact:
    """One thing that happened in a run. Facts are never changed."""

    seq: int
    """Place in the run's journal, from 0."""
    kind: FactKind
    key: str
    """The call, step or branch it is about; empty for the run itself."""
    at: float
    """Seconds since 1970, by the clock of whoever wrote it."""
    epoch: int
    """The ownership under which it was written."""
    text: bytes
    """What it says, as JSON text, as it is stored."""
    payload: bytes | None = None
    """The input or value it carries, as JSON text."""
    _content: FactContent | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def saying(
        cls, content: FactContent, *, seq: int = -1, key: str = "", at: float, epoch: int, payload: bytes | None = None
    ) -> Self:
        """Return a fact that says this; a place of -1 is none yet."""
        fact = cls(seq, content.fact_kind, key, at, epoch, content.encoded, payload)
        fact._content = content
        return fact

    @property
    def content(self) -> FactContent:
        """What it says: an instance of a class of `podium.model.facts`."""
        if self._content is None:
            self._content = read_content(self.kind, decode(self.text))
        return self._content

    @property
    def body(self) -> dict[str, Json]:
        """What it says, as JSON: for output."""
        return decode(self.text)

    def value(self) -> Json:
        """Return the payload as JSON."""
        return decode(self.payload)


def started_of(facts: Sequence[Fact]) -> Started:
    """Return what a run was started with, which its first fact says."""
    started = facts[0].content
    if not isinstance(started, Started):
        raise TypeError(f"expected the first fact of a run to be STARTED, got {facts[0].kind.name}")
    return started
