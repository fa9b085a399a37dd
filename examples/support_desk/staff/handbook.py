"""What the staff know: the handbook, the phrasebook and past tickets, read from their files."""

import json
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

_HERE = Path(__file__).parent
_FRONT = re.compile(r"^(\w+): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a page, and what stands under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class HandbookPage:
    """A page of the handbook."""

    slug: str
    title: str
    category: str
    sections: tuple[Section, ...]
    phrases: tuple[str, ...]
    """How customers put what it answers."""

    @property
    def text(self) -> str:
        """All of it but the title."""
        return "\n\n".join(f"{each.heading}\n{each.text}" for each in self.sections)


class Message(TypedDict):
    """What a program is handed of a ticket."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class PastTicket:
    """A ticket of the half that is for building, and how it was labelled."""

    subject: str
    body: str
    category: str


@cache
def handbook() -> dict[str, HandbookPage]:
    """Return all pages by slug."""
    said = {slug: lines for pages in phrasebook().values() for slug, lines in pages.items()}
    pages = (_page(path, said) for path in sorted((_HERE.parent / "handbook").glob("*.md")))
    return {page.slug: page for page in pages}


@cache
def phrasebook() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return how customers put things, by category and page."""
    text = (_HERE / "phrasebook.toml").read_text(encoding="utf-8")
    return {
        category: {slug: tuple(lines.split("\n")[:-1]) for slug, lines in pages.items()}
        for category, pages in tomllib.loads(text).items()
    }


@cache
def past_tickets() -> tuple[PastTicket, ...]:
    """Return the tickets from which the staff may learn."""
    lines = (_HERE.parent / "tickets" / "build.jsonl").read_text(encoding="utf-8").splitlines()
    known = (json.loads(line) for line in lines)
    return tuple(PastTicket(each["subject"], each["body"], each["category"]) for each in known)


def _page(path: Path, said: dict[str, tuple[str, ...]]) -> HandbookPage:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    known = dict(_FRONT.findall(front))
    first, *rest = re.split(r"^## ", body.split("\n", 3)[-1], flags=re.MULTILINE)
    sections = [Section("", first.partition("\n# ")[0].strip())]
    for each in rest:
        heading, _, text = each.partition("\n")
        sections.append(Section(heading.strip(), text.strip()))
    return HandbookPage(known["slug"], known["title"], known["category"], tuple(sections), said[known["slug"]])
