"""What this process knows to be secret, and how that is taken out of texts and values."""

import json
import logging
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any, NamedTuple, cast

from podium.secrets.spellings import SHORTEST, spellings
from podium.secrets.words import is_word

MASK = "***"
_LOG = logging.getLogger("podium")


class _Secret(NamedTuple):
    """One secret: what it is called, and how it may be written."""

    name: str
    spellings: tuple[str, ...]
    word: bool
    """Whether it is an ordinary word, which names may be for reasons of their own."""


class Masking:
    """The secrets that were looked up in this process. One for all of it: where a secret will show, nobody can know."""

    def __init__(self) -> None:
        self.active = False
        """Whether there is anything to mask: while there is not, nobody has to ask more than this."""
        self._spellings: tuple[str, ...] = ()
        self._begins: tuple[frozenset[str], int] = frozenset(), 0
        """The characters that spellings begin with, and the most that one has."""
        self._of_names: tuple[str, ...] = ()
        """Those of secrets that are no ordinary words."""
        self._probes: tuple[str, ...] = ()
        self._secrets: tuple[_Secret, ...] = ()
        self._known: set[str] = set()
        self._lock = Lock()

    def learn(self, secret: str, name: str) -> None:
        """Have a secret masked from now on; `name` is its reference, or where it stands."""
        if secret in self._known:
            return
        with self._lock:
            self._known.add(secret)
            new = _Secret(name, spellings(secret), is_word(secret))
            if not new.spellings:
                _LOG.warning("the secret %s has fewer than %s characters: it cannot be masked", name, SHORTEST)
                return
            if new.word:
                _LOG.warning(
                    "the secret %s is an ordinary word: it is masked in texts and values wherever that word stands, but"
                    " not in names, such as those of agents, steps and tags. Choose one that is not guessed",
                    name,
                )
            self._secrets = (*self._secrets, new)
            self._spellings = _longest_first(self._secrets)
            self._begins = frozenset(each[0] for each in self._spellings), len(self._spellings[0])
            self._of_names = _longest_first(each for each in self._secrets if not each.word)
            self._probes = tuple({_in_json(each) for each in self._spellings})
            self.active = True

    def forget(self) -> None:
        """Mask nothing any more; for tests."""
        self.active, self._spellings, self._of_names, self._probes, self._secrets = False, (), (), (), ()
        self._begins = frozenset(), 0
        self._known.clear()

    def text(self, text: str) -> str:
        """Return a text with `***` for each secret in it."""
        return _without(text, self._spellings) if self.active else text

    def piece(self, text: str, shown: int) -> tuple[str, int, int]:
        """Return what may be shown of a text that goes on, and where what is held back of it begins, and is masked to.

        Held back is its longest end that a secret may begin with. `shown` is up to where it was masked before.
        """
        held = self.held_from(text)
        masked, shown = _up_to(text, held, shown, self._spellings)
        return masked, held, shown

    def rest(self, text: str, shown: int) -> str:
        """Return what is held back of a text of which nothing more comes."""
        return _up_to(text, len(text), shown, self._spellings)[0]

    def held_from(self, text: str) -> int:
        """Return where the longest end of a text begins that a secret may begin with; its length where none does."""
        firsts, longest = self._begins
        for start in range(max(0, len(text) - longest + 1), len(text)):
            if text[start] in firsts:
                end = text[start:]
                if any(each.startswith(end) and len(each) > len(end) for each in self._spellings):
                    return start
        return len(text)

    def json(self, value: Any) -> Any:
        """Return a JSON value with `***` for each secret in its texts and keys; numbers are left as they are."""
        return _masked(value, self._spellings) if self.active else value

    def names(self, value: Any) -> Any:
        """Return a name, or a JSON value made of names, with `***` for each secret that is no ordinary word.

        Replay compares names, and a store finds by them: a password that somebody chose badly does not change them.
        """
        return _masked(value, self._of_names) if self.active else value

    def secret_in(self, name: str) -> str | None:
        """Return what the secret is called that a name has in it; None where it has none, or an ordinary word."""
        for each in self._secrets:
            if not each.word and any(spelt in name for spelt in each.spellings):
                return each.name
        return None

    def shows_in(self, encoded: bytes) -> bool:
        """Whether a JSON text has a secret in it."""
        text = encoded.decode()  # texts are searched five times as fast as bytes, and this is asked often
        for each in self._probes:  # noqa: SIM110  a generator would cost three times as much
            if each in text:
                return True
        return False


def _longest_first(secrets: Iterable[_Secret]) -> tuple[str, ...]:
    every = {each for secret in secrets for each in secret.spellings}
    return tuple(sorted(every, key=lambda each: (-len(each), each)))


def _without(text: str, spellings: tuple[str, ...]) -> str:
    """Return a text with one mask for each place of a secret, or of several that overlap: none leaves its end there."""
    return _up_to(text, len(text), 0, spellings)[0]


def _up_to(text: str, end: int, shown: int, spellings: tuple[str, ...]) -> tuple[str, int]:
    """Return a text, masked, from where it was `shown` to an end, and up to where that shows or masks it."""
    parts = list[str]()
    for first, last in sorted(place for each in spellings if each in text for place in _places(text, each)):
        if first >= end:
            break
        if first >= shown:
            parts += text[shown:first], MASK
        shown = max(shown, last)
    if shown < end:
        parts.append(text[shown:end])
        shown = end
    return "".join(parts), shown


def _places(text: str, spelling: str) -> Iterator[tuple[int, int]]:
    start = text.find(spelling)
    while start >= 0:
        yield start, start + len(spelling)
        start = text.find(spelling, start + 1)


def _masked(value: Any, spellings: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _without(value, spellings)
    if isinstance(value, list | tuple):
        return [_masked(each, spellings) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {_without(str(key), spellings): _masked(each, spellings) for key, each in items}
    return value


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


MASKING = Masking()
"""The secrets of this process."""
