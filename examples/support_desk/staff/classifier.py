"""The classifier: naive Bayes over known messages and the handbook, and the signs that a person should see a ticket.

A program: a ticket comes in as JSON on standard input, its sorting goes out on standard output.
"""

import json
import math
import sys
from collections import Counter, defaultdict
from functools import cache

from staff.features import features
from staff.handbook import Message, category_of, handbook, known_messages
from staff.prepared import prepared
from staff.reading import complaints, main_question, orders, without_orders
from staff.shares import shares
from staff.words import words

_SMOOTHING = 0.1
_SHARPNESS = 2.0
_FEW = 3


def sort(ticket: Message) -> dict[str, object]:
    """Return the category of a ticket, the odds of each, and the signs that a person should see it."""
    message = f"{ticket['subject']}\n{without_orders(ticket['body'])}"
    odds = _odds(f"{ticket['subject']}\n{main_question(ticket['body'])}")
    upset = sorted(set(complaints(message)))
    signs = [f"complaint: {each}" for each in upset]
    ordered = orders(ticket["subject"] + "\n" + ticket["body"])
    if ordered:
        signs.append("order to the software")
    rest = words(without_orders(ticket["body"]))
    if len(rest) < _FEW or (ordered and len(rest) < 2 * _FEW):
        signs.append("nothing to answer")
        odds = dict.fromkeys(odds, 0.0) | {"other": 1.0}
    elif len(upset) > 1:
        odds = dict.fromkeys(odds, 0.0) | {"complaint": 1.0}
    return {"category": max(odds, key=lambda each: odds[each]), "odds": odds, "signs": signs}


def _odds(message: str) -> dict[str, float]:
    """Return the odds of each category: those of its pages, and of what no page answers, together."""
    counts = _counts()
    vocabulary = {feature for count in counts.values() for feature in count}
    told = [feature for feature in features(message) if feature in vocabulary]
    logs: dict[str, float] = {}
    for label, count in counts.items():
        total = sum(count.values()) + _SMOOTHING * len(vocabulary)
        logs[label] = sum(math.log((count.get(feature, 0) + _SMOOTHING) / total) for feature in told)
    odds = defaultdict[str, float](float)
    for label, share in shares(logs, _SHARPNESS).items():
        odds[category_of(label)] += share
    return dict(odds)


@cache
def _counts() -> dict[str, dict[str, int]]:
    return prepared("counts", _count)


def _count() -> dict[str, dict[str, int]]:
    counts = defaultdict[str, Counter[str]](Counter)
    for label, text in known_messages():
        counts[label].update(features(text))
    for page in handbook().values():
        counts[page.slug].update(features(f"{page.title}\n" * 2))
        for section in page.sections:
            counts[page.slug].update(features(f"{page.title}\n{section.heading}\n{section.text}"))
    return {label: dict(count) for label, count in counts.items()}


if __name__ == "__main__":
    json.dump(sort(json.load(sys.stdin)), sys.stdout)
