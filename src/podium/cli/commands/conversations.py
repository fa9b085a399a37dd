"""`podium conversations`: what was said in them, what they cost; forking, redacting and deleting them."""

import dataclasses
import json
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import typer

from podium.app import App
from podium.cli.commands.inbox import login
from podium.cli.console import CONSOLE
from podium.cli.moments import instant
from podium.cli.opening import drive, existing, look
from podium.cli.options import (
    PAGE,
    CursorOption,
    JsonOption,
    LimitOption,
    SinceOption,
    StoreOption,
    TenantOption,
    UntilOption,
)
from podium.cli.output import count, iso, moment, money, note_next, one_line, print_json, print_table
from podium.cli.whole_file import write_whole
from podium.facade.conversation_reader import ConversationFilters
from podium.facade.reader import Reader
from podium.formats.printable import in_line, printable
from podium.model.conversation_state import ConversationHit, ConversationMessage, ConversationState
from podium.model.cost import Cost
from podium.model.json import Json
from podium.reports.transcript import TranscriptForm, message_text
from podium.secrets.masking import MASKING
from podium.store.protocol import Page

T = TypeVar("T")

commands = typer.Typer(help="What was said in conversations; fork, redact, delete them.", rich_markup_mode=None)

_NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a conversation.")]
_OwnerOption = Annotated[
    str | None, typer.Option("--tenant", metavar="NAME", help="Whose conversation; `default` where nothing is said.")
]
_ByOption = Annotated[str | None, typer.Option(metavar="NAME", help="Who does it; else who is logged in.")]
_WhyOption = Annotated[str, typer.Option(help="Why; it is recorded.")]


@commands.command("list")
def list_conversations(
    prefix: Annotated[str | None, typer.Option(metavar="TEXT", help="How their names begin.")] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Only where this stands, also in messages.")] = None,
    principal: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this user.")] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List conversations, those first in which something was said last; --since and --until are about that time."""
    conditions: ConversationFilters = {
        "text": text, "principal": principal, "tenant": tenant, "since": instant(since, "--since"),
        "until": instant(until, "--until"), "limit": limit, "cursor": cursor,
    }  # fmt: skip
    if prefix is not None:
        conditions["prefix"] = prefix
    found = look(store, lambda reader: reader.conversations.list(**conditions))
    note_next(found.cursor)
    if as_json:
        print_json([_state_json(each) for each in found])
    elif not found:
        print("no such conversations")
    else:
        print_table(("CONVERSATION", "TENANT", "OF", "MESSAGES", "LAST", "TURN"), [_row(each) for each in found])


@commands.command("show")
def show(
    name: _NameArgument, tenant: _OwnerOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Print a conversation: whose turn it is, what it cost, and all that was said."""
    found = look(store, lambda reader: _shown(reader, name, tenant))
    if as_json:
        messages = [{**dataclasses.asdict(each), "at": iso(each.at), "edited": each.edited} for each in found.said]
        print_json({**_state_json(found.state), "cost": _cost_json(found.cost), "messages": messages})
        return
    _print_state(found.state, found.cost)
    for each in found.said:
        edited = ", edited" if each.edited else ""
        print(f"\n{each.place}  {in_line(each.author)}, {moment(each.at)}{edited}")
        for line in printable(MASKING.text(message_text(each.message))).splitlines():
            print(f"   {line}")


@commands.command("search")
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is looked for, in either case of ASCII letters.")],
    conversation: Annotated[str | None, typer.Option(metavar="NAME", help="Only in this conversation.")] = None,
    principal: Annotated[str | None, typer.Option(metavar="NAME", help="Only in conversations of this user.")] = None,
    tenant: TenantOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = PAGE,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what was said in conversations, or given by tools, newest first."""
    begin, end = instant(since, "--since"), instant(until, "--until")

    async def searched(reader: Reader) -> Page[ConversationHit]:
        return await reader.conversations.search(
            text, conversation=conversation, principal=principal, tenant=tenant, since=begin, until=end, limit=limit,
            cursor=cursor,
        )  # fmt: skip

    found = look(store, searched)
    note_next(found.cursor)
    if as_json:
        print_json([{**dataclasses.asdict(each), "at": iso(each.at)} for each in found])
    elif not found:
        print("nothing of that was said")
    else:
        print_table(("CONVERSATION", "PLACE", "AUTHOR", "AT", "TEXT"), [_hit(each) for each in found])


@commands.command("export")
def export(
    name: _NameArgument,
    form: Annotated[
        TranscriptForm, typer.Option(help="`jsonl` has all and can be read again; `markdown` is for people.")
    ] = "jsonl",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file, written whole or not at all; else it is printed."),
    ] = None,
    tenant: _OwnerOption = None,
    store: StoreOption = None,
) -> None:
    """Print a whole conversation as JSON Lines or Markdown, or write it to a file."""

    async def lines(reader: Reader) -> list[str]:
        return [line async for line in reader.conversations.export(name, form=form, tenant=tenant)]

    told = [_safe(line, form) for line in look(store, lines)]
    if out is None:
        for line in told:
            print(line)
        return
    write_whole(out, told, "the export")
    print(f"{count(len(told), 'line')}: {out}")


@commands.command("fork")
def fork(
    name: _NameArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The name of the new conversation.")],
    at: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="With the messages before this place; else with all.")
    ] = None,
    edit: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The message at that place follows, in these words.")
    ] = None,
    why: _WhyOption = "",
    by: _ByOption = None,
    tenant: _OwnerOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin a conversation with a copy of what was said in another one; go on with podium run --conversation INTO."""
    who = by or login()

    async def work(app: App) -> ConversationState:
        return await app.conversations.fork(name, into, at=at, edit=edit, why=why, by=who, tenant=tenant)

    begun = _changed(store, work)
    if as_json:
        print_json(_state_json(begun))
    else:
        print(f"{begun.name} begins with {count(begun.revision, 'message')} of {name}")


@commands.command("redact")
def redact(
    name: _NameArgument,
    why: _WhyOption,
    by: _ByOption = None,
    tenant: _OwnerOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete the contents of a conversation, and of the copies of what was said in it; who spoke, and when, stays."""
    _delete(store, "redacted", lambda app: app.conversations.redact(name, why=why, by=by or login(), tenant=tenant),
            name, as_json=as_json)  # fmt: skip


@commands.command("delete")
def delete(
    name: _NameArgument,
    why: _WhyOption,
    by: _ByOption = None,
    tenant: _OwnerOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a conversation with all that was said in it; forks of it stay."""
    _delete(store, "deleted", lambda app: app.conversations.delete(name, why=why, by=by or login(), tenant=tenant),
            name, as_json=as_json)  # fmt: skip


def _delete(
    store: str | None, what: str, change: Callable[[App], Coroutine[object, None, None]], name: str, *, as_json: bool
) -> None:
    _changed(store, change)
    if as_json:
        print_json({"conversation": name, "state": what})
    else:
        print(f"conversation {name} is {what}")


def _changed(store: str | None, change: Callable[[App], Coroutine[object, None, T]]) -> T:
    async def work() -> T:
        async with App.open(config=existing(store)) as app:
            return await change(app)

    return drive(work())


class _Shown(NamedTuple):
    state: ConversationState
    cost: Cost | None
    said: Sequence[ConversationMessage]


async def _shown(reader: Reader, name: str, tenant: str | None) -> _Shown:
    state = await reader.conversations.get(name, tenant=tenant)
    said = await reader.conversations.messages(name, end=state.revision, tenant=tenant)
    costs = await reader.reports.costs(by="conversation", conversation=name, tenant=state.tenant)
    return _Shown(state, next(iter(costs), None), said)


def _safe(line: str, form: TranscriptForm) -> str:
    """Return a line as it is printed, or written to a file: of JSON, what the console cannot show is escaped."""
    line = printable(MASKING.text(line))
    if form == "markdown" or CONSOLE.shows(line):
        return line
    return "".join(each if each.isascii() else json.dumps(each)[1:-1] for each in line)


def _print_state(state: ConversationState, cost: Cost | None) -> None:
    began, last = moment(state.created_at), moment(state.changed_at)
    print(
        f"conversation {in_line(state.name)} of {in_line(state.principal)}, tenant {in_line(state.tenant)}: "
        f"{count(state.revision, 'message')}, begun {began}, last {last}"
    )
    if state.forked_from is not None:
        print(f"a fork of {in_line(state.forked_from)} at place {state.forked_at}")
    if (holder := state.holder) is not None:
        waits = "" if holder.question is None else f", which waits for a person: podium inbox show {holder.question}"
        behind = f"; {state.waiting} wait behind it" if state.waiting else ""
        print(f"run {holder.run} has its turn there, at {holder.key}{waits}{behind}")
    if cost is not None:
        doubt = f", {money(cost.in_doubt)} in doubt" if cost.in_doubt else ""
        print(
            f"cost {money(cost.usd)}{doubt}: {count(cost.requests, 'request')}, {cost.input_tokens:,} tokens in, "
            f"{cost.output_tokens:,} out"
        )


def _row(each: ConversationState) -> tuple[str, ...]:
    turn = "" if each.holder is None else each.holder.question or each.holder.run
    return (
        one_line(each.name), one_line(each.tenant, 40), one_line(each.principal, 40), str(each.revision),
        moment(each.changed_at), f"{turn} +{each.waiting}" if each.waiting else turn,
    )  # fmt: skip


def _hit(each: ConversationHit) -> tuple[str, ...]:
    where = one_line(each.conversation), str(each.place), one_line(each.author, 40)
    return *where, moment(each.at), one_line(MASKING.text(each.excerpt), 160)


def _state_json(each: ConversationState) -> Json:
    told = {**dataclasses.asdict(each), "created_at": iso(each.created_at), "changed_at": iso(each.changed_at)}
    return {name: value for name, value in told.items() if name != "n"}


def _cost_json(cost: Cost | None) -> Json:
    """Return what was spent; None where nothing that costs was done."""
    return None if cost is None else {
        "usd": cost.usd, "in_doubt_usd": cost.in_doubt, "requests": cost.requests,
        "input_tokens": cost.input_tokens, "output_tokens": cost.output_tokens, "unpriced": cost.unpriced,
    }  # fmt: skip
