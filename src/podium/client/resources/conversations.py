"""Conversations: looking at them, and changing them. What is said in them is said by runs."""

from typing import Literal, TypeVar

from typing_extensions import Unpack

from podium.api.body import PageBody
from podium.api.conversations import ConversationBody, ConversationForkGiven, HitBody, MessageBody
from podium.api.lists import ConversationsGiven, MessagesGiven, SaidGiven
from podium.api.runs import ReasonGiven
from podium.client.api_call import ApiCall, delete, get, page, post
from podium.client.endpoint import Resource, endpoint, listed, streamed
from podium.client.lines import LineCall, lines_of
from podium.client.resources.filters import ConversationsQuery, MessagesQuery, SearchQuery
from podium.client.ways import Awaiting, Blocking

W = TypeVar("W", Blocking, Awaiting)


class ConversationsClient(Resource[W]):
    """`client.conversations`."""

    @endpoint
    def get(self, name: str, *, tenant: str | None = None) -> ApiCall[ConversationBody]:
        """Return how a conversation stands: whose turn it is, how much was said, what it was forked from."""
        return get("/conversations/{name}", ConversationBody, {"tenant": tenant}, name=name)

    @listed
    def messages(self, name: str, **filters: Unpack[MessagesQuery]) -> ApiCall[PageBody[MessageBody]]:
        """List what was said in a conversation, from the beginning or from a place on."""
        return page("/conversations/{name}/messages", PageBody[MessageBody], MessagesGiven, filters, name=name)

    @listed
    def search(self, text: str, **filters: Unpack[SearchQuery]) -> ApiCall[PageBody[HitBody]]:
        """Find what was said in conversations, or given by tools, newest first."""
        return page("/messages", PageBody[HitBody], SaidGiven, {"text": text, **filters})

    @streamed
    def export(
        self, name: str, *, form: Literal["jsonl", "markdown"] = "jsonl", tenant: str | None = None
    ) -> LineCall[str]:
        """Give a whole conversation line by line, as text: as JSON Lines, which has all of it, or as Markdown."""
        asked = get("/conversations/{name}/export", str, {"form": form, "tenant": tenant}, name=name)
        return lines_of(asked, "application/jsonl" if form == "jsonl" else "text/markdown")

    @endpoint
    def fork(
        self,
        name: str,
        into: str,
        *,
        at: int | None = None,
        edit: str | None = None,
        reason: str = "",
        tenant: str | None = None,
    ) -> ApiCall[ConversationBody]:
        """Begin the conversation `into` with a copy of what was said in another one, or of what stands before a place.

        With `edit` the message at that place follows, in these words.
        """
        given = ConversationForkGiven(into=into, at=at, edit=edit, reason=reason)
        return post("/conversations/{name}/fork", ConversationBody, given, query={"tenant": tenant}, name=name)

    @endpoint
    def redact(self, name: str, *, reason: str, tenant: str | None = None) -> ApiCall[None]:
        """Delete the contents of a conversation, and of copies of what was said in it; who spoke, and when, stays."""
        given = ReasonGiven(reason=reason)
        return post("/conversations/{name}/redact", type(None), given, query={"tenant": tenant}, again=True, name=name)

    @endpoint
    def delete(self, name: str, *, reason: str, tenant: str | None = None) -> ApiCall[None]:
        """Delete a conversation with all that was said in it; forks of it stay."""
        return delete("/conversations/{name}", {"reason": reason, "tenant": tenant}, name=name)

    @listed
    def list(self, **filters: Unpack[ConversationsQuery]) -> ApiCall[PageBody[ConversationBody]]:
        """List conversations, those first in which something was said last."""
        return page("/conversations", PageBody[ConversationBody], ConversationsGiven, filters)
