"""What of a question is looked for, and how that which several searches found is merged."""

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_WORD = re.compile(r"\w+")
_DAMPING = 2
"""How little the first places of one list outweigh those in the middle of both.

The paper's 60 is for lists of a thousand; this is what is best on the questions to choose on of `benchmarks.memory`."""
_STEM = 5
"""Words of so many letters and more count as the same where their beginnings are."""
_ENDING = 3
"""So many letters at the end of such a word do not count, but four at its beginning always do."""
_SHARE = 0.5
_SAY_LITTLE = frozenset({
    "a", "about", "all", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did",
    "do", "does", "for", "from", "get", "had", "has", "have", "he", "her", "here", "him", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "just", "may", "me", "more", "must", "my", "no", "not", "of", "on", "or",
    "our", "out", "shall", "she", "should", "so", "some", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "to", "too", "up", "us", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your"
})  # fmt: skip
"""English words of which nobody looks for one."""


def words_of_question(question: str) -> list[str]:
    """Return the words that are looked for, each once: without those that say little, unless there are no others."""
    words = [*dict.fromkeys(_WORD.findall(question.lower()))]
    return [word for word in words if word not in _SAY_LITTLE] or words


def holds_much(text: str, words: Sequence[str]) -> bool:
    """Whether a text has at least half of these words, whatever their endings."""
    held = set(_WORD.findall(text.lower()))
    return sum(_holds(held, word) for word in words) >= _SHARE * len(words)


def _holds(held: set[str], word: str) -> bool:
    if word in held:
        return True
    begins = word[: max(_STEM - 1, len(word) - _ENDING)]
    return len(word) >= _STEM and any(each.startswith(begins) for each in held)


def fused(*rankings: Sequence[T], limit: int) -> list[T]:
    """Return the best of several lists, each best first: what stands high in more than one comes first.

    Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009): each place r of a list adds 1 / (2 + r).
    """
    scores = defaultdict[T, float](float)
    for ranking in rankings:
        for place, each in enumerate(ranking, start=1):
            scores[each] += 1 / (_DAMPING + place)
    return sorted(scores, key=lambda each: -scores[each])[:limit]
