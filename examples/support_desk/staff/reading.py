"""Reads a message: its sentences, without orders to the software, and the signs that a person should see it."""

import re
import tomllib
from pathlib import Path

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_LEXICON = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))
_ORDER = re.compile("|".join(_LEXICON["orders"]), re.IGNORECASE)
_COMPLAINT = re.compile("|".join(_LEXICON["complaints"]), re.IGNORECASE)
_CLOSE = re.compile(rf"^(kind|best|warm|many)?\s*({'|'.join(_LEXICON['closings'])})", re.IGNORECASE)
_SECOND = re.compile(
    r"\b(secondly|second question|another (thing|question)|something else|completely different|on another note|one more"
    r"|zweitens|noch eine|noch was|andere frage)\b|\b2\)|^2\. |^p\.?s\.",
    re.IGNORECASE,
)
_GERMAN = frozenset(_LEXICON["german"].split())


def sentences(text: str) -> list[str]:
    """Return the sentences of a message in order."""
    return [each.strip() for each in _SENTENCE.split(text) if each and each.strip()]


def orders(text: str) -> list[str]:
    """Return the sentences that try to give orders to the software; they are never followed."""
    return [each for each in sentences(text) if _ORDER.search(each)]


def without_orders(text: str) -> str:
    """Return the message without sentences that order the software about, and without greeting and signature."""
    kept: list[str] = []
    for each in sentences(text):
        if _ORDER.search(each):
            continue
        if _CLOSE.match(each) and len(each.split()) < 6 and len(kept) > 1:
            break
        kept.append(each)
    return "\n".join(kept)


def main_question(text: str) -> str:
    """Return the message as `without_orders` does, up to where a second question begins: the first one counts."""
    several = without_orders(text).split("\n")
    end = next((at for at, each in enumerate(several) if at and _SECOND.search(each)), len(several))
    return "\n".join(several[:end])


def complaints(text: str) -> list[str]:
    """Return the words by which the sender asks for a person in charge, an apology or compensation, or threatens."""
    return [match.group(0).lower() for match in _COMPLAINT.finditer(text)]


def is_german(text: str) -> bool:
    """Whether a message is written in German rather than English."""
    found = text.lower().split()
    return sum(word.strip(".,!?") in _GERMAN for word in found) > 0.06 * len(found)
