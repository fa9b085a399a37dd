"""An article goes from draft to review, by a person, and is printed or dropped; nothing else can happen to it.

podium run examples/teams/article.py --input '"Our street has forty trees. They were planted in 1911."'
podium inbox list
podium inbox answer QUESTION '"approve"' --by ada
podium runs signal RUN event '"release"'
podium run examples/teams/article.py --resume RUN
"""

import re
from dataclasses import dataclass
from typing import Literal

from podium import agent, human
from podium.patterns import Event, state_machine, transition

MOST_WORDS = 12
PASSIVE = re.compile(r"\b(?:was|were|been|being|is|are) (\w+ed)\b")


@dataclass(frozen=True, kw_only=True)
class Article:
    """A text, its marks, and how often it was written."""

    text: str
    marks: list[str]
    drafts: int = 0


@agent
def draft(data: Article | str, event: str | None = None) -> Event:
    """Write it; sent back, break what is too long into shorter sentences."""
    article = Article(text=data, marks=[]) if isinstance(data, str) else data
    text = (
        re.sub(r", (?:and|but|which) (\w)", lambda found: f". {found[1].upper()}", article.text)
        if event
        else article.text
    )
    return Event("submit", Article(text=text, marks=article.marks, drafts=article.drafts + 1))


@agent
def mark(data: Article) -> Article:
    """Mark for the editor what a reader may stumble over."""
    sentences = [each for each in re.split(r"(?<=[.?!]) +", data.text) if each]
    marks = [f"long: {each[:30]}…" for each in sentences if len(each.split()) > MOST_WORDS]
    marks += [f"passive: {found[0]}" for found in PASSIVE.finditer(data.text)]
    return Article(text=data.text, marks=marks, drafts=data.drafts)


@agent
def lay_out(data: Article) -> str:
    """Set the text for the printer."""
    lead, _, rest = data.text.partition(". ")
    return f"# {lead.removesuffix('.')}\n\n{rest}".rstrip() + "\n"


editor = human(
    "editors", text="Print it, send it back, or drop it?", answer=Literal["approve", "return", "reject"], name="editor"
)

article = state_machine(
    transition("draft", "check", on="submit"),
    transition("check", "review"),
    transition("review", "approved", on="approve"),
    transition("review", "draft", on="return"),
    transition("review", "rejected", on="reject"),
    transition("approved", "published", on="release"),
    start="draft",
    ends=["published", "rejected"],
    entry={"draft": draft, "check": mark, "review": editor, "published": lay_out},
    steps=20,
    name="article",
)
