"""Events that the journal tells of, and what a reader finds out: imported where a stream is read."""

from dataclasses import dataclass

from podium.model.json import Json
from podium.model.streams.kinds import StreamContent


class Durable(StreamContent):
    """What the journal tells of: nothing of it is ever lost."""

    __slots__ = ()


class Noticed(StreamContent):
    """What the reader of a stream finds out by itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RunStarted(Durable, type="run_started"):
    """The run is started."""

    workflow: str
    version: str
    input: Json


@dataclass(frozen=True, slots=True)
class RunRestarted(Durable, type="run_restarted"):
    """The run began another generation, with another input."""

    generation: int
    input: Json


@dataclass(frozen=True, slots=True)
class RunRewound(Durable, type="run_rewound"):
    """A retry or a move to another version: what failed is asked again."""


@dataclass(frozen=True, slots=True)
class RunEnded(Durable, type="run_ended"):
    """The run has ended."""

    state: str
    """`done`, `failed` or `cancelled`."""
    value: Json
    reason: str
    """Why, where it is not done."""


@dataclass(frozen=True, slots=True)
class CallStarted(Durable, type="call_started"):
    """An agent is asked."""

    agent: str
    version: str
    input: Json


@dataclass(frozen=True, slots=True)
class CallRetried(Durable, type="call_retried"):
    """An attempt of a call failed and another one follows; what the failed one said is void."""

    attempt: int
    """The number of the next one."""
    kind: str
    """The kind of the failure."""
    error: str


@dataclass(frozen=True, slots=True)
class CallEnded(Durable, type="call_ended"):
    """What stands at a key is over: a call, a sleep, a wait, a question of a workflow, a child run."""

    outcome: str
    """`done`, `failed`, `refused` or `expired`."""
    value: Json
    error: str
    """Why there is no value."""


@dataclass(frozen=True, slots=True)
class RequestFinished(Durable, type="request_finished"):
    """A model has answered."""

    model: str
    text: str
    """The whole text of the answer."""
    input_tokens: int
    output_tokens: int
    usd: float | None
    """What it cost in US dollars, where that is known."""


@dataclass(frozen=True, slots=True)
class ToolCalled(Durable, type="tool_called"):
    """A model wants a tool used, with these arguments; a structured answer is such a call as well."""

    id: str
    tool: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class ToolReturned(Durable, type="tool_returned"):
    """A tool was used."""

    id: str
    tool: str
    result: Json
    error: str
    """What the model is told instead of a result; empty where there is one."""


@dataclass(frozen=True, slots=True)
class StepFinished(Durable, type="step_finished"):
    """A step that an agent recorded itself is done."""

    name: str
    value: Json


@dataclass(frozen=True, slots=True)
class QuestionOpened(Durable, type="question_opened"):
    """People are asked."""

    question: str
    """Its id, for `app.inbox.answer`."""
    to: str
    text: str
    kind: str
    """`question`, `approval`, `permission` or `in_doubt`."""


@dataclass(frozen=True, slots=True)
class QuestionClosed(Durable, type="question_closed"):
    """The run goes on with what people answered."""

    question: str
    answers: Json
    """A list of objects with `by`, `value` and `at`."""


@dataclass(frozen=True, slots=True)
class ChildStarted(Durable, type="child_started"):
    """A child run is started. Its events are in a stream of its own."""

    run: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StreamBlocked(Noticed, type="stream_blocked"):
    """The run cannot go on with the code there is. The stream ends here."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone(Noticed, type="gone"):
    """Something that was said since the last event is not kept any more. What the journal tells of is never gone."""

    lost: int | None
    """How many events; None where nobody knows, nor whether there were any."""
