"""What a run tells those who watch it: typed events, their numbers, and how each becomes JSON and comes back.

Events that the journal tells of are derived from its facts, by whoever reads it, in any process and at any time. What
is said between two facts, such as the words of an answer that is being written, is in no journal: it is kept for a
while, where somebody watches. The number of an event says where it stands among both.
"""

from typing import TYPE_CHECKING

from podium import lazy

if TYPE_CHECKING:
    from podium.model.streams.durable import (
        CallEnded,
        CallRetried,
        CallStarted,
        ChildStarted,
        Durable,
        Gone,
        Noticed,
        QuestionClosed,
        QuestionOpened,
        RequestFinished,
        RunEnded,
        RunRestarted,
        RunRewound,
        RunStarted,
        StepFinished,
        StreamBlocked,
        ToolCalled,
        ToolReturned,
    )
    from podium.model.streams.event import StreamEvent
    from podium.model.streams.kinds import StreamContent, Transient
    from podium.model.streams.transient import (
        Emitted,
        PartialOutput,
        RequestStarted,
        StreamReset,
        TextDelta,
        ThinkingDelta,
        ToolCallDelta,
    )

__all__ = [
    "CallEnded",
    "CallRetried",
    "CallStarted",
    "ChildStarted",
    "Durable",
    "Emitted",
    "Gone",
    "Noticed",
    "PartialOutput",
    "QuestionClosed",
    "QuestionOpened",
    "RequestFinished",
    "RequestStarted",
    "RunEnded",
    "RunRestarted",
    "RunRewound",
    "RunStarted",
    "StepFinished",
    "StreamBlocked",
    "StreamContent",
    "StreamEvent",
    "StreamReset",
    "TextDelta",
    "ThinkingDelta",
    "ToolCallDelta",
    "ToolCalled",
    "ToolReturned",
    "Transient",
]

lazy.exports(
    __name__,
    {
        "podium.model.streams.kinds": "StreamContent Transient",
        "podium.model.streams.transient": (
            "Emitted PartialOutput RequestStarted StreamReset TextDelta ThinkingDelta ToolCallDelta"
        ),
        "podium.model.streams.durable": (
            "CallEnded CallRetried CallStarted ChildStarted Durable Gone Noticed QuestionClosed "
            "QuestionOpened RequestFinished RunEnded RunRestarted RunRewound RunStarted StepFinished "
            "StreamBlocked ToolCalled ToolReturned"
        ),
        "podium.model.streams.event": "StreamEvent",
    },
)
