"""An LLM agent in a conversation: what it is given of it, and what it says there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    UserContent,
    UserPromptPart,
)

from podium.agents.context.applying import ContextOfCall
from podium.agents.pydantic_ai.reading import read_by
from podium.agents.pydantic_ai.request import sent_messages
from podium.agents.pydantic_ai.storable import telling
from podium.model.call import Call
from podium.model.conversation import OpenTurn
from podium.model.corrections import without_corrections
from podium.model.heard import RESULTS, told_before
from podium.model.json import Json
from podium.model.sent import Earlier

_OF_ONE_RUN = frozenset({"run_id", "conversation_id", "instructions"})
"""Fields of a message that say of which run it was, or are said anew with each request."""
_OF_THE_AGENT = "system-prompt"
_PROMPT = "user-prompt"
_WHEN = "timestamp"


@dataclass(frozen=True, slots=True)
class TalkSoFar:
    """What an agent hears before it is asked."""

    turn: OpenTurn | None
    """None where it was called without a conversation."""
    agent: str
    """The name of the agent that hears it."""
    said: list[ModelMessage]
    """What was said in the conversation, one message by one."""
    as_said: bool
    """Whether they are what was said, and not in part what stands for what cannot be read."""
    told: list[ModelMessage]
    """What its caller tells it after that."""

    @property
    def messages(self) -> list[ModelMessage]:
        """All of it, as it is sent."""
        return requests_joined([*self.said, *self.told])

    @property
    def earlier(self) -> Earlier | None:
        """What was said in the conversation, as requests to models refer to it; None without one."""
        if self.turn is None:
            return None
        known: Sequence[Json] = sent_messages(self.said) if self.as_said else []
        return Earlier(self.turn.name, self.turn.revision, self.agent, known)

    def say(
        self,
        new: Sequence[ModelMessage],
        prompt: str | Sequence[UserContent],
        outputs: Collection[str],
        context: ContextOfCall | None,
    ) -> None:
        """Say what a run of an agent added, as it was asked: `prompt` is without what was wrong with an answer.

        `outputs` are the tools by which it answers. What was summarized for it is kept with what it says.
        """
        if self.turn is None:
            return
        said = said_by(new, prompt, outputs)
        self.turn.add(said if context is None else context.kept_with(said))


async def history_of(turn: OpenTurn | None, call: Call, agent: str) -> TalkSoFar | None:
    """Read what was said before a call, as its agent hears it; None where nobody could have said anything."""
    messages = told_before(call)
    told = read_by(agent, messages)[0] if messages else []
    if turn is None:
        return TalkSoFar(None, agent, [], as_said=True, told=told) if told else None
    said, as_said = read_by(agent, await turn.messages())
    return TalkSoFar(turn, agent, said, as_said, told)


def requests_joined(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """Return messages with requests that follow each other as one, results of tools first.

    Pydantic AI does so before it sends them, in a time that grows with the square of these.
    """
    found: list[ModelMessage] = []
    for _, group in groupby(messages, key=lambda each: each.kind):
        together = list(group)
        requests = [each for each in together if isinstance(each, ModelRequest)]
        if not requests:
            found += together
            continue
        parts = [part for each in requests for part in each.parts]
        parts.sort(key=lambda part: part.part_kind not in RESULTS)
        found.append(replace(requests[-1], parts=parts))
    return found


def said_by(
    new: Sequence[ModelMessage], prompt: str | Sequence[UserContent], outputs: Collection[str] = ()
) -> list[Json]:
    """Return what a run added as it is kept: without instructions, which each agent has of its own, and ids of runs.

    Answers that did not fit are left out, with what was wrong with them.
    """
    found: list[Json] = []
    asked: Json = ModelMessagesTypeAdapter.dump_python([ModelRequest([UserPromptPart(prompt)])], mode="json")
    content = asked[0]["parts"][0]["content"]
    told: Json = ModelMessagesTypeAdapter.dump_python(list(new), mode="json")
    for message in without_corrections(told, outputs):
        parts = [_part(each) for each in message["parts"] if each["part_kind"] != _OF_THE_AGENT]
        if not found:
            parts = [{**each, "content": content} if each["part_kind"] == _PROMPT else each for each in parts]
        if parts:
            found.append({**_message(message), "parts": parts})
    return found


def _message(message: Mapping[str, Json]) -> dict[str, Json]:
    return {name: each for name, each in telling(message).items() if name not in _OF_ONE_RUN and each not in ([], {})}


def _part(part: Mapping[str, Json]) -> Json:
    """Return what a part says; when it was said stands beside the message."""
    return {name: each for name, each in telling(part).items() if name != _WHEN}
