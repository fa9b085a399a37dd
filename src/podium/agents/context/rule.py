"""What a rule for the context of a model is."""

from typing import Protocol

from podium.agents.context.draft import Draft
from podium.agents.context.summaries import Summaries


class ContextRule(Protocol):
    """Shortens what is sent to a model, as `LastMessages` and the others do."""

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Shorten a request. What it does is the same whenever it is handed the same."""
        ...
