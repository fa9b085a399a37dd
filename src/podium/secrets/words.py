"""Which secrets are ordinary words: passwords that somebody chose badly, and that names are called by as well."""

import re
import unicodedata

_LONGEST = 14
"""Letters of a word; keys that machines make of small letters alone have 16 and more."""
_SHAPE = re.compile(r"([^\W\d_]+)[0-9]{0,4}")
_VOWELS = frozenset("aeiouy")
_LEAST_VOWELS, _MOST_VOWELS = 0.2, 0.7
_CONSONANTS = re.compile(r"[^aeiouy]{5}")
"""More consonants in a row than words have, but for few."""


def is_word(secret: str) -> bool:
    """Whether a text is one word, perhaps with a number after it: `production`, `Password`, `delivery2024`.

    It is so by its form: letters of one case, in a mix of vowels and consonants that can be said. No list of words
    would have those of all languages. Of eight small letters drawn by chance half pass for a word too, of sixteen none.
    """
    shaped = _SHAPE.fullmatch(secret)
    if shaped is None or len(shaped[1]) > _LONGEST:
        return False
    word = shaped[1]
    if not (word.islower() or word.isupper() or word.istitle()):
        return not any(each.islower() or each.isupper() for each in word)  # a script that has no case
    plain = "".join(each for each in unicodedata.normalize("NFD", word.lower()) if each.isalpha())
    if not plain.isascii():
        return True
    share = sum(each in _VOWELS for each in plain) / len(plain)
    return _LEAST_VOWELS <= share <= _MOST_VOWELS and _CONSONANTS.search(plain) is None
