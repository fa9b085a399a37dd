"""Requests to models: what was sent, and how it was answered."""

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import ConfigDict, Field

from podium.api.body import ApiBody, Moment, moment_or_none
from podium.model.json import Json

if TYPE_CHECKING:
    from podium.reports.calls.requests import SentRequest


class OfferedToolBody(ApiBody):
    """A tool that a model was offered."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str
    description: str
    arguments: Annotated[Json, Field(alias="schema", description="The JSON Schema of its arguments.")]
    output: Annotated[bool, Field(description="Whether the model gives its answer by it.")]


class MessagePartBody(ApiBody):
    """One thing that was said."""

    role: Literal["system", "user", "tool", "assistant"]
    kind: Annotated[
        str, Field(description="text, thinking, tool_call, tool_result, retry, file, or what is rarer by its name.")
    ]
    content: Annotated[Json, Field(description="Text, arguments or result; of a prompt with files a list.")]
    tool: Annotated[str, Field(description="The tool that is called, or that answers.")]
    call: Annotated[str, Field(description="The id of that use of the tool.")]


class ContextChangeBody(ApiBody):
    """What one rule did to the messages of a request."""

    rule: Annotated[str, Field(description="As it is written: `LastMessages(20)`.")]
    kind: Literal["left_out", "trimmed", "summarized"]
    messages: Annotated[int, Field(description="How many messages it is about.")]
    places: Annotated[list[tuple[int, int]], Field(description="Where: the first, from 0, and how many from there on.")]
    tokens: Annotated[int, Field(description="How many tokens less are sent, as the rule counts them.")]
    characters: Annotated[int, Field(description="How many are sent of each result that is trimmed.")]


class UsageBody(ApiBody):
    """What a request used up."""

    model: str
    input_tokens: int
    output_tokens: int
    requests: int
    usd: Annotated[float | None, Field(description="US dollars; null where the price is not known.")]
    cpu_seconds: float
    gb_seconds: float
    in_doubt: Annotated[bool, Field(description="Nobody told what it came to: these are the most that it may have.")]


class RequestBody(ApiBody):
    """What was sent to a model, and how it answered."""

    key: Annotated[str, Field(description="That of its step; attempts of one request have the same.")]
    agent: str
    attempt: int
    began: Moment
    ended: Annotated[Moment | None, Field(description="Null while it is under way, or where its process died.")]
    model: str
    settings: dict[str, Json]
    tools: list[OfferedToolBody]
    native_tools: list[str]
    output: Annotated[Json, Field(description="The JSON Schema of the answer where no tool has it; null is text.")]
    instructions: str
    messages: Annotated[list[MessagePartBody], Field(description="All that was sent, the oldest first.")]
    after: Annotated[str | None, Field(description="The request before it in the same conversation.")]
    same: Annotated[int, Field(description="How many of the first messages are those of that one and its answer.")]
    context: Annotated[list[ContextChangeBody], Field(description="What rules for the context left out or shortened.")]
    answer: list[MessagePartBody] | None
    answered_by: Annotated[str, Field(description="The model that answered, as its provider names it.")]
    finish_reason: str
    usage: UsageBody | None
    passed_over: Annotated[list[str], Field(description="What went wrong with models that were asked before.")]
    not_kept: Annotated[str, Field(description="Why nothing of what was sent is kept.")]
    error: Annotated[str, Field(description="How it failed.")]

    @classmethod
    def of(cls, request: "SentRequest") -> Self:
        """Return a request as others see it."""
        fields = dataclasses.asdict(request)
        return cls.model_validate(fields | {name: moment_or_none(fields[name]) for name in ("began", "ended")})
