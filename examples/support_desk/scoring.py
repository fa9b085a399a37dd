"""Scores the desk against the labels of the tickets, beside three baselines. Prints sums alone, never a ticket."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.agents.shape import shape_of
from staff import classifier, knowledge
from staff.handbook import Message, handbook
from staff.papers import Case, Finding, Review, Sorting, Ticket
from staff.quality import check
from staff.responder import respond
from staff.search import Field, Index, weigh
from staff.words import words

TICKETS = Path(__file__).parent / "tickets"


@dataclass(frozen=True, slots=True)
class Label:
    """What the authors of a ticket say it is about."""

    id: str
    text: str
    category: str
    page: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What somebody made of a ticket."""

    category: str
    page: str | None
    asked: bool
    """A person was asked, so nothing wrong went out."""


@dataclass(frozen=True, slots=True)
class Score:
    """How often somebody was right, of how many."""

    of: int
    category: int
    page: int
    wrong: int
    """Answered wrongly without asking a person."""
    alone: int
    """Answered without asking a person."""


def labels(half: str) -> list[Label]:
    """Return the labels of `build` or `scored`."""
    lines = (TICKETS / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    known = (json.loads(line) for line in lines)
    return [Label(each["id"], f"{each['subject']}\n{each['body']}", each["category"], each["page"]) for each in known]


def pile() -> list[dict[str, str]]:
    """Return all tickets as they come in: without labels."""
    lines = [
        line for half in ("build", "scored") for line in (TICKETS / f"{half}.jsonl").read_text("utf-8").splitlines()
    ]
    known = (json.loads(line) for line in lines)
    return [{"id": each["id"], "subject": each["subject"], "body": each["body"]} for each in known]


def score(known: Sequence[Label], outcomes: Mapping[str, Outcome]) -> Score:
    """Compare outcomes with labels. A page is right too where none was named and there is none."""
    pairs = [(label, outcomes[label.id]) for label in known]
    return Score(
        of=len(pairs),
        category=sum(outcome.category == label.category for label, outcome in pairs),
        page=sum(outcome.page == label.page for label, outcome in pairs),
        wrong=sum(not outcome.asked and outcome.page != label.page for label, outcome in pairs),
        alone=sum(not outcome.asked for _, outcome in pairs),
    )


def majority(known: Iterable[Label]) -> Callable[[Label], Outcome]:
    """Return the baseline that always says what is most frequent."""
    several = list(known)
    category = Counter(label.category for label in several).most_common(1)[0][0]
    page = Counter(label.page for label in several).most_common(1)[0][0]
    return lambda _: Outcome(category, page, asked=page is None)


def plain_search(told: Callable[[str], Sequence[str]], *, mending: bool) -> Callable[[Label], Outcome]:
    """Return the baseline that answers every ticket with the first hit of BM25 over the handbook's pages.

    `told` makes words of a text; with `mending`, typing errors are put right.
    """
    pages = handbook()
    documents = {slug: [Field(told(f"{page.title}\n{page.text}"))] for slug, page in pages.items()}
    index = Index(weigh(documents), mending=mending)

    def answer(label: Label) -> Outcome:
        scores = index.search(dict.fromkeys(told(label.text), 1.0))
        best = max(scores, key=lambda slug: scores[slug])
        return Outcome(pages[best].category, best, asked=False)

    return answer


def raw_words(text: str) -> list[str]:
    """Return the words of a text as they are but for capitals: no stems, synonyms, stop words or glossary."""
    return re.findall(r"\w+", text.lower())


def table(known: Sequence[Label], desk: Mapping[str, Outcome]) -> list[str]:
    """Return the summary: the desk beside the baselines."""
    common = majority(labels("build"))
    plain, told = plain_search(raw_words, mending=False), plain_search(words, mending=True)
    rows = [
        ("the desk", score(known, desk)),
        ("plain BM25", score(known, {label.id: plain(label) for label in known})),
        ("BM25, our words", score(known, {label.id: told(label) for label in known})),
        ("majority class", score(known, {label.id: common(label) for label in known})),
    ]
    head = f"{'':16}{'category right':>16}{'page right':>14}{'answered alone':>16}{'of these wrong':>16}"
    return [head, *(_row(name, each) for name, each in rows)]


def _row(name: str, result: Score) -> str:
    category, page = (f"{part} ({part / result.of:.0%})" for part in (result.category, result.page))
    return f"{name:16}{category:>16}{page:>14}{result.alone:>16}{result.wrong:>16}"


def judged(known: Sequence[Label]) -> dict[str, Outcome]:
    """Return what the desk makes of tickets, without a run: the same agents, one after the other."""
    outcomes: dict[str, Outcome] = {}
    for label in known:
        subject, _, body = label.text.partition("\n")
        ticket = Ticket(id=label.id, subject=subject, body=body)
        message = Message(subject=subject, body=body)
        sorting = shape_of(Sorting).load(classifier.sort(message))
        case = Case(ticket=ticket, sorting=sorting, finding=shape_of(Finding).load(knowledge.find(message)))
        draft = respond(case)
        outcomes[label.id] = Outcome(draft.category, draft.page, asked=not check(Review(case=case, draft=draft)).send)
    return outcomes


if __name__ == "__main__":
    half = labels(sys.argv[1] if len(sys.argv) > 1 else "build")
    print("\n".join(table(half, judged(half))))
