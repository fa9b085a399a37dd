"""What is done about questions: they are asked, taken back, answered, talked about, given to people, and run out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.model.question import PersonAnswer, Question

if TYPE_CHECKING:
    from podium.model.inbox_book import Remark
    from podium.model.people import People


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Put a question into the inbox; one that takes over the answers to another may be answered at once."""

    question: Question
    keeps: str | None = None
    """The question whose answers count for it too."""
    budget: str | None = None
    """The budget that it asks about, if it does: people are asked once, and their answer is that to all who ask."""
    people: "People | None" = None
    """Those to one of whom it is given, where it is for any of them."""


@dataclass(frozen=True, slots=True)
class WithdrawQuestion:
    """Take a question back; nothing happens where it is no longer open."""

    id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One person's answer to a question."""

    question: str
    answer: PersonAnswer
    again: bool = False
    """Whether it may have been sent before: the same answer of the same person is the one that is there then."""


@dataclass(frozen=True, slots=True)
class KeepRemark:
    """Something that somebody says of a question, or that it is given to somebody; only this needs it to be open.

    DUPLICATE where there is one of this id, which stays as it is.
    """

    remark: "Remark"


@dataclass(frozen=True, slots=True)
class Expire:
    """The deadline of a question has passed."""

    question: str
