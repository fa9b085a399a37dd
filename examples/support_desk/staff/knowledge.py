"""The knowledge agent: finds the pages of the handbook that may answer a ticket.

A program: a ticket comes in as JSON on standard input, its finding goes out on standard output.
"""

import json
import sys
from collections import defaultdict
from functools import cache

from staff.features import terms
from staff.handbook import Message, handbook, known_messages
from staff.nearest import Nearest, learn
from staff.prepared import prepared
from staff.reading import main_question
from staff.search import Field, Index, Weights, weigh
from staff.shares import shares, standardised
from staff.words import words

_SHOWN = 5
_SHARPNESS = 1.5


def find(ticket: Message) -> dict[str, object]:
    """Return the best pages for a ticket, the odds that none answers, and how much of it the first page knows."""
    index, pages = _index(), handbook()
    message = f"{ticket['subject']}\n{main_question(ticket['body'])}"
    found = standardised(index.search(dict.fromkeys(terms(message), 1.0)))
    alike = standardised(_nearest().scores(message))
    odds = shares({label: score + alike[label] for label, score in found.items()}, _SHARPNESS)
    best = sorted(pages, key=lambda slug: -odds[slug])[:_SHOWN]
    shown = [
        {"slug": slug, "title": pages[slug].title, "category": pages[slug].category, "score": odds[slug]}
        for slug in best
    ]
    beyond = {label: share for label, share in odds.items() if label not in pages}
    return {"pages": shown, "beyond": beyond, "coverage": _coverage(index, message, best[0])}


def _coverage(index: Index, message: str, slug: str) -> float:
    told = dict.fromkeys(words(message), 1.0)
    telling = sum(max(index.idf(word), 1.0) for word in told)
    return index.search(told)[slug] / telling if telling else 0.0


@cache
def _index() -> Index:
    return Index(prepared("search", _weigh))


def _weigh() -> Weights:
    said = defaultdict[str, list[str]](list)
    for label, text in known_messages():
        said[label].extend(terms(text))
    documents = {label: [Field(each, 2.0)] for label, each in said.items()}
    for slug, page in handbook().items():
        headings = f"{page.title}\n{page.title}\n" + "\n".join(each.heading for each in page.sections)
        documents[slug] += [Field(terms(page.text), 0.75), Field(terms(headings), 1.0)]
    return weigh(documents)


@cache
def _nearest() -> Nearest:
    return Nearest(*prepared("nearest", lambda: learn(known_messages())))


if __name__ == "__main__":
    json.dump(find(json.load(sys.stdin)), sys.stdout)
