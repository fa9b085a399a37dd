"""An answer that is given line by line, and read so: nothing of it is kept."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import httpx

from podium.client.api_call import ApiCall
from podium.client.exchange import HttpReply, answered, failure, read_as
from podium.client.problems import unexpected
from podium.client.streams import ItemCame, NextChunk, StreamReading

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCall(Generic[T]):
    """A request whose answer has lines, and the type of each: JSON, or text as it stands there."""

    call: ApiCall[T]
    media: str

    def read(self, url: str, retries: int) -> StreamReading[T]:
        """Send it, again where that is sound, and give its lines; what breaks off amid them is an error."""
        reply = yield from answered(self.call, url, retries)
        yield from self._lines(reply, url)

    def _lines(
        self, answer: httpx.Response, url: str
    ) -> Generator[NextChunk | ItemCame[T], HttpReply | bytes | None, None]:
        if not (media := answer.headers.get("content-type", "")).startswith(self.media):
            raise unexpected(answer.url, f"the type of what it sends is {media!r}, not {self.media}")
        rest = bytearray()
        while chunk := (yield NextChunk()):
            if not isinstance(chunk, bytes):
                raise failure(chunk, url)
            *lines, left = chunk.split(b"\n")
            for line in lines:
                rest += line
                yield ItemCame(self._item(bytes(rest), answer.url))
                rest.clear()
            rest += left
        if rest:
            yield ItemCame(self._item(bytes(rest), answer.url))

    def _item(self, line: bytes, url: httpx.URL) -> T:
        kind = self.call.answer
        return kind(line.decode(errors="replace")) if issubclass(kind, str) else read_as(kind, line, url)


def lines_of(call: ApiCall[T], media: str) -> LineCall[T]:
    """Return a request for lines of a media type."""
    return LineCall(call=replace(call, headers={"accept": media}), media=media)
