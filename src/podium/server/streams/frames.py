"""Events as they go over the wire: each is written once, however many are sent it.

The form is that of the HTML standard, "Server-sent events": https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections import OrderedDict
from collections.abc import Sequence

from podium.api.body import ApiBody
from podium.api.events import StreamEventBody, SystemEventBody
from podium.errors import PodiumError
from podium.model.event_types import EventType
from podium.model.events import SystemEvent
from podium.model.streams.event import StreamEvent
from podium.server.answers import masked_json
from podium.server.problems import problem_of

_KEPT = 4_000
"""So many of the last events of the system are kept as they were written."""
RETRY = b"retry: 2000\n\n"
"""Has who lost the stream come again after two seconds."""


def heartbeat(position: int | None) -> bytes:
    """Return what says that the stream is alive; and, with a position, that up to there is nothing more to tell.

    It has no data, so programs are told nothing of it. But who comes again goes on after that position.
    """
    return b": alive\n\n" if position is None else b"id: %d\n\n" % position


def problem_frame(error: PodiumError) -> bytes:
    """Return what says why a stream ends that had begun already; it has no id."""
    return b"event: problem\ndata: %b\n\n" % problem_of(error).model_dump_json().encode()


def frame_of_run(event: StreamEvent) -> bytes:
    """Return an event of a run as it is sent."""
    return written(event.number, event.type, StreamEventBody.of(event))


class SystemFrames:
    """Events of the system as they are sent, the last ones written already."""

    def __init__(self) -> None:
        self._written: OrderedDict[int, bytes] = OrderedDict()

    def of(self, events: Sequence[SystemEvent]) -> bytes:
        """Return events as they are sent together."""
        return b"".join(map(self._of, events))

    def _of(self, event: SystemEvent) -> bytes:
        if event.type is EventType.GONE:  # which is told to each in its own words
            return written(event.position, event.type, SystemEventBody.of(event))
        known = self._written.get(event.position)
        if known is None:
            known = self._written[event.position] = written(event.position, event.type, SystemEventBody.of(event))
            if len(self._written) > _KEPT:
                self._written.popitem(last=False)
        return known


def written(id: int, type: str, body: ApiBody) -> bytes:
    """Return an event as it is sent."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (id, type.encode(), masked_json(body.model_dump(mode="json")))
