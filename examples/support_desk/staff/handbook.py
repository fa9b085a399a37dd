"""What the staff know: the handbook, the phrasebook and the questions, read from their files."""

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

    @property
    def text(self) -> str:
        """All of it but the title."""
        return "\n\n".join(f"{each.heading}\n{each.text}" for each in self.sections)


class Message(TypedDict):
    """What a program is handed of a ticket."""

    subject: str
    body: str


@cache
def handbook() -> dict[str, HandbookPage]:
    """Return all pages by slug."""
    pages = (_page(path) for path in sorted((_HERE.parent / "handbook").glob("*.md")))
    return {page.slug: page for page in pages}


@cache
def known_messages() -> tuple[tuple[str, str], ...]:
    """Return what customers say, each with its label: the page that answers, or the category where no page does."""
    book = tomllib.loads((_HERE / "phrasebook.toml").read_text(encoding="utf-8"))
    phrases = (
        (category if slug == "none" else slug, line)
        for category, pages in book.items()
        for slug, lines in pages.items()
        for line in lines.splitlines()
    )
    asked = (json.loads(line) for line in (_HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    return (*phrases, *((each["page"] or each["category"], each["text"]) for each in asked))


def category_of(label: str) -> str:
    """Return the category of a label."""
    page = handbook().get(label)
    return page.category if page else label


def _page(path: Path) -> HandbookPage:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    known = dict(_FRONT.findall(front))
    first, *rest = re.split(r"^## ", body.split("\n", 3)[-1], flags=re.MULTILINE)
    sections = [Section("", first.partition("\n# ")[0].strip())]
    for each in rest:
        heading, _, text = each.partition("\n")
        sections.append(Section(heading.strip(), text.strip()))
    return HandbookPage(known["slug"], known["title"], known["category"], tuple(sections))
