"""Events as they go over the wire: each is written once, however many are sent it.

The form is that of the HTML standard, "Server-sent events": https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from podium.api.events import OVER, StreamEventBody, SystemEventBody
from podium.errors import PodiumError
from podium.model.events import SystemEvent
from podium.model.json import Json
from podium.model.streams.event import StreamEvent
from podium.server.answers import masked_json
from podium.server.problems import problem_of

_KEPT, _KEPT_BYTES = 4_000, 8 * 1024 * 1024
"""So many of the last events are kept as they were written, and so much."""
TOGETHER_BYTES = 16_384
"""What is there at once is sent together, up to about this: of a stream that is taken slowly no more is in memory."""
RETRY = b"retry: 2000\n\n"
"""Has who lost the stream come again after two seconds."""

Event = TypeVar("Event", SystemEvent, StreamEvent)


def heartbeat(position: int | None) -> bytes:
    """Return what says that the stream is alive; and, with a position, that up to there is nothing more to tell.

    It has no data, so programs are told nothing of it. But who comes again goes on after that position.
    """
    return b": alive\n\n" if position is None else b"id: %d\n\n" % position


def over_frame() -> bytes:
    """Return what says that a stream is over. It has no data, so browsers tell nothing of it: they come again, for 204.

    Only whoever sends the stream knows: a run that has ended may have been retried since.
    """
    return b"event: %b\n\n" % OVER.encode()


def problem_frame(error: PodiumError) -> bytes:
    """Return what says why a stream ends that had begun already; it has no id."""
    return b"event: problem\ndata: %b\n\n" % problem_of(error).model_dump_json().encode()


class Frames:
    """Events as they are sent, the last ones written already."""

    def __init__(self) -> None:
        self._written: OrderedDict[tuple[str, int], tuple[SystemEvent | StreamEvent, bytes]] = OrderedDict()
        self._bytes = 0

    def of_system(self, events: Sequence[SystemEvent]) -> bytes:
        """Return events of the system as they are sent together."""
        return b"".join(self._of(("", each.position), each, SystemEventBody.json_of) for each in events)

    def of_run(self, events: Sequence[StreamEvent]) -> Iterator[bytes]:
        """Give events of a run as they are sent, together where they are small."""
        some, size = list[bytes](), 0
        for each in events:
            some.append(self._of((each.run, each.number), each, StreamEventBody.json_of))
            size += len(some[-1])
            if size >= TOGETHER_BYTES:
                yield b"".join(some)
                some, size = [], 0
        if some:
            yield b"".join(some)

    def _of(self, key: tuple[str, int], event: Event, json_of: Callable[[Event], Json]) -> bytes:
        """Return an event as it is sent; one that is told in other words than before is written anew."""
        known = self._written.get(key)
        if known is not None and (known[0] is event or known[0] == event):
            return known[1]
        frame = written(key[1], event.type, json_of(event))
        self._bytes += len(frame) - (0 if known is None else len(known[1]))
        self._written[key] = event, frame
        while len(self._written) > _KEPT or self._bytes > _KEPT_BYTES:
            _, (_, dropped) = self._written.popitem(last=False)
            self._bytes -= len(dropped)
        return frame


def written(id: int, type: str, said: Json) -> bytes:
    """Return an event as it is sent."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (id, type.encode(), masked_json(said))
