"""Makes comparable words of a message: stems, synonyms, and English for the German words of the trade."""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

_WORD = re.compile(r"plv-\d+|[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+")
_SUFFIXES = (
    "ations", "ation", "ments", "ment", "ingly", "ings", "ing", "ies", "ied", "ness", "able", "ible", "ungen", "ung",
    "keit", "heit", "ers", "ern", "edly", "est", "ed", "er", "en", "em", "es", "ly", "y", "e", "s", "n",
)  # fmt: skip
_LEXICON = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))
_STOP = frozenset(_LEXICON["stop"].split())
_CANONICAL: dict[str, str] = {word: main for main, words in _LEXICON["synonyms"].items() for word in words.split()}
_GLOSSARY: dict[str, str] = _LEXICON["glossary"]


def words(text: str) -> list[str]:
    """Return the stems of a text in order, with synonyms as one and English beside the German words of the trade."""
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).lower().replace("\u2019", "'")):
        found.extend(_terms(word))
    return found


def stem(word: str) -> str:
    """Cut the ending of an English or German word; crude, and the same for both sides of a comparison."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


@cache
def _terms(word: str) -> tuple[str, ...]:
    if word in _STOP or (len(word) == 1 and not word.isdigit()):
        return ()
    if word.startswith("plv-"):
        return (word, word[4:])
    same = _CANONICAL.get(word)
    glosses = {english for german, english in _GLOSSARY.items() if german in word and len(word) >= len(german)}
    return (stem(same or word), *sorted(stem(each) for each in glosses - {same or word}))
