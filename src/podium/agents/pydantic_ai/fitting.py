"""What is sent of the messages of an agent of Pydantic AI, by the rules for its context."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
    repair_messages,
)
from pydantic_ai.models import Model, ModelRequestParameters

from podium.agents.context.applying import ContextOfCall
from podium.agents.context.draft import FittedRequest
from podium.agents.context.piece import Piece, SaidPart, WholeRequest, besides_of
from podium.agents.prices import context_window
from podium.agents.pydantic_ai.bound import members_of, name_of
from podium.agents.pydantic_ai.request import model_input
from podium.agents.pydantic_ai.sent import own_instructions
from podium.model.context_change import ContextChange
from podium.model.json import Json

_RESULT = "tool-return"
_OUTPUT = "final_result"
"""What Pydantic AI calls a tool by which an answer is given: other agents may have been in the conversation."""


async def fitted(
    context: ContextOfCall, model: Model[object], messages: list[ModelMessage], parameters: ModelRequestParameters
) -> tuple[list[ModelMessage], Sequence[ContextChange]]:
    """Return the messages that are sent, and what each rule did; raises ContextTooLong where they would not fit.

    The messages that the agent has stay as they are: those that are shortened are others.
    """
    sent = model_input(name_of(model), messages, None, parameters)
    outputs = {_OUTPUT, *(each.name for each in parameters.output_tools)}
    pieces = [piece for at, each in enumerate(sent["messages"]) for piece in _pieces(at, each, outputs)]
    besides = besides_of({**sent, "instructions": _instructions(sent["messages"], parameters)})
    fit = await context.fit(WholeRequest(pieces=pieces, besides=besides, model=name_of(model), window=_window(model)))
    return (_sent(messages, pieces, fit), fit.changes) if fit.changes else (messages, ())


def _pieces(at: int, message: Mapping[str, Json], outputs: Collection[str]) -> Iterator[Piece]:
    """Give each part of a request, and an answer as a whole: parts of it may only be sent together.

    What the user says after an answer that a tool gave is in one message with the end of that, and not about it.
    """
    parts: Sequence[SaidPart] = message["parts"]
    if message["kind"] == "response":
        yield Piece(at=at, kind="response", parts=parts)
        return
    results = {each["tool_name"] for each in parts if each["part_kind"] == _RESULT}
    beside = bool(results) and not results & {*outputs}
    for part in parts:
        yield Piece(at=at, kind="request", parts=[part], beside_results=beside)


def _instructions(messages: Sequence[Json], parameters: ModelRequestParameters) -> str:
    given = parameters.instruction_parts
    return own_instructions(messages) if given is None else "\n\n".join(each.content for each in given)


def _window(model: Model[object]) -> int | None:
    """Return how many tokens a model can hold; of several that may be asked, the one that holds the least."""
    known = [each.context_window or context_window(name_of(each)) for each in members_of(model)]
    sizes = [each for each in known if each is not None]
    return min(sizes) if len(sizes) == len(known) else None


def _sent(messages: Sequence[ModelMessage], pieces: Sequence[Piece], fit: FittedRequest) -> list[ModelMessage]:
    found: list[ModelMessage] = []
    summary_at, summary = fit.summary or (len(pieces), "")
    place = 0
    for message in messages:
        if isinstance(message, ModelResponse):
            if place == summary_at:
                found.append(_summary(summary))
            found += [message] if place in fit.parts else []
            place += 1
            continue
        kept: list[ModelRequestPart] = []
        for part in message.parts:
            if place == summary_at:
                found += [replace(message, parts=kept)] if kept else []
                found.append(_summary(summary))
                kept = []
            if place in fit.parts:
                kept.append(_part(part, pieces[place].parts[0], fit.parts[place][0]))
            place += 1
        found += [replace(message, parts=kept)] if kept else []
    whole = isinstance(found[-1], ModelRequest) if found else False
    return repair_messages(found) if whole else found  # an answer that goes on is no pair yet


def _summary(text: str) -> ModelRequest:
    return ModelRequest([UserPromptPart(text)])


def _part(part: ModelRequestPart, before: SaidPart, now: SaidPart) -> ModelRequestPart:
    return replace(part, content=now["content"]) if now is not before and isinstance(part, ToolReturnPart) else part
