"""Looking at conversations: which there are, what was said in them, and where."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Unpack

from podium.errors import UnknownConversation, UsageError
from podium.facade.filters import SEARCHED, Filters, check_filters
from podium.facade.sight import Sight
from podium.model.conversation_state import ConversationHit, ConversationMessage, ConversationState
from podium.model.expected import NATURAL, TEXT, Expected, one_of, or_none
from podium.reports.transcript import TRANSCRIPTS, TranscriptForm
from podium.store.protocol import ConversationQuery, Page, SaidQuery


class ConversationFilters(Filters, total=False):
    """Which conversations to list; their time is when something was said last."""

    prefix: str
    """How their names begin."""


class SaidFilters(Filters, total=False):
    """In which messages to search; their time is when they were said."""

    conversation: str | None
    """Only in the conversation of this name."""


_SEARCHED = Expected(f"{SEARCHED.words}, and not empty", lambda value: SEARCHED.fits(value) and value != "")
_FORM = one_of(tuple(TRANSCRIPTS))


class ConversationReader:
    """Looks at conversations."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    async def get(self, name: str, *, tenant: str | None = None) -> ConversationState:
        """Return how a conversation stands; raises UnknownConversation.

        `tenant` is that of the scope; an admin and the operator of the app may say another one.
        """
        TEXT.check("the name of a conversation", name)
        sight = self._sight
        own = sight.tenant(tenant)
        found = await sight.store.conversation(own, name)
        if found is None or tenant not in (None, own) or not sight.sees(found.tenant, found.principal):
            others = await sight.tenants_with(name) if tenant is None else []
            raise UnknownConversation(
                f"no conversation is called {name!r}"
                + (
                    f" in the tenant {own!r}; there is one in {', '.join(map(repr, others))}: say `tenant`"
                    if others
                    else ""
                )
                + ". `app.conversations.list()`, or `podium conversations list`, gives those there are."
            )
        return found

    async def list(self, **filters: Unpack[ConversationFilters]) -> Page[ConversationState]:
        """Return conversations, those first in which something was said last.

        One in which something is said while page after page is read comes at the end, again where it was there before.
        """
        check_filters("conversations.list", filters, ConversationFilters)
        return await self._sight.page(self._sight.store.conversations, ConversationQuery(**filters))

    async def messages(
        self, name: str, *, first: int = 0, end: int | None = None, tenant: str | None = None
    ) -> Sequence[ConversationMessage]:
        """Return the messages from one place up to another, or to the end; raises UnknownConversation."""
        NATURAL.check("first of the messages", first)
        or_none(NATURAL).check("end of the messages", end)
        found = await self.get(name, tenant=tenant)
        return await self._sight.store.messages(found.tenant, found.name, first=first, end=end, n=found.n)

    async def search(self, text: str, /, **filters: Unpack[SaidFilters]) -> Page[ConversationHit]:
        """Return the messages in which a text stands, newest first, each with what stands around it.

        It is looked for in what was said and what tools gave, in either case of ASCII letters.
        """
        if filters.get("text") is not None:
            raise UsageError("conversations.search takes one text: give it first, and leave `text=` out.")
        check_filters("conversations.search", {**filters, "text": text}, SaidFilters, text=_SEARCHED)
        return await self._sight.page(self._sight.store.said, replace(SaidQuery(**filters), text=text))

    async def export(
        self, name: str, *, form: TranscriptForm = "jsonl", tenant: str | None = None
    ) -> AsyncIterator[str]:
        """Give a whole conversation line by line: all of it as JSON (`jsonl`), or for people as `markdown`.

        Of `jsonl` the first line says how the conversation stands, and each other one is a message, as Pydantic AI
        reads it. Raises UnknownConversation.
        """
        _FORM.check("form of the export", form)
        found = await self.get(name, tenant=tenant)
        said = await self._sight.store.messages(found.tenant, found.name, end=found.revision, n=found.n)
        for line in TRANSCRIPTS[form](found, said):
            yield line
