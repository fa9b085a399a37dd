"""What agents of all frameworks send, as it is recorded for people: as it differs from what was sent or said before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from podium.model.call import Call
from podium.model.conversation import OpenTurn
from podium.model.heard import heard_by, told_before
from podium.model.json import Json
from podium.model.parts_said import Arguments, parts_sent
from podium.model.sent import Earlier, difference, sent_message


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSent:
    """What an agent sent last, and how it was answered."""

    place: str
    """The place of its step in the call."""
    said: Mapping[str, Json]
    """As people read it."""
    answer: Json = None

    def answered(self, response: Mapping[str, Json]) -> "LastSent":
        """Return it with its answer."""
        return replace(self, answer=sent_message(response))


def told(said: Mapping[str, Json], last: LastSent | None, earlier: Earlier | None) -> Json:
    """Return how a request is recorded, after the last one of its agent.

    The first one refers to what was said `earlier` in the conversation of the call.
    """
    if last is None:
        return difference(said, None, None, "", earlier)
    return difference(said, last.said, last.answer, last.place)


async def parts_before(turn: OpenTurn | None, agent: str, arguments: Arguments) -> Earlier | None:
    """Read what was said before a call as its agent, of another framework, sends it; None where it has no turn."""
    if turn is None:
        return None
    said = heard_by(agent, await turn.messages())
    return Earlier(turn.name, turn.revision, agent, parts_sent(said, arguments), arguments)


def parts_told(call: Call, agent: str, arguments: Arguments) -> list[Json]:
    """Return what the caller tells an agent of another framework before it is asked, as it sends that."""
    return parts_sent(heard_by(agent, told_before(call)), arguments)
