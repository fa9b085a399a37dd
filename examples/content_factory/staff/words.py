"""Words and sentences."""

import re

_WORD = re.compile(r"[a-z][a-z'-]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
_STOP = """
a about after all also an and any are as at be because been before but by can day do does every first for
from get had has have how i if in into is it its just last less like made make many more most much my new
no not now of off on one only or our out over own per put so some still such than that the their them then
there these they this those through to too two up us use very want was water we week what when where which
while who will with year you your
"""
STOP = frozenset(_STOP.split())


def content_words(text: str) -> list[str]:
    """Return the words that say something, in order, plurals cut."""
    words = [word.removesuffix("'s") for word in _WORD.findall(text.lower()) if word not in STOP]
    return [word[:-1] if word.endswith("s") and not word.endswith("ss") else word for word in words]


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [" ".join(each.split()) for each in _SENTENCE.split(text) if each.strip()]
