"""What is sent of the items of an agent of the OpenAI Agents SDK, by the rules for its context."""

from collections.abc import Iterator, Sequence

from agents import TResponseInputItem

from podium.agents.context.draft import FittedRequest
from podium.agents.context.piece import Piece
from podium.agents.frameworks.recorder import Recorder
from podium.agents.frameworks.request import AskedModel
from podium.agents.openai_agents.messages import pieces_of
from podium.model.json import Json

Items = str | list[TResponseInputItem]


async def fitted(input: Items, asked: AskedModel, recorder: Recorder) -> tuple[Items, Json]:
    """Return the items that are sent, and what each rule did; None where there are no rules.

    Raises ContextTooLong where they would not fit.
    """
    items: list[TResponseInputItem] = [{"role": "user", "content": input}] if isinstance(input, str) else input
    pieces = pieces_of(items)
    fit = await recorder.fit(asked.whole(pieces))
    if fit is None:
        return input, None
    return list(_sent(items, pieces, fit)) if fit.changes else input, [each.as_json() for each in fit.changes]


def _sent(
    items: Sequence[TResponseInputItem], pieces: Sequence[Piece], fit: FittedRequest
) -> Iterator[TResponseInputItem]:
    at, summary = fit.summary or (len(items), "")
    for place, item in enumerate(items):
        if place == at:
            yield {"role": "user", "content": summary}
        if place in fit.parts:
            parts = fit.parts[place]
            yield item if parts is pieces[place].parts else _with_result(item, parts[0]["content"])


def _with_result(item: TResponseInputItem, result: Json) -> TResponseInputItem:
    call_id = item.get("call_id")
    assert isinstance(call_id, str)
    return {"type": "function_call_output", "call_id": call_id, "output": result}
