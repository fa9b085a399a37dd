"""Pages of lists that are read whole: what comes and goes meanwhile leaves nothing out."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podium import App, Principal
from podium.errors import InvalidValue, UsageError
from podium.model.delegation import Delegation, DelegationSettings
from podium.model.webhooks import WebhookSettings
from podium.store.protocol import Page

HOOKS = WebhookSettings(key="a long secret of the installation")
GRANTS = DelegationSettings(key="a long secret of the installation, 32 bytes")

Listed = Callable[..., Awaitable[Page[Any]]]


async def _key(app: App, name: str) -> None:
    await app.keys.create(name, who=name)


async def _session(app: App, name: str) -> None:
    await app.keys.remembering().begin(Principal(who=name, tenant="default"), lasts=3_600)


async def _hook(app: App, name: str) -> None:
    await app.webhooks.create(name, "https://shop.example/hooks")


async def _grant(app: App, name: str) -> None:
    await app.delegations.issue(Delegation(by=name, to="crm"))


LISTS: dict[str, tuple[Callable[[App, str], Awaitable[None]], Callable[[App], Listed], Callable[[Any], str]]] = {
    "keys": (_key, lambda app: app.keys.list, lambda each: each.who),
    "sessions": (_session, lambda app: app.keys.sessions, lambda each: each.who),
    "webhooks": (_hook, lambda app: app.webhooks.list, lambda each: each.name),
    "delegations": (_grant, lambda app: app.delegations.list, lambda each: each.delegation.by),
}
GOES: dict[str, Callable[[App, Any], Awaitable[object]]] = {
    "webhooks": lambda app, each: app.webhooks.delete(each.id),
    "sessions": lambda app, each: app.keys.remembering().end(each.id),
}
"""What is gone once it is deleted."""


@pytest.mark.parametrize("what", LISTS)
async def test_pages_have_all_that_was_there_once_and_what_came_meanwhile(what: str) -> None:
    make, listed, name = LISTS[what]
    async with App.open(":memory:", webhooks=HOOKS, delegation=GRANTS) as app:
        for each in "abcde":
            await make(app, each)
        page = await listed(app)(limit=2)
        found = [name(each) for each in page]
        await make(app, "f")
        if what in GOES:
            await GOES[what](app, page[1])  # the one at which the next page begins
        while page.cursor is not None:
            page = await listed(app)(limit=2, cursor=page.cursor)
            found += [name(each) for each in page]
        assert found == [*"abcdef"]
        assert (await listed(app)(limit=6)).cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "bm90IGpzb24", "WzEsMl0", "WzEsICJhIiwgMV0"])
@pytest.mark.parametrize("what", LISTS)
async def test_a_cursor_that_no_page_gave_is_refused(what: str, cursor: str) -> None:
    async with App.open(":memory:", webhooks=HOOKS, delegation=GRANTS) as app:
        with pytest.raises(InvalidValue, match="cursor"):
            await LISTS[what][1](app)(cursor=cursor)
        with pytest.raises((InvalidValue, UsageError), match="limit"):
            await LISTS[what][1](app)(limit=0)
