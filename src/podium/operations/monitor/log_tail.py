"""The last warnings of the program's log, for whoever wants to know what happened before something broke."""

import logging
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from podium.model.clock import Clock
from podium.secrets.masking import MASKING

_KEPT = 200
_LONGEST = 500


class LogTail(logging.Handler):
    """Keeps the last warnings and errors, with secrets masked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.WARNING)
        self._clock = clock
        self._lines: deque[tuple[float, str]] = deque(maxlen=_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as one line."""
        try:
            text = f"{record.levelname} {record.name}: {record.getMessage()}"
        except Exception:  # a record of foreign code whose arguments do not fit: as every handler does
            self.handleError(record)
            return
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self._lines.append((self._clock.now(), MASKING.text(text)[:_LONGEST]))

    def since(self, at: float, most: int) -> Sequence[str]:
        """Return the last lines since a time, the oldest first."""
        return [text for when, text in self._lines if when >= at][-most:]

    @contextmanager
    def attached(self) -> Generator[None]:
        """Listen to the whole program's log meanwhile."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
