"""Conversations: looking at them, and changing them. What is said in them is said by runs."""

from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse

from podium.api.body import PageBody
from podium.api.conversations import ConversationBody, ConversationForkGiven, HitBody, MessageBody
from podium.api.lists import ConversationsGiven, MessagesGiven, SaidGiven
from podium.api.runs import ReasonGiven
from podium.server.callers import OPERATES, READS, STARTS, Who, rights
from podium.server.problems import responses
from podium.server.routing import Routes
from podium.server.streaming import streamed

router = Routes("conversations")
_Tenant = Annotated[str | None, Query(description="Whose; else the own one.", min_length=1)]
_MEDIA = {"jsonl": "application/jsonl", "markdown": "text/markdown; charset=utf-8"}
_EXPORT = {
    200: {
        "description": "The conversation, line by line.",
        "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in _MEDIA.values()},
    }
}


@router.get("/conversations", openapi_extra=rights(*READS))
async def list_conversations(who: Who, given: Annotated[ConversationsGiven, Query()]) -> PageBody[ConversationBody]:
    """List conversations, those first in which something was said last."""
    page = await who.app.conversations.list(**given.filters())
    return PageBody(items=[ConversationBody.of(each) for each in page], cursor=page.cursor)


@router.get("/messages", openapi_extra=rights(*READS))
async def search_messages(who: Who, given: Annotated[SaidGiven, Query()]) -> PageBody[HitBody]:
    """Find what was said in conversations, or given by tools, newest first."""
    filters = given.filters()
    page = await who.app.conversations.search(filters.pop("text"), **filters)
    return PageBody(items=[HitBody.of(each) for each in page], cursor=page.cursor)


@router.get("/conversations/{name:path}/messages", openapi_extra=rights(*READS), responses=responses(404))
async def conversation_messages(name: str, who: Who, given: Annotated[MessagesGiven, Query()]) -> PageBody[MessageBody]:
    """List the messages of a conversation, from the first or from a place on."""
    conversations, begin = who.app.conversations, given.begin()
    end = begin + given.limit
    there = (await conversations.get(name, tenant=given.tenant)).revision
    said = await conversations.messages(name, first=begin, end=max(begin, min(end, there)), tenant=given.tenant)
    more = (await conversations.get(name, tenant=given.tenant)).revision > end
    return PageBody(items=[MessageBody.of(each) for each in said], cursor=str(end) if more else None)


@router.get(
    "/conversations/{name:path}/export", openapi_extra=rights(*READS), response_class=StreamingResponse,
    responses={**_EXPORT, **responses(404)},
)  # fmt: skip
async def export_conversation(
    name: str, who: Who, tenant: _Tenant = None,
    form: Annotated[Literal["jsonl", "markdown"], Query(description="`jsonl` has all.")] = "jsonl",
) -> StreamingResponse:  # fmt: skip
    """Give a whole conversation line by line, as JSON Lines or as Markdown."""
    return await streamed(who.app.conversations.export(name, form=form, tenant=tenant), _MEDIA[form])


@router.post(
    "/conversations/{name:path}/fork", status_code=201, openapi_extra=rights(*STARTS), responses=responses(404, 409)
)
async def fork_conversation(
    name: str, body: ConversationForkGiven, who: Who, tenant: _Tenant = None
) -> ConversationBody:
    """Begin a conversation with a copy of what was said in another one; with `edit` in other words at that place."""
    begun = await who.app.conversations.fork(
        name, body.into, at=body.at, edit=body.edit, why=body.reason, tenant=tenant
    )
    return ConversationBody.of(begun)


@router.post(
    "/conversations/{name:path}/redact", status_code=204, openapi_extra=rights(*OPERATES), responses=responses(404, 409)
)
async def redact_conversation(name: str, body: ReasonGiven, who: Who, tenant: _Tenant = None) -> None:
    """Delete the contents of a conversation, and of copies of what was said in it; who spoke, and when, stays."""
    await who.app.conversations.redact(name, why=body.reason, tenant=tenant)


@router.delete(
    "/conversations/{name:path}", status_code=204, openapi_extra=rights(*OPERATES), responses=responses(404, 409)
)
async def delete_conversation(
    name: str, who: Who, tenant: _Tenant = None,
    reason: Annotated[str, Query(description="It is recorded.")] = "by request",
) -> None:  # fmt: skip
    """Delete a conversation with all that was said in it; forks of it stay."""
    await who.app.conversations.delete(name, why=reason, tenant=tenant)


@router.get("/conversations/{name:path}", openapi_extra=rights(*READS), responses=responses(404))
async def show_conversation(name: str, who: Who, tenant: _Tenant = None) -> ConversationBody:
    """Show how a conversation stands: whose turn it is, how much was said, what it was forked from."""
    return ConversationBody.of(await who.app.conversations.get(name, tenant=tenant))
