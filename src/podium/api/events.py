"""Events as server-sent events carry them: the data of each is one of these, as JSON."""

from typing import Annotated, Any, Final

from pydantic import Field

from podium.api.body import ApiBody, Moment, in_iso
from podium.model.events import SystemEvent
from podium.model.json import Json
from podium.model.streams.event import StreamEvent

OVER: Final = "over"
"""The name of what ends a stream that is over: it has no data. Whatever ends without it was cut, and goes on."""
HEARTBEAT_SECONDS: Final = 15.0
"""So often something is sent where nothing happens, since proxies close what is silent.

Who hears nothing for longer has lost the server.
"""


class SystemEventBody(ApiBody):
    """Something noteworthy about a run, or one of its questions."""

    type: Annotated[str, Field(description="What happened, such as `run_ended`.")]
    position: Annotated[int, Field(description="Grows from event to event; the id of the server-sent event.")]
    at: Moment
    run: str
    root: Annotated[str, Field(description="The run that started it; the run itself where it is no child run.")]
    workflow: str
    tenant: str
    principal: str
    question: str | None
    to: Annotated[str | None, Field(description="Whom the question is put to.")]
    assignee: Annotated[str | None, Field(description="To whom the question was given by then.")]
    content: Annotated[dict[str, Any], Field(description="What more there is to say, such as the `state` of an end.")]

    @staticmethod
    def json_of(event: SystemEvent) -> dict[str, Json]:
        """Return an event as JSON has its body."""
        return {**event.json(), "at": in_iso(event.at)}


class StreamEventBody(ApiBody):
    """What one run tells: of what its journal has, and what is said while it happens."""

    type: Annotated[str, Field(description="What happened, such as `call_started` or `text_delta`.")]
    run: str
    number: Annotated[int, Field(description="Grows within the run; the id of the server-sent event.")]
    key: Annotated[str, Field(description="The call or branch it is about; empty for the run itself.")]
    attempt: int
    step: str
    at: Moment
    epoch: int
    content: Annotated[dict[str, Any], Field(description="What it says: the fields of its type.")]

    @staticmethod
    def json_of(event: StreamEvent) -> dict[str, Json]:
        """Return an event as JSON has its body."""
        return {**event.json(), "at": in_iso(event.at)}
