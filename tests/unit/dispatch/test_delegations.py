"""Delegations: tokens that are taken or refused, what a delegated run may do, and how it ends."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from podium import Context, agent, workflow
from podium.agents.card import CardedAgent
from podium.agents.shape import shape_of
from podium.dispatch.rules.delegation.delegations import objection
from podium.dispatch.rules.delegation.token import claims_of, signed
from podium.errors import ConfigError, InvalidValue, RunFailed, TokenRefused
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.delegation import Delegation, Granted
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps
from tests.unit.engine.bench import Bench

KEY = "0123456789abcdef0123456789abcdef"
OTHER_KEY = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("DELEGATION_KEY", KEY)
    return Bench(tmp_path)


SETTINGS: dict[str, Any] = {"delegation": {"key": "env:DELEGATION_KEY", "audience": "shop"}}


@agent
async def mail(message: dict[str, str]) -> str:
    return f"to {message['to']}"


@workflow
async def notify(ctx: Context, to: str) -> str:
    return await ctx.call(mail, {"to": to})


@workflow
async def patient(ctx: Context, to: str) -> str:
    await ctx.call(mail, {"to": to})
    await ctx.sleep(100)
    return await ctx.call(mail, {"to": to})


class Two(CardedAgent[str, Json]):
    """Uses a tool, waits until the test goes on, and uses another."""

    used: list[str]
    between: asyncio.Event
    first: asyncio.Event

    async def run(self, call: Call, steps: Steps) -> Outcome:
        for name in ("hammer", "saw"):

            async def use(name: str = name) -> Json:
                self.used.append(name)
                return name

            await steps.once(f"tool/{name}", use)
            self.first.set()
            await self.between.wait()
        return Done("built")


def shop_bot(**more: Any) -> Delegation:
    return replace(Delegation(by="ada", to="shop-bot"), **more)


async def test_a_token_starts_a_run_on_behalf_of_who_granted_it(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        handle = await app.redeem(await app.delegations.grant(shop_bot(tenant="acme")), "notify", "bob")
        assert await handle.result() == "to bob"
        (granted,) = await app.delegations.all()
        run = await handle.status()
        assert (run.principal, run.tenant, granted.used) == (f"delegation:{granted.id}", "acme", 1)


async def test_the_quota_holds_over_a_restart_and_for_many_at_once(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        token = await app.delegations.grant(shop_bot(quota=3))
        await app.redeem(token, "notify", "bob")
    async with bench.app(notify, mail, **SETTINGS) as app:
        tried = await asyncio.gather(*(app.redeem(token, "notify", f"n{n}") for n in range(20)), return_exceptions=True)
        assert sum(isinstance(each, TokenRefused) for each in tried) == 18
        assert (await app.delegations.all())[0].used == 3
        assert len(await app.runs.list()) == 3


@pytest.mark.parametrize(
    ("delegation", "workflow_name", "message"),
    [
        (shop_bot(agents=("mail",)), "notify", "is not for notify: it is for mail"),
        (shop_bot(expires=10.0), "notify", "has expired"),
        (shop_bot(arguments={"notify": {"to": "*@example.org"}}), "notify", "only with to like"),
    ],
)
async def test_a_token_for_something_else_starts_nothing_and_counts_nothing(
    bench: Bench, delegation: Delegation, workflow_name: str, message: str
) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        expires = None if delegation.expires is None else bench.clock.now() + delegation.expires
        token = await app.delegations.grant(replace(delegation, expires=expires))
        await bench.clock.advance(10)
        with pytest.raises(TokenRefused, match=message):
            await app.redeem(token, workflow_name, "bob")
        assert (await app.delegations.all())[0].used == 0
        assert not await app.runs.list()


async def test_an_input_that_does_not_fit_counts_nothing(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        token = await app.delegations.grant(shop_bot())
        with pytest.raises(InvalidValue):
            await app.redeem(token, "notify", 7)
        assert (await app.delegations.all())[0].used == 0


async def test_calls_outside_the_delegation_are_refused(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        token = await app.delegations.grant(shop_bot(agents=("notify",)))
        handle = await app.redeem(token, "notify", "bob")
        with pytest.raises(RunFailed, match="is not for mail: it is for notify"):
            await handle.result()


async def test_inputs_outside_the_delegation_are_refused(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        token = await app.delegations.grant(shop_bot(arguments={"ma*": {"to": "*@example.org"}}))
        assert await (await app.redeem(token, "notify", "bob@example.org")).result() == "to bob@example.org"
        with pytest.raises(RunFailed, match="allows mail only with to like"):
            await (await app.redeem(token, "notify", "eve@elsewhere.org")).result()


async def test_a_revocation_cuts_at_the_next_call_of_a_run_under_way(bench: Bench) -> None:
    async with bench.app(patient, mail, **SETTINGS) as app:
        handle = await app.redeem(await app.delegations.grant(shop_bot()), "patient", "bob")
        await bench.clock.settle()
        assert await app.delegations.revoke((await app.delegations.all())[0].id)
        await bench.clock.advance(101)
        with pytest.raises(RunFailed, match="is revoked"):
            await handle.result()


async def test_a_revocation_by_another_process_cuts_at_the_next_step_of_a_call_under_way(bench: Bench) -> None:
    two = Two(Card(name="two"), shape_of(str), shape_of(str))
    two.used, two.between, two.first = [], asyncio.Event(), asyncio.Event()

    @workflow
    async def builds(ctx: Context, what: str) -> str:
        return await ctx.call(two, what)

    async with bench.app(builds, two, **SETTINGS) as app:
        handle = await app.redeem(await app.delegations.grant(shop_bot()), "builds", "hut")
        await two.first.wait()
        async with bench.app(**SETTINGS) as other:
            await other.delegations.revoke((await other.delegations.all())[0].id)
        two.between.set()
        with pytest.raises(RunFailed, match="is revoked"):
            await handle.result()
    assert two.used == ["hammer"]


async def test_tools_outside_the_delegation_are_not_used(bench: Bench) -> None:
    two = Two(Card(name="two"), shape_of(str), shape_of(str))
    two.used, two.between, two.first = [], asyncio.Event(), asyncio.Event()
    two.between.set()

    @workflow
    async def builds(ctx: Context, what: str) -> str:
        return await ctx.call(two, what)

    async with bench.app(builds, two, **SETTINGS) as app:
        handle = await app.redeem(await app.delegations.grant(shop_bot(tools=("two/ham*",))), "builds", "hut")
        with pytest.raises(RunFailed, match="is not for two/saw"):
            await handle.result()
    assert two.used == ["hammer"]


@pytest.mark.parametrize("forbidden", ['User::"ada"', 'Agent::"shop-bot"', 'Agent::"notify"'])
async def test_everybody_on_the_way_of_a_delegated_run_must_be_permitted(
    bench: Bench, tmp_path: Path, forbidden: str
) -> None:
    file = tmp_path / "policy.cedar"
    file.write_text(
        'permit(principal, action, resource); forbid(principal == WHO, action, resource == Agent::"mail");'.replace(
            "WHO", forbidden
        )
    )
    async with bench.app(notify, mail, policy={"file": str(file)}, **SETTINGS) as app:
        handle = await app.redeem(await app.delegations.grant(shop_bot()), "notify", "bob")
        with pytest.raises(RunFailed, match=f"{forbidden} may not call"):
            await handle.result()


async def test_a_run_of_an_unknown_delegation_may_nothing(bench: Bench) -> None:
    async with bench.app(notify, mail, **SETTINGS) as app:
        with pytest.raises(RunFailed, match="there is no such delegation"):
            await app.run(notify, "bob", principal="delegation:dlg_forged")


async def test_without_a_key_no_token_is_signed(bench: Bench) -> None:
    async with bench.app(notify, mail) as app:
        with pytest.raises(ConfigError, match=r"delegation\.key is not set"):
            await app.delegations.grant(shop_bot())


async def test_a_key_that_is_too_short_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "password")
    async with bench.app(notify, mail, **SETTINGS) as app:
        with pytest.raises(ConfigError, match="too short"):
            await app.delegations.grant(shop_bot())


CLAIMS: dict[str, Json] = {"jti": "dlg_1", "aud": "shop", "exp": 100.0}


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (signed(CLAIMS, OTHER_KEY), "not signed with the key"),
        (signed({**CLAIMS, "aud": "other"}, KEY), "is for 'other'; this is 'shop'"),
        (signed({**CLAIMS, "exp": 50.0}, KEY), "has expired"),
        ("eyJhbGciOiJub25lIn0." + signed(CLAIMS, KEY).split(".")[1] + ".", "not signed with the key"),
        ("", "not signed with the key"),
        ("ä.ö.ü", "not signed with the key"),
    ],
)
def test_a_token_that_is_not_ours_is_refused(token: str, message: str) -> None:
    with pytest.raises(TokenRefused, match=message):
        claims_of(token, KEY, audience="shop", now=50.0)


@given(some.data())
def test_a_token_that_was_changed_anywhere_is_refused(data: some.DataObject) -> None:
    token = signed(CLAIMS, KEY)
    at = data.draw(some.integers(0, len(token) - 1))
    other = data.draw(some.characters(codec="ascii").filter(lambda each: each != token[at]))
    with pytest.raises(TokenRefused):
        claims_of(token[:at] + other + token[at + 1 :], KEY, audience="shop", now=50.0)


@given(some.lists(some.sampled_from(["revoke", "use", "wait"]), max_size=12), some.integers(1, 5), some.integers(1, 10))
def test_a_void_delegation_stays_void(happens: list[str], quota: int, expires: int) -> None:
    from podium.store.sqlite.store import SqliteStore  # noqa: PLC0415  one for each example

    store, now, used, revoked = SqliteStore(":memory:"), 0.0, 0, False
    book = store.delegations
    book.enter(Granted(id="d", delegation=shop_bot(quota=quota, expires=float(expires)), granted_at=0.0))
    for each in happens:
        if each == "wait":
            now += 1.0
        elif each == "revoke":
            assert book.revoke("d", now) is not revoked
            revoked = True
        else:
            allowed = not revoked and now < expires and used < quota
            assert book.use("d", now) is allowed
            used += allowed
        void = revoked or now >= expires
        assert (objection(book.get("d"), now, "mail", None, None) is not None) is void
    store.close()
