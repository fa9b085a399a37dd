"""Keys: who has one is known, until it ends; a workflow that it is not for is refused; changes are written down."""

from pathlib import Path

import pytest

from podium import App, Context, Principal, workflow
from podium.errors import NotAllowed, NotPossible, TokenRefused, UsageError
from podium.facade.scoped import ScopedApp
from podium.model.api_key import id_of_key
from podium.operations.api_keys import ApiKeys
from podium.testing import CountingIds, DrivenClock


@workflow
async def desk(_: Context, text: str) -> str:
    return text


@workflow
async def errand(ctx: Context, text: str) -> str:
    return await ctx.ask(text, answer=str)


def checking(app: App, clock: DrivenClock) -> ApiKeys:
    return ApiKeys(book=app.store.keys, clock=clock, ids=CountingIds())


def admin(app: App) -> ScopedApp:
    return app.scoped(Principal(who="root", tenant="home", roles={"admin"}))


async def refused(keys: ApiKeys, secret: str) -> str:
    with pytest.raises(TokenRefused) as error:
        await keys.known(secret)
    return str(error.value)


async def test_whoever_has_a_key_is_known_by_it_and_by_nothing_like_it(tmp_store: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_store, clock=clock) as app:
        made = await app.keys.create("ci", who="bot", tenant="acme", roles={"operator"}, workflows=("desk",), by="ann")
        keys = checking(app, clock)
        assert (await keys.known(made.secret)).principal == Principal(
            who="bot", tenant="acme", roles={"operator"}, workflows=("desk",)
        )
        name, _, secret = made.secret.partition(".")
        assert id_of_key(made.secret) == made.key.id
        for wrong in (
            "",
            ".",
            name,
            f"{name}.",
            f"{name}.{secret}x",
            f"{name}x.{secret}",
            secret,
            f"podium_x.{secret}",
        ):
            assert "unknown" in await refused(keys, wrong)
        assert made.secret.encode() not in b"".join(path.read_bytes() for path in tmp_store.parent.iterdir())
        assert secret not in repr(made.key)
        [key] = await app.keys.list()
        assert (key.made_by, key.used_at) == ("ann", clock.now())


async def test_a_rotated_key_has_both_secrets_for_as_long_as_was_said(tmp_store: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_store, clock=clock) as app:
        old = await app.keys.create("ci", who="bot")
        new = await app.keys.rotate(old.key.id, grace="1h")
        keys = checking(app, clock)
        await clock.advance(3_599)
        assert {(await keys.known(each.secret)).id for each in (old, new)} == {old.key.id}
        await clock.advance(1)
        assert "another one has taken its place" in await refused(keys, old.secret)
        assert (await keys.known(new.secret)).who == "bot"


async def test_a_key_ends_when_it_expires_and_when_it_is_revoked(tmp_store: Path) -> None:
    clock = DrivenClock()
    async with App.open(tmp_store, clock=clock) as app:
        short, long = await app.keys.create("s", who="bot", expires_in=60), await app.keys.create("l", who="bot")
        keys = checking(app, clock)
        await clock.advance(60)
        assert f"{short.key.id} is expired" in await refused(keys, short.secret)
        await app.keys.revoke(long.key.id)
        assert f"{long.key.id} is revoked" in await refused(keys, long.secret)
        for key in (short.key.id, long.key.id):
            with pytest.raises(NotPossible, match="already: make another one"):
                await app.keys.rotate(key)
        with pytest.raises(NotPossible, match="revoked already"):
            await app.keys.revoke(long.key.id)
        with pytest.raises(NotPossible, match="no key is called 'key_none'"):
            await app.keys.revoke("key_none")


@pytest.mark.parametrize("who", ["local", "delegation:dlg_1"])
async def test_no_key_is_for_somebody_who_stands_for_somebody_else(who: str, tmp_store: Path) -> None:
    async with App.open(tmp_store) as app:
        with pytest.raises(UsageError, match=r"call the user otherwise|those of delegations"):
            await app.keys.create("ci", who=who)
        assert list(await app.keys.list()) == []


async def test_whoever_is_held_to_some_workflows_starts_and_changes_no_others(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[desk, errand]) as app:
        ann = app.scoped(Principal(who="ann", tenant="acme"))
        run, own = await ann.start(errand, "x"), await ann.start(desk, "x")
        held = app.scoped(Principal(who="ann", tenant="acme", roles={"operator"}, workflows=("de*", "other")))
        assert await held.run(desk, "y") == "y"
        assert {each.workflow for each in (await held.runs.list()).items} == {"desk", "errand"}
        with pytest.raises(NotAllowed, match=r"may not start runs of errand: it may of de\*, other"):
            await held.start(errand, "y")
        for change in (
            (await held.handle(run.id)).cancel, lambda: held.operations.retry(run.id),
            lambda: held.operations.prune(0.0, why="test"), lambda: held.operations.retain(0.0, why="test"),
            lambda: held.operations.repin_all("errand", "1", "1"),
        ):  # fmt: skip
            with pytest.raises(NotAllowed, match=r"it may of de\*, other"):
                await change()
        [told] = await held.operations.requeue(run.id)
        assert "it may of" in told.error
        with pytest.raises(NotPossible):  # it has the right to, and the run has not failed
            await held.operations.retry(own.id)


async def test_who_asked_for_a_change_is_written_down_before_it_is_tried(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[desk, errand], ids=CountingIds()) as app:
        ann = app.scoped(Principal(who="ann", tenant="acme", roles={"operator"}))
        run = await ann.start(errand, "x")
        await (await ann.handle(run.id)).signal("go")
        with pytest.raises(NotPossible):
            await ann.operations.retry(run.id)
        await (await admin(app).handle(run.id)).cancel()
        with pytest.raises(NotAllowed):
            await app.scoped(Principal(who="eve", tenant="acme")).operations.retry(run.id)
        made = await admin(app).keys.create("ci", who="bot", tenant="acme")
        assert [(each.by, each.what, each.about) for each in (await ann.reports.actions()).items] == [
            ("root", "create keys", made.key.id), ("root", "cancel runs", run.id), ("ann", "retry runs", run.id),
            ("ann", "signal runs", run.id),
        ]  # fmt: skip
        bob = app.scoped(Principal(who="bob", tenant="acme"))
        assert (await bob.reports.actions()).items == ()
        assert {each.what for each in (await app.reports.actions(about=run.id, principal="root")).items} == {
            "cancel runs"
        }


async def test_what_the_app_itself_does_is_not_written_down_as_of_a_user(tmp_store: Path) -> None:
    async with App.open(tmp_store, agents=[errand]) as app:
        await (await app.start(errand, "x")).cancel()
        assert (await app.reports.actions()).items == ()
