"""Server-sent events, taken from the bytes of an answer as they come.

The form is that of the HTML standard, "Server-sent events": https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r(?=[^\n])")
_MARK: Final = b"\xef\xbb\xbf"
"""A byte order mark, which may stand at the beginning."""


@dataclass(frozen=True, slots=True)
class SseFrame:
    """What stands between two empty lines: an event, or only what says that the stream is alive."""

    id: str | None
    """The id that it sets, which is what to go on after; None where it sets none."""
    event: str
    data: bytes | None
    """None where this is no event: a comment, or an id alone."""


class SseDecoder:
    """Cuts a stream into frames; one that has not ended yet waits for its rest, one that only says `retry` is none."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = False
        self._id: str | None = None
        self._event = ""
        self._data: list[bytes] = []
        self._said = False

    def feed(self, chunk: bytes) -> Iterator[SseFrame]:
        """Take more bytes, and give the frames that end in them."""
        looked = max(len(self._rest) - 1, 0)
        self._rest += chunk
        if not self._begun:
            if _MARK.startswith(self._rest[: len(_MARK)]) and len(self._rest) < len(_MARK):
                return
            self._begun = True
            self._rest = self._rest.removeprefix(_MARK)
        begin = 0
        for found in _LINE_END.finditer(self._rest, looked):
            line = bytes(self._rest[begin : found.start()])
            begin = found.end()
            if (frame := self._take(line)) is not None:
                yield frame
        del self._rest[:begin]

    def _take(self, line: bytes) -> SseFrame | None:
        """Take one line; an empty one ends a frame."""
        if not line:
            return self._end()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        self._said = self._said or name != b"retry"
        match name:
            case b"data":
                self._data.append(value)
            case b"event":
                self._event = value.decode(errors="replace")
            case b"id" if b"\0" not in value:
                self._id = value.decode(errors="replace")
            case _:
                pass
        return None

    def _end(self) -> SseFrame | None:
        data = b"\n".join(self._data) if self._data else None
        frame = SseFrame(self._id, self._event, data) if self._said else None
        self._id, self._event, self._data, self._said = None, "", [], False
        return frame
