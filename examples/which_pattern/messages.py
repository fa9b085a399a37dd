"""The task: short messages of customers of a made-up product, and the handbook page that answers each.

They are the support desk's 534 questions, our own and made up; 44 of them no page answers.
"""

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DESK = Path(__file__).parents[1] / "support_desk"
NO_PAGE = "none"
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody asks, and the page that answers it; the number is its line in the file, from 0."""

    number: int
    text: str
    page: str

    @property
    def fold(self) -> int:
        """The part to which it belongs: nobody who is measured on it has learnt from it."""
        return self.number % FOLDS


def messages() -> list[Message]:
    """Return all messages in the order of the file."""
    lines = (DESK / "staff" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    known = [json.loads(line) for line in lines]
    return [
        Message(number=number, text=each["text"], page=each["page"] or NO_PAGE) for number, each in enumerate(known)
    ]


def split(known: Iterable[Message], fold: int) -> tuple[list[Message], list[Message]]:
    """Return what is outside of a fold, to learn from, and what is in it, to be measured on."""
    several: Sequence[Message] = list(known)
    return [each for each in several if each.fold != fold], [each for each in several if each.fold == fold]


@cache
def handbook() -> dict[str, str]:
    """Return the text of each page of the handbook, without its head."""
    pages = sorted((DESK / "handbook").glob("*.md"))
    return {page.stem: page.read_text(encoding="utf-8").split("---\n", 2)[2] for page in pages}


@cache
def sections() -> list[tuple[str, str]]:
    """Return each section of the handbook with its page; what stands before the first heading is one too."""
    return [(page, section) for page, text in handbook().items() for section in text.split("\n## ")]


@cache
def phrasebook() -> list[tuple[str, str]]:
    """Return what customers say by the desk's phrasebook, each with its page; it was made without the messages."""
    book = tomllib.loads((DESK / "staff" / "phrasebook.toml").read_text(encoding="utf-8"))
    return [
        (NO_PAGE if page == "none" else page, line)
        for pages in book.values()
        for page, lines in pages.items()
        for line in lines.splitlines()
    ]
