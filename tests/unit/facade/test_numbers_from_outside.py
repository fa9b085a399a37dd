"""Numbers that callers give never lead to what belongs to another run, conversation, user or tenant."""

import base64
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import orjson
import pytest

from podium import App, Context, Principal, agent, workflow
from podium.errors import UsageError
from podium.facade.conversation_reader import ConversationReader
from podium.facade.scoped import ScopedApp
from podium.model.conversation_state import ConversationMessage, ConversationState
from podium.model.streams.event import StreamEvent

NUMBERS = sorted(
    {
        sign * (1 << bits) + more
        for bits in (0, 1, 4, 23, 24, 25, 31, 62, 63, 64, 70)
        for more in (-1, 0, 1)
        for sign in (-1, 1)
    }
)
"""On both sides of the edges of places, of SQLite's numbers and of floats."""


@agent
async def echo(text: str) -> str:
    return text.upper()


@workflow
async def chat(ctx: Context, text: str) -> str:
    return await ctx.call(echo, text, conversation=ctx.conversation)


async def events(user: ScopedApp, number: int) -> list[StreamEvent]:
    return [each async for each in (await user.handle("own")).stream(after=number)]


def cursors(number: int) -> list[str]:
    """Return cursors as a caller may forge them."""
    if not -(1 << 63) <= number < 1 << 64:
        return []
    places = ([number], [number, number], [float(number), number], [number, "a"], ["a", number], [number, None])
    return [base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=") for place in places]


def lists(user: ScopedApp) -> Sequence[Callable[..., Awaitable[object]]]:
    """Return all lists that a user may ask for; they are told by the same conditions."""
    conversations = user.conversations
    return (
        user.runs.list, conversations.list, functools.partial(conversations.search, "s"), user.reports.costs,
        user.reports.agents, user.reports.budgets, user.reports.dead_letters, user.inbox.list,
    )  # fmt: skip


Asked = Callable[[ScopedApp, int], Sequence[Awaitable[object]]]

ASKED: Mapping[str, Asked] = {
    "messages from": lambda user, number: [user.conversations.messages("own", first=number)],
    "messages up to": lambda user, number: [user.conversations.messages("own", end=number)],
    "messages between": lambda user, number: [
        user.conversations.messages("own", first=number, end=number + 8),
        user.conversations.messages("own", first=number - 8, end=number),
    ],
    "a fork": lambda user, number: [user.conversations.fork("own", f"fork {number}", at=number)],
    "an edited fork": lambda user, number: [user.conversations.fork("own", f"new {number}", at=number, edit="x")],
    "forks as they stand": lambda user, number: [user.conversations.messages(f"fork {number}")],
    "facts": lambda user, number: [user.runs.facts("own", after=number)],
    "a generation": lambda user, number: [user.runs.generation("own", number), user.runs.tree("own", number)],
    "events": lambda user, number: [events(user, number)],
    "pages": lambda user, number: [listed(limit=number) for listed in lists(user)],
    "times": lambda user, number: [
        *(listed(since=number) for listed in lists(user)), *(listed(until=number) for listed in lists(user))
    ],
    "cursors": lambda user, number: [listed(cursor=each) for listed in lists(user) for each in cursors(number)],
}  # fmt: skip


@pytest.mark.parametrize("what", ASKED)
async def test_a_number_leads_to_nothing_of_others(what: str) -> None:
    async with App.open(":memory:") as app:
        for who, name in (("bob", "before"), ("ann", "own"), ("bob", "after")):
            await app.run(chat, f"{who} said", id=name, conversation=name, tenant=who, principal=who)
        ann = app.scoped(Principal(who="ann", tenant="ann"))
        for number in NUMBERS:
            for asked in ASKED[what](ann, number):
                try:
                    found = repr(await asked)
                except UsageError as error:
                    found = str(error)
                assert "bob" not in found, number


async def exported(user: ScopedApp) -> list[str]:
    return [line async for line in user.conversations.export("own")]


AFTER_A_CHECK: Mapping[str, Callable[[ScopedApp], Awaitable[object]]] = {
    "messages": lambda user: user.conversations.messages("own"),
    "an export": exported,
    "a fork": lambda user: user.conversations.fork("own", "copy"),
    "a redaction": lambda user: user.conversations.redact("own"),
    "a deletion": lambda user: user.conversations.delete("own"),
}


@pytest.mark.parametrize("what", AFTER_A_CHECK)
async def test_what_is_read_or_changed_is_what_was_checked(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name goes to another user between the check and what comes after it."""
    async with App.open(":memory:") as app:
        await app.run(chat, "ann said", conversation="own", tenant="t", principal="ann")
        ann = app.scoped(Principal(who="ann", tenant="t", roles=frozenset({"operator"})))
        checked, whole = ConversationReader.get, list[ConversationMessage]()

        async def get(self: ConversationReader, name: str, *, tenant: str | None = None) -> ConversationState:
            found = await checked(self, name, tenant=tenant)
            if not whole:
                monkeypatch.setattr(ConversationReader, "get", checked)
                await app.conversations.delete("own", tenant="t")
                await app.run(chat, "bob said", conversation="own", tenant="t", principal="bob")
                whole.extend(await app.conversations.messages("own", tenant="t"))
            return found

        monkeypatch.setattr(ConversationReader, "get", get)
        with suppress(UsageError):
            assert "bob said" not in repr(await AFTER_A_CHECK[what](ann))
        assert await app.conversations.messages("own", tenant="t") == whole
        assert [each.name for each in await app.conversations.list()] == ["own"]
