"""`app.conversations`: what was said in them, and deleting them."""

from collections.abc import Sequence
from typing import Unpack

from podium.errors import NotPossible, UnknownConversation
from podium.facade.filters import Filters, check_filters
from podium.facade.scope import Scope
from podium.model.conversation_state import ConversationMessage, ConversationState
from podium.model.expected import NATURAL, TEXT, or_none
from podium.model.run import BlockedReason, Run, RunState
from podium.store.conversing import DeleteConversation
from podium.store.operations import CommitVerdict
from podium.store.protocol import ConversationQuery, Page


class ConversationFilters(Filters, total=False):
    """Which conversations to list; their time is when something was said last."""

    prefix: str
    """How their names begin."""


class Conversations:
    """Looks at conversations. What is said in them is said by runs: `app.run(chat, text, conversation="user-42")`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def get(self, name: str, *, tenant: str | None = None) -> ConversationState:
        """Return how a conversation stands; raises UnknownConversation.

        `tenant` is that of the scope; the operator of the app says it, else it is `default`.
        """
        TEXT.check("the name of a conversation", name)
        scope, user = self._scope, self._scope.principal
        own = (tenant or "default") if user is None else user.tenant
        found = await scope.store.conversation(own, name)
        if found is None or tenant not in (None, own) or not scope.sees(found.tenant, found.principal):
            raise UnknownConversation(
                f"no conversation is called {name!r}. `app.conversations.list()` gives those there are."
            )
        return found

    async def list(self, **filters: Unpack[ConversationFilters]) -> Page[ConversationState]:
        """Return conversations, those first in which something was said last."""
        check_filters("conversations.list", filters, ConversationFilters)
        return await self._scope.page(self._scope.store.conversations, ConversationQuery(**filters))

    async def messages(
        self, name: str, *, first: int = 0, end: int | None = None, tenant: str | None = None
    ) -> Sequence[ConversationMessage]:
        """Return the messages from one place up to another, or to the end; raises UnknownConversation."""
        NATURAL.check("first of the messages", first)
        or_none(NATURAL).check("end of the messages", end)
        found = await self.get(name, tenant=tenant)
        return await self._scope.store.messages(found.tenant, found.name, first=first, end=end)

    async def delete(self, name: str, *, tenant: str | None = None) -> None:
        """Delete a conversation with all that was said. It takes the role of an operator.

        Raises UnknownConversation, and NotPossible while a run has, or waits for, a turn in it.
        """
        parts = self._scope.for_operators("delete conversations")
        found = await self.get(name, tenant=tenant)
        verdict, _ = await parts.worker.commits.submit(DeleteConversation(found.tenant, found.name))
        if verdict is CommitVerdict.BUSY:
            held = (await self.get(name, tenant=tenant)).holder
            run = None if held is None else await self._scope.store.run(held.run)
            who = "a run" if run is None else f"run {run.id}"
            raise NotPossible(f"{who} has its turn in conversation {name!r}: {_way_out(run)}, and delete it then.")


def _way_out(holder: Run | None) -> str:
    """Return what has a run give its turn back: one that is blocked takes up no cancel before it goes on."""
    if holder is None or holder.state is not RunState.BLOCKED:
        return "wait for its end, or cancel it"
    if holder.blocked is BlockedReason.QUARANTINED:
        return "it is quarantined; retry it, or discard it"
    return (
        f"it is blocked ({holder.reason}); bring back code that it goes on with, or `podium runs repin` it to a "
        "version that does, cancel it if it is not wanted"
    )
