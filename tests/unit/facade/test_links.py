"""Links: who may make them, what signs them, and when they end."""

from pathlib import Path

import pytest

from podium import App, Context, Principal, workflow
from podium.dispatch.rules.delegation.token import signed
from podium.errors import (
    AlreadyAnswered,
    ConfigError,
    NotAllowed,
    NotPossible,
    TokenRefused,
    UnknownQuestion,
    UsageError,
)
from podium.facade.handle import AnyHandle
from podium.model.link import LinkSettings
from podium.model.server import ServerSettings
from podium.testing import DrivenClock

KEY = "0123456789abcdef0123456789abcdef"


@workflow
async def asks(ctx: Context, to: str) -> str:
    return await ctx.ask("Well?", answer=str, to=to, within=3600)


async def asked(app: App, clock: DrivenClock, to: str = "ann") -> tuple[AnyHandle, str]:
    handle = await app.start(asks, to, tenant="acme")
    await clock.settle()
    return handle, (await app.inbox.list(run=handle.id)).items[0].id


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


async def test_a_link_answers_as_its_person_until_the_question_ends() -> None:
    clock = DrivenClock()
    async with App.open(":memory:", agents=[asks], clock=clock) as app:
        handle, question = await asked(app, clock)
        token = token_of(await app.inbox.link(question, for_="ann", within="30d"))
        linked = await app.inbox.linked(token)
        assert (linked.link.question, linked.link.person) == (question, "ann")
        assert linked.link.expires == clock.now() + 3600
        await linked.answer("yes")
        assert await handle.result() == "yes"
        with pytest.raises(AlreadyAnswered):
            await linked.answer("no")
        with pytest.raises(NotPossible):
            await app.inbox.link(question, for_="bob")


async def test_only_operators_make_links_for_others() -> None:
    clock = DrivenClock()
    async with App.open(":memory:", agents=[asks], clock=clock) as app:
        _, question = await asked(app, clock)
        ann = app.scoped(Principal(who="ann", tenant="acme"))
        assert await ann.inbox.link(question, for_="ANN")
        with pytest.raises(NotAllowed):
            await ann.inbox.link(question, for_="bob")
        boss = app.scoped(Principal(who="boss", tenant="acme", roles={"operator"}))
        token = token_of(await boss.inbox.link(question, for_="bob"))
        made = (await app.reports.actions()).items
        assert {(each.by, each.what, each.said["person"]) for each in made} == {
            ("ann", "make links", "ANN"), ("boss", "make links", "bob"),
        }  # fmt: skip
        with pytest.raises(NotAllowed):
            await boss.inbox.linked(token)
        with pytest.raises(UsageError):
            await app.inbox.link(question, for_="local")


async def test_the_key_is_that_of_the_settings_or_the_stores_own(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = f"{tmp_path}/a.db", DrivenClock()
    monkeypatch.setenv("LINKS_KEY", KEY)
    async with App.open(store, agents=[asks], clock=clock) as app:
        _, question = await asked(app, clock)
        own = token_of(await app.inbox.link(question, for_="ann"))
    async with App.open(store, clock=clock) as app:
        assert (await app.inbox.linked(own)).link.person == "ann"
    named = LinkSettings(key="env:LINKS_KEY", url="https://podium.example.org/")
    async with App.open(store, clock=clock, links=named) as app:
        with pytest.raises(TokenRefused):
            await app.inbox.linked(own)
        url = await app.inbox.link(question, for_="ann")
        assert url.startswith("https://podium.example.org/answer/")
        assert (await app.inbox.linked(token_of(url))).link.person == "ann"
    monkeypatch.setenv("SHORT", "short")
    async with App.open(store, clock=clock, links=LinkSettings(key="env:SHORT")) as app:
        with pytest.raises(ConfigError, match="too short"):
            await app.inbox.link(question, for_="ann")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "podium", "jti": "x", "q": "q_1", "sub": "ann", "exp": 9e9},
        {"aud": "podium.link", "jti": "x", "sub": "ann", "exp": 9e9},
    ],
    ids=["of a delegation", "of no question"],
)
async def test_what_is_signed_with_the_same_key_is_not_a_link_for_that(
    claims: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKS_KEY", KEY)
    async with App.open(":memory:", links=LinkSettings(key="env:LINKS_KEY")) as app:
        with pytest.raises(TokenRefused):
            await app.inbox.linked(signed(claims, KEY))


async def test_a_link_to_a_question_that_is_gone_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKS_KEY", KEY)
    claims: dict[str, object] = {"aud": "podium.link", "jti": "x", "q": "q_none", "sub": "ann", "exp": 9e9}
    async with App.open(":memory:", links=LinkSettings(key="env:LINKS_KEY")) as app:
        with pytest.raises(UnknownQuestion, match="q_none is gone"):
            await app.inbox.linked(signed(claims, KEY))


async def test_a_link_leads_to_where_people_reach_the_server() -> None:
    clock, server = DrivenClock(), ServerSettings(url="https://podium.example.org/")
    async with App.open(":memory:", agents=[asks], clock=clock, server=server) as app:
        _, question = await asked(app, clock)
        assert (await app.inbox.link(question, for_="ann")).startswith("https://podium.example.org/answer/")


@pytest.mark.parametrize("url", ["podium.example.org", "ftp://x", "https://x?y", "", "https://a b"])
def test_an_address_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"https://podium\.example\.org"):
        LinkSettings(url=url)


async def test_links_lead_to_where_the_server_listens_whichever_process_makes_them(tmp_store: Path) -> None:
    clock = DrivenClock()
    named = LinkSettings(url="https://podium.example.org")
    async with App.open(tmp_store, agents=[asks], clock=clock) as app, App.open(tmp_store, clock=clock) as other:
        _, question = await asked(app, clock)
        for url in ("http://127.0.0.1:9001", "http://127.0.0.1:9002/", "http://127.0.0.1:9002"):
            await app.inbox.lead_links_to(url)
            assert (await other.inbox.link(question, for_="ann")).startswith(f"{url.rstrip('/')}/answer/")
        async with App.open(tmp_store, clock=clock, links=named) as third:
            assert (await third.inbox.link(question, for_="ann")).startswith("https://podium.example.org/answer/")
        with pytest.raises(UsageError):
            await app.inbox.lead_links_to("127.0.0.1")
        with pytest.raises(NotAllowed):
            await app.scoped(Principal(who="root", tenant="acme", roles={"admin"})).inbox.lead_links_to(
                "http://evil.example"
            )
