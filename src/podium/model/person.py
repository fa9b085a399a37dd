"""Names of people: shown as they were written, and compared as what they stand for."""

import unicodedata

_UNSEEN = {"Cf", "Cc"}


def folded(name: str) -> str:
    """Return a name as it is compared: `Zoë`, `ZOE` with a combining diaeresis and ` zoë ` are one person.

    By Unicode's compatibility composition (NFKC), with cases folded; what is not seen, and spaces around, are left out.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(each for each in plain if unicodedata.category(each) not in _UNSEEN).split())


def is_same(name: str, other: str) -> bool:
    """Whether two names stand for the same person or role."""
    return name == other or folded(name) == folded(other)
