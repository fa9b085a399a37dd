"""The classifier: naive Bayes over the phrasebook and the tickets for building, and the signs of a complaint.

A program: a ticket comes in as JSON on standard input, its sorting goes out on standard output.
"""

import json
import math
import sys
from collections import Counter
from typing import TypeAlias

from staff.handbook import Message, handbook, past_tickets, phrasebook
from staff.reading import complaints, orders, without_orders
from staff.words import words

Examples: TypeAlias = dict[str, list[list[str]]]
_SMOOTHING = 0.3
_SHARPNESS = 0.35
"""Naive Bayes is too sure of itself, since words come in company: its odds are flattened by this power."""
_FEW = 3
_LONGEST = 150
"""Words that are taken of a past ticket."""


def sort(ticket: Message) -> dict[str, object]:
    """Return the category of a ticket, the odds of each, and the signs that a person should see it."""
    message = f"{ticket['subject']}\n{without_orders(ticket['body'])}"
    told = words(message)
    odds = _odds(told, _examples(ticket))
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


def _odds(told: list[str], examples: Examples) -> dict[str, float]:
    counts = {category: Counter(word for lines in lists for word in lines) for category, lists in examples.items()}
    vocabulary = {word for count in counts.values() for word in count}
    known = [word for word in dict.fromkeys(told) if word in vocabulary]
    logs: dict[str, float] = {}
    for category, count in counts.items():
        total = sum(count.values()) + _SMOOTHING * len(vocabulary)
        logs[category] = sum(math.log((count[word] + _SMOOTHING) / total) for word in known) * _SHARPNESS
    top = max(logs.values())
    weights = {category: math.exp(value - top) for category, value in logs.items()}
    return {category: weight / sum(weights.values()) for category, weight in weights.items()}


def _examples(ticket: Message) -> Examples:
    """Return words known to go with each category. A ticket is no example for itself."""
    examples: Examples = {}
    for category, pages in phrasebook().items():
        examples[category] = [words(line) for lines in pages.values() for line in lines]
    for page in handbook().values():
        examples[page.category].append(words(page.title))
    for past in past_tickets():
        if past.body != ticket["body"]:
            examples[past.category].append(words(f"{past.subject}\n{without_orders(past.body)}")[:_LONGEST])
    return examples


if __name__ == "__main__":
    json.dump(sort(json.load(sys.stdin)), sys.stdout)
