"""What the process that tells people has to know, and whoever does so after it."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from podium.model.json import Json

_FIRST_RETRY, _LAST_RETRY = 30.0, 3_600.0
_MOST_DOUBLED = 10
"""Seconds until a message is tried again that could not be sent, and how often they are doubled at most."""


class NoticeReason(StrEnum):
    """Why people are told of a question. Names are stored."""

    OPENED = "opened"
    ESCALATED = "escalated"
    """It was put to others before, who did not answer in time."""
    REMINDED = "reminded"
    ASSIGNED = "assigned"
    """It was given to somebody while it was open."""
    COMMENTED = "commented"
    """Somebody said something of it."""
    EXPIRES = "expires"
    """Its time is over soon."""


@dataclass(frozen=True, slots=True)
class NoticeAddress:
    """One address of one recipient."""

    tenant: str
    name: str
    """The person or group, as the settings call it; empty where it is for what is put to nobody in them."""
    address: str
    """A digest of the address as it stands in the settings."""


@dataclass(slots=True)
class PendingMail:
    """What is to be told there."""

    since: float
    """When the first of it came up."""
    questions: dict[str, NoticeReason] = field(default_factory=dict[str, NoticeReason])
    tries: int = 0
    """How often it was tried to send it."""
    not_before: float = 0.0

    @property
    def wait(self) -> float:
        """Seconds between the last try and the next: each time twice as many."""
        return min(_FIRST_RETRY * 2 ** min(self.tries - 1, _MOST_DOUBLED), _LAST_RETRY)


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """That people are told of a question later, if it is still open then."""

    question: str
    why: NoticeReason
    at: float
    n: int = 0
    """How often they were told for this reason before."""

    def following(self, every: float, now: float) -> "PlannedNotice":
        """Return when they are told next, after twice as long each time; what nobody told in time is passed over."""
        at, n = self.at, self.n
        while at <= now:
            n += 1
            at += every * 2**n
        return replace(self, at=at, n=n)


@dataclass(slots=True)
class NotifyMemory:
    """Up to where events were taken in, what is to be told of them, and what is to be told later."""

    position: int | None = None
    """None before the first look."""
    at: float = 0.0
    """When the last event was that was taken in."""
    pending: dict[NoticeAddress, PendingMail] = field(default_factory=dict[NoticeAddress, PendingMail])
    planned: list[PlannedNotice] = field(default_factory=list[PlannedNotice])

    @classmethod
    def read(cls, said: list[Json], /) -> Self:
        """Return what was kept."""
        if not said:
            return cls()
        position, at, pending, planned = said
        found: dict[NoticeAddress, PendingMail] = {}
        for box, since, told, tries, after in pending:
            questions = {name: NoticeReason(why) for name, why in told.items()}
            found[NoticeAddress(*box)] = PendingMail(since, questions, tries, after)
        return cls(position, at, found, [PlannedNotice(name, NoticeReason(why), *rest) for name, why, *rest in planned])

    def written(self) -> list[Json]:
        """Return what is to be kept."""
        pending = [
            [[box.tenant, box.name, box.address], mail.since, mail.questions, mail.tries, mail.not_before]
            for box, mail in self.pending.items()
        ]
        return [self.position, self.at, pending, [[each.question, each.why, each.at, each.n] for each in self.planned]]

    def add(self, box: NoticeAddress, question: str, why: NoticeReason, at: float) -> None:
        """Have a question told there with what else is; where it is to be already, it is so for the first reason."""
        self.pending.setdefault(box, PendingMail(at)).questions.setdefault(question, why)

    def forget(self, question: str) -> None:
        """Have a question told nowhere any more, and not later either."""
        self.planned = [each for each in self.planned if each.question != question]
        self.take_back(question)

    def take_back(self, question: str) -> None:
        """Have nobody told of a question who was not told yet."""
        for box in [box for box, mail in self.pending.items() if question in mail.questions]:
            del self.pending[box].questions[question]
            if not self.pending[box].questions:
                del self.pending[box]
