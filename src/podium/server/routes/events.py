"""Events as they happen, over server-sent events: of the whole system, and of one run."""

from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response

from podium.api.events import StreamEventBody, SystemEventBody
from podium.errors import InvalidValue
from podium.facade.events import EventFilter, event_filter
from podium.facade.handle import AnyHandle
from podium.model.event_types import EventType
from podium.server.callers import READS, Who, rights, still
from podium.server.problems import responses
from podium.server.routing import Routes
from podium.server.streams.frames import Frames, heartbeat
from podium.server.streams.response import Chunks, EventStream

router = Routes("events")
_AT_ONCE = 50
"""So many events of the system are in one chunk."""
_DIGITS = 18
"""That the id of an event has at most."""
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last event that was had; browsers send it.")
]


def _streamed(
    what: str, body: type[SystemEventBody | StreamEventBody], example: str
) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of a stream whose data is of a type."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": body.model_json_schema()}
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    event = {"type": "object", "properties": {"data": data, "event": text, "id": text, "retry": number}}
    content = {"schema": {"type": "array", "items": event}, "itemSchema": event, "example": example}
    return {200: {"description": what, "content": {"text/event-stream": content}}}


_OF_SYSTEM = (
    'retry: 2000\n\nid: 7\nevent: run_ended\ndata: {"type":"run_ended","position":7,'
    '"at":"2026-12-01T08:00:00.000+00:00","run":"run_1","root":"run_1","workflow":"publish","tenant":"default","principal":"ann","question":null,"to":null,'
    '"content":{"state":"done"}}\n\n'
)
_OF_RUN = (
    'retry: 2000\n\nid: 536870912\nevent: run_started\ndata: {"type":"run_started","run":"run_1","number":536870912,'
    '"key":"","attempt":0,"step":"","at":"2026-12-01T08:00:00.000+00:00","epoch":1,"content":{"workflow":"publish",'
    '"version":"1","input":"Bees"}}\n\n'
)


@router.get(
    "/events", status_code=200, openapi_extra=rights(*READS), response_class=EventStream,
    responses=_streamed("Events as they happen, until the connection ends.", SystemEventBody, _OF_SYSTEM),
)  # fmt: skip
async def system_events(
    request: Request, who: Who, last_event_id: LastEventId = None,
    after: Annotated[int | None, Query(ge=0, description="A position; without one only what is yet to come.")] = None,
    type: Annotated[
        list[EventType] | None, Query(description="Only events of these types.")
    ] = None,
    workflow: Annotated[str | None, Query(description="Only events of runs of this workflow.")] = None,
    run: Annotated[str | None, Query(description="Only events of this run, and of child runs that it started.")] = None,
) -> EventStream:  # fmt: skip
    """Tell what is noteworthy about the runs and questions that you may see, as it happens.

    Each event's id is its position: a stream that is cut goes on after `Last-Event-ID`, or `after`. Ids without data
    come where nothing is told for a while: up to there is nothing more for you.
    """
    wanted = event_filter([each.value for each in type or ()], workflow, run)
    streaming = _SystemStream(who, _resumed(last_event_id, after), wanted, request.app.state.frames)
    return EventStream(streaming.chunks(), request.app.state.streams, streaming.alive, still(request))


class _SystemStream:
    """The chunks of one viewer, and how far it has come."""

    def __init__(self, who: Who, after: int | None, wanted: EventFilter, frames: Frames) -> None:
        self._who = who
        self._after = after
        self._wanted = wanted
        self._frames = frames
        self._position = after
        self._told = after
        """The last id that whoever reads has."""

    async def chunks(self) -> Chunks:
        """Give events as they are sent; first of all where the stream begins, for who comes again before any event."""
        async with aclosing(self._who.app.events.batches(after=self._after, wanted=self._wanted)) as batches:
            async for events, position in batches:
                self._position = position
                if self._told is None:
                    yield self.alive()
                for begin in range(0, len(events), _AT_ONCE):
                    some = events[begin : begin + _AT_ONCE]
                    self._told = some[-1].position
                    yield self._frames.of_system(some)

    def alive(self) -> bytes:
        """Return a heartbeat: with the position reached, where that is not known yet."""
        if self._position == self._told:
            return heartbeat(None)
        self._told = self._position
        return heartbeat(self._position)


@router.get(
    "/runs/{run}/events", status_code=200, openapi_extra=rights(*READS), response_class=EventStream,
    responses={
        **_streamed("The events of the run, until it ends or is blocked.", StreamEventBody, _OF_RUN),
        204: {"description": "It has ended, and there is nothing more to tell."}, **responses(404),
    },
)  # fmt: skip
async def run_events(
    request: Request, run: str, who: Who, last_event_id: LastEventId = None,
    after: Annotated[int, Query(ge=0, description="The number of an event; 0 is the beginning.")] = 0,
) -> Any:  # fmt: skip
    """Tell all that a run tells: calls, model requests, tool calls, and tokens as they come.

    Each event's id is its number: a stream that is cut goes on after `Last-Event-ID`, or `after`. What the journal
    tells of is never missed; of the rest an event `gone` says what was.
    """
    handle: AnyHandle = await who.app.handle(run)
    number = _resumed(last_event_id, after) or 0
    chunks = _of_run(handle, number, request.app.state.frames)
    if number and (await handle.status()).state.ended:
        first = await anext(chunks, None)
        if first is None:
            return Response(status_code=204)
        chunks = _after(first, chunks)
    return EventStream(chunks, request.app.state.streams, lambda: heartbeat(None), still(request))


async def _of_run(handle: AnyHandle, after: int, frames: Frames) -> Chunks:
    async with aclosing(handle.batches(after=after)) as batches:
        async for events in batches:
            for chunk in frames.of_run(events):
                yield chunk


async def _after(first: bytes, rest: Chunks) -> Chunks:
    yield first
    async with aclosing(rest):
        async for chunk in rest:
            yield chunk


def _resumed(last_event_id: str | None, after: int | None) -> int | None:
    """Return after which event to go on: the header counts, since browsers repeat the address as it was."""
    if not last_event_id:
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= _DIGITS):
        raise InvalidValue(f"Last-Event-ID is {last_event_id!r:.80}; expected the id of an event, which is a number.")
    return int(last_event_id)
