"""The knowledge agent: finds the pages of the handbook that may answer a ticket.

A program: a ticket comes in as JSON on standard input, its finding goes out on standard output.
"""

import json
import re
import sys
from collections import defaultdict
from itertools import pairwise

from staff.handbook import Message, handbook, past_tickets
from staff.reading import sentences, without_orders
from staff.search import Field, Index
from staff.words import words

_SHOWN = 5
_SHARPNESS = 3.0
_SECOND = re.compile(
    r"\b(secondly|second question|another (thing|question)|something else|completely different|on another note|one more"
    r"|zweitens|noch eine|noch was|andere frage)\b|\b2\)|^2\. |^p\.?s\.",
    re.IGNORECASE,
)


def find(ticket: Message) -> dict[str, object]:
    """Return the best pages for a ticket, and how much of its message the first one knows."""
    index = _index(ticket)
    query, parts = _query(ticket)
    scores = index.search(query)
    nearest = defaultdict[str, float](float)
    for part in parts:
        for slug, score in index.search(part).items():
            nearest[slug] = max(nearest[slug], score)
    scores = {slug: score + nearest[slug] / 2 for slug, score in scores.items()}
    best = sorted(scores, key=lambda slug: -scores[slug])
    top = scores[best[0]]
    whole = sum((score / top) ** _SHARPNESS for score in scores.values()) if top else 1.0
    telling = sum(weight * max(index.idf(word), 1.0) for word, weight in query.items() if "_" not in word)
    alone = {word: weight for word, weight in query.items() if "_" not in word}
    covered = index.search(alone)[best[0]] / telling if telling else 0.0
    pages = handbook()
    shown = [
        {
            "slug": slug, "title": pages[slug].title, "category": pages[slug].category,
            "score": (scores[slug] / top) ** _SHARPNESS / whole,
        }
        for slug in best[:_SHOWN]
        if scores[slug] > 0
    ]  # fmt: skip
    return {"pages": shown, "coverage": covered}


def _index(ticket: Message) -> Index:
    documents: dict[str, list[Field]] = {}
    for slug, page in handbook().items():
        headings = f"{page.title}\n{page.title}\n" + "\n".join(each.heading for each in page.sections)
        said = [term for line in page.phrases for term in _terms(line)]
        documents[slug] = [Field(_terms(page.text), 0.75), Field(_terms(headings), 1.0), Field(said, 2.0)]
    others = [past for past in past_tickets() if past.body != ticket["body"]]
    return Index(documents, [_terms(f"{past.subject}\n{without_orders(past.body)}") for past in others])


def _query(ticket: Message) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Return the weighted words of the message, and those of each two sentences in a row."""
    query: dict[str, float] = dict.fromkeys(_terms(ticket["subject"]), 1.3)
    weight = 1.0
    said: list[dict[str, float]] = [dict.fromkeys(query, 1.0)]
    for sentence in sentences(without_orders(ticket["body"])):
        if _SECOND.search(sentence):
            weight = 0.4  # the first question counts
        terms = _terms(sentence)
        for term in terms:
            query[term] = max(query.get(term, 0.0), weight * (1.3 if "?" in sentence else 1.0))
        said.append(dict.fromkeys(terms, weight))
    return query, [{**a, **b} for a, b in pairwise(said)]


def _terms(text: str) -> list[str]:
    """Return the words of a text, and each two that stand next to each other or have one between them."""
    single = words(text)
    pairs = [*pairwise(single), *zip(single, single[2:], strict=False)]
    return single + [f"{a}_{b}" for a, b in pairs]


if __name__ == "__main__":
    json.dump(find(json.load(sys.stdin)), sys.stdout)
