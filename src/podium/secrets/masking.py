"""What this process knows to be secret, and how that is taken out of texts and values."""

import json
import logging
from threading import Lock
from typing import Any, cast

from podium.secrets.spellings import SHORTEST, spellings

MASK = "***"
_LOG = logging.getLogger("podium")


class Masking:
    """The secrets that were looked up in this process. One for all of it: where a secret will show, nobody can know."""

    def __init__(self) -> None:
        self.active = False
        """Whether there is anything to mask: while there is not, nobody has to ask more than this."""
        self._spellings: tuple[str, ...] = ()
        self._probes: tuple[str, ...] = ()
        self._known: set[str] = set()
        self._lock = Lock()

    def learn(self, secret: str, name: str) -> None:
        """Have a secret masked from now on; `name` is its reference."""
        if secret in self._known:
            return
        with self._lock:
            self._known.add(secret)
            new = spellings(secret)
            if not new:
                _LOG.warning("the secret %s has fewer than %s characters: it cannot be masked", name, SHORTEST)
                return
            every = sorted({*self._spellings, *new}, key=lambda each: (-len(each), each))
            self._probes = tuple({_in_json(each) for each in every})
            self._spellings = tuple(every)
            self.active = True

    def forget(self) -> None:
        """Mask nothing any more; for tests."""
        self.active, self._spellings, self._probes = False, (), ()
        self._known.clear()

    def text(self, text: str) -> str:
        """Return a text with `***` for each secret in it."""
        if self.active:
            for each in self._spellings:
                if each in text:
                    text = text.replace(each, MASK)
        return text

    def json(self, value: Any) -> Any:
        """Return a JSON value with `***` for each secret in its texts and keys; numbers are left as they are."""
        if not self.active:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.json(each) for each in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {self.text(str(key)): self.json(each) for key, each in cast("dict[str, Any]", value).items()}
        return value

    def shows_in(self, encoded: bytes) -> bool:
        """Whether a JSON text has a secret in it."""
        text = encoded.decode()  # texts are searched five times as fast as bytes, and this is asked often
        for each in self._probes:  # noqa: SIM110  a generator would cost three times as much
            if each in text:
                return True
        return False


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


MASKING = Masking()
"""The secrets of this process."""
