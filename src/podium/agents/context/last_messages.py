"""The rule that sends the last messages."""

from dataclasses import dataclass

from podium.agents.context.draft import Draft
from podium.agents.context.summaries import Summaries
from podium.model.expected import COUNT


@dataclass(frozen=True, slots=True, repr=False)
class LastMessages:
    """Sends the last messages of a conversation, so many at most, and what is always sent.

    Fewer where one more would come without its question, or a use of a tool without its result. The last question and
    what it is answered from count; pinned messages do not. Raises UsageError for what is no number from 1 on.
    """

    messages: int

    def __post_init__(self) -> None:
        COUNT.check("LastMessages(…)", self.messages)

    def __repr__(self) -> str:
        return f"LastMessages({self.messages})"

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Leave out what is older."""
        given = draft.required & draft.sent
        last = draft.last_of(draft.sent - draft.required - draft.pinned, self.messages, given)
        draft.send_only(given | last, self)
