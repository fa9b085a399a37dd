"""What is sent of the messages of an agent of LangChain, by the rules for its context."""

from collections.abc import Iterator, Sequence

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from podium.agents.context.draft import FittedRequest
from podium.agents.context.piece import Piece
from podium.agents.frameworks.recorder import Recorder
from podium.agents.frameworks.request import AskedModel
from podium.agents.langchain.messages import pieces_of
from podium.model.json import Json


async def fitted(messages: list[BaseMessage], asked: AskedModel, recorder: Recorder) -> tuple[list[BaseMessage], Json]:
    """Return the messages that are sent, and what each rule did; None where there are no rules.

    Raises ContextTooLong where they would not fit. The requests of other agents than the one that is called, such as
    those that a node of its graph asks by a name of their own, are left alone.
    """
    pieces = pieces_of(messages)
    fit = None if asked.agent else await recorder.fit(asked.whole(pieces))
    if fit is None:
        return messages, None
    return list(_sent(messages, pieces, fit)) if fit.changes else messages, [each.as_json() for each in fit.changes]


def _sent(messages: Sequence[BaseMessage], pieces: Sequence[Piece], fit: FittedRequest) -> Iterator[BaseMessage]:
    at, summary = fit.summary or (len(messages), "")
    for place, message in enumerate(messages):
        if place == at:
            yield HumanMessage(summary)
        if place in fit.parts:
            parts = fit.parts[place]
            yield message if parts is pieces[place].parts else _with_result(message, parts[0]["content"])


def _with_result(message: BaseMessage, result: Json) -> BaseMessage:
    assert isinstance(message, ToolMessage)
    return message.model_copy(update={"content": result})
