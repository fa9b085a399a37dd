"""A stream of events that is followed: opened, read, and opened again after the last event where it is cut."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import httpx
from pydantic import ValidationError

from podium.api.events import HEARTBEAT_SECONDS, OVER
from podium.api.problems import ProblemBody
from podium.client.api_call import ApiCall
from podium.client.exchange import HttpReply, Pause, failure, pause_after, read_as
from podium.client.problems import unexpected
from podium.client.sse import SseDecoder
from podium.client.streams import ItemCame, NextChunk, StreamReading

T = TypeVar("T")

_MEDIA = "text/event-stream"
_NOTHING_MORE, _FAULT = 204, 500
_PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCall(Generic[T]):
    """A stream that is asked for, and the type of its events."""

    call: ApiCall[T]

    def read(self, url: str, retries: int) -> StreamReading[T]:
        """Carry it out until the server says that it is over. Raises the error that the server tells of.

        It is opened again where that may help, up to so many times in a row: an event, or a sign of life, begins the
        count anew.
        """
        followed, tried = _FollowedStream(self), 0
        while True:
            reply = yield followed.call
            assert isinstance(reply, httpx.Response | httpx.TransportError)
            if isinstance(reply, httpx.Response) and reply.is_success:
                came = followed.came
                reply = yield from followed.read(reply)
                if reply is None:
                    return
                tried = 0 if followed.came > came else tried
            pause = pause_after(followed.call, reply, tried)
            if pause is None or tried == retries:
                raise failure(reply, url)
            tried += 1
            yield Pause(pause)


def stream_of(call: ApiCall[T]) -> EventCall[T]:
    """Return a stream; one that says nothing for longer than a server needs to say that it is alive, is cut."""
    return EventCall(call=replace(call, wait=HEARTBEAT_SECONDS, headers={"accept": _MEDIA}))


class _FollowedStream(Generic[T]):
    """How far a stream was read."""

    def __init__(self, wanted: EventCall[T]) -> None:
        self.call = wanted.call
        """What asks for all that has not come yet."""
        self.came = 0
        """How many events came, and signs of life."""

    def read(
        self, answer: httpx.Response
    ) -> Generator[NextChunk | ItemCame[T], HttpReply | bytes | None, HttpReply | None]:
        """Give the events of an answer; return what cut it off, or None where there is nothing more."""
        if answer.status_code == _NOTHING_MORE:
            return None
        if not (media := answer.headers.get("content-type", "")).startswith(_MEDIA):
            raise unexpected(answer.url, f"the type of what it sends is {media!r}, not {_MEDIA}")
        decoder = SseDecoder()
        while chunk := (yield NextChunk()):
            if not isinstance(chunk, bytes):
                return chunk
            for frame in decoder.feed(chunk):
                if frame.event == _PROBLEM:
                    return _as_answer(frame.data or b"", answer.request)
                self.came += 1
                if frame.event == OVER:
                    return None
                if frame.data is not None:
                    yield ItemCame(read_as(self.call.answer, frame.data, answer.url))
                if frame.id:
                    self.call = replace(self.call, headers={**self.call.headers, "last-event-id": frame.id})
        return httpx.RemoteProtocolError("the stream ended before it was over")


def _as_answer(problem: bytes, request: httpx.Request) -> httpx.Response:
    """Return the problem that ends a stream as the answer it would have been, had the stream not begun."""
    try:
        status = ProblemBody.model_validate_json(problem).status
    except ValidationError:
        status = _FAULT
    return httpx.Response(status, content=problem, request=request)
