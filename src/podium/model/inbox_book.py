"""What a store keeps of questions beside what runs ask and people answer: what is said of them, and who is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from podium.model.people import PeopleNow


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that somebody says of a question, or that it is given to somebody. It answers nothing."""

    id: str
    question: str
    by: str
    at: float
    text: str
    """What is said; of what gives the question to somebody, why."""
    assignee: str | None = None
    """To whom it is given by this, if it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """That somebody is away; the last one that was noted of a person counts."""

    id: str
    person: str
    until: float
    """Seconds since 1970. One that is over says that they are back."""
    at: float
    by: str
    tenant: str = "default"


class InboxBook(Protocol):
    """What is said of questions, which `KeepRemark` has kept, and who is away. Every store brings one."""

    async def remarks(self, question: str) -> Sequence[Remark]:
        """Return what was said of a question, the oldest first."""
        ...

    async def note_absence(self, absence: Absence) -> None:
        """Note that somebody is away, or back, and enter it in the ledger."""
        ...

    async def absences(self, tenant: str, at: float) -> Sequence[Absence]:
        """Return who of a tenant is away at a time, those first who are back first."""
        ...

    async def now(self, tenant: str, at: float) -> PeopleNow:
        """Return what decides beside hours who of a tenant can answer at a time."""
        ...
