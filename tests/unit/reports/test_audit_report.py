"""A report for whoever has to judge what was done: who, for whom, what, why allowed, at what price, decided by whom."""

import json
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path

import pytest

from podium import App, Approval, Context, agent, workflow
from podium.errors import RunFailed, UnknownRun, UsageError
from podium.model.delegation import Delegation
from podium.model.facts.notices import PolicyDecided
from podium.model.json import encode
from podium.model.principal import Principal
from podium.reports.audit_markdown import markdown
from podium.testing import DrivenClock

POLICY = """
@id("big-money") @ask("boss") @reason("more than 50") forbid(principal, action, resource == Agent::"pay");
@id("no-wipe") @reason("never") forbid(principal, action, resource == Agent::"wipe");
permit(principal, action, resource);
"""


@agent(usd=0.5)
async def pay(amount: int) -> str:
    return f"paid {amount}"


@agent
async def wipe(what: str) -> None:
    raise AssertionError(what)


@workflow
async def refund(ctx: Context, amount: int) -> str:
    await ctx.ask(Approval("Is *90* right?", {"amount": amount}), to="clerk")
    return await ctx.call(pay, amount)


@workflow
async def ship(ctx: Context, what: str) -> None:
    await ctx.ask(Approval(f"Ship {what}?"), to="boss", quorum=2, within=100)


@workflow
async def tidy(ctx: Context, what: str) -> None:
    await ctx.call(wipe, what)


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock()


@pytest.fixture
async def app(tmp_path: Path, clock: DrivenClock, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[App]:
    monkeypatch.setenv("DELEGATION_KEY", "k" * 32)
    (tmp_path / "policy.cedar").write_text(POLICY)
    given = {"key": "env:DELEGATION_KEY"}
    async with App.open(
        tmp_path / "a.db", agents=[refund, ship, tidy, pay, wipe], clock=clock, delegation=given,
        policy={"file": str(tmp_path / "policy.cedar")},
    ) as app:  # fmt: skip
        yield app


async def refunded(app: App, clock: DrivenClock, comment: str = "fine") -> str:
    token = await app.delegations.grant(Delegation(by="ada", to="shop-bot", tenant="acme"))
    handle = await app.redeem(token, "refund", 90)
    for person in ("cleo", "bea"):
        await clock.settle()
        [asked] = (await app.inbox.list(run=handle.id)).items
        await app.inbox.answer(asked.id, {"approved": True, "comment": comment}, by=person)
    await handle.result()
    return handle.id


async def test_a_report_tells_who_did_what_for_whom_and_why_it_was_allowed(app: App, clock: DrivenClock) -> None:
    run = await refunded(app, clock)
    report = await app.reports.audit(run=run)
    [told] = report.runs
    assert (told.grantor, told.grantee, told.tenant, told.state) == ("ada", "shop-bot", "acme", "done")
    assert [(call.caller, call.agent, call.outcome) for call in told.calls] == [("refund", "pay", "done")]
    assert [(rule.rule, rule.decision, rule.what) for rule in told.rules] == [
        ("policy:big-money", "ask", "call pay"), ("policy:big-money", "approved", "call pay"),
    ]  # fmt: skip
    assert [(asked.to, asked.kind, [answer.by for answer in asked.answers]) for asked in told.questions] == [
        ("clerk", "approval", ["cleo"]), ("boss", "permission", ["bea"]),
    ]  # fmt: skip
    assert report.usd == 0.5
    seen = [said for fact in await app.runs.facts(run) if isinstance(said := fact.content, PolicyDecided)]
    arguments = encode({"input": 90, "fetched": {}})
    assert [(said.user, said.agents) for said in seen] == [("ada", ("shop-bot", "refund"))] * 2
    assert {said.digest for said in seen} == {sha256(arguments).hexdigest()}
    text = "\n".join(markdown(report))
    for said in (
        "shop-bot, whom ada let act for them", "done for tenant\nacme", "Cost: $0.5000",
        "refund called pay, version 1: done", "policy:big-money said approved to call pay",
        "cleo answered: yes, saying: fine", "because policy:big-money asks", "Is \\*90\\* right?",
    ):  # fmt: skip
        assert said in text
    assert json.loads(json.dumps(report.json()))["runs"][0]["questions"][1]["answers"][0]["by"] == "bea"


@pytest.mark.parametrize(
    ("people", "late", "line"),
    [
        ([], False, "nobody answered; 2 were to"),
        (["cleo"], False, "cleo answered: 1 of 2 who were to"),
        (["cleo"], True, "cleo answered: 1 of 2 who were to"),
        (["cleo", "bea"], False, "bea answered: yes"),
    ],
)
async def test_all_are_named_who_answered_also_where_more_were_needed(
    app: App,
    clock: DrivenClock,
    people: list[str],
    *,
    late: bool,
    line: str,
) -> None:
    handle = await app.start(ship, "it")
    await clock.settle()
    [asked] = (await app.inbox.list(run=handle.id)).items
    for person in people:
        await app.inbox.answer(asked.id, {"approved": True}, by=person)
        await clock.settle()
    await clock.advance(200 if late else 0)
    report = await app.reports.audit(run=handle.id)
    [told] = report.runs[0].questions
    assert (told.quorum, sorted(told.answered_by)) == (2, sorted(people))
    text = "\n".join(markdown(report))
    assert line in text
    assert all(person in text for person in people)


async def test_what_was_refused_is_told_with_the_rule(app: App) -> None:
    handle = await app.start(tidy, "all", tenant="acme", principal="tom")
    with pytest.raises(RunFailed):
        await handle.result()
    [told] = (await app.reports.audit(tenant="acme")).runs
    assert [(call.agent, call.outcome, call.reason) for call in told.calls] == [("wipe", "refused", "policy:no-wipe")]
    [rule] = told.rules
    assert (rule.decision, rule.reason.endswith("never")) == ("deny", True)


async def test_a_report_on_a_tenant_has_its_runs_from_a_time_on(app: App, clock: DrivenClock) -> None:
    first = await refunded(app, clock)
    await clock.advance(1_000)
    second = await refunded(app, clock)
    await app.start(tidy, "x", tenant="other")
    whole = await app.reports.audit(tenant="acme")
    assert [each.run for each in whole.runs] == [first, second]
    assert [each.run for each in (await app.reports.audit(tenant="acme", since=clock.now() - 500)).runs] == [second]
    assert whole.usd == 1.0
    assert (await app.reports.audit(tenant="nobody")).runs == []
    stranger = app.scoped(Principal(who="eve", tenant="other", roles={"viewer"}))
    assert list((await stranger.reports.audit(tenant="acme")).runs) == []


async def test_a_redacted_run_is_told_without_what_was_said(app: App, clock: DrivenClock) -> None:
    run = await refunded(app, clock, "hidden words")
    await app.operations.redact(run, by="dan", why="asked for")
    text = "\n".join(markdown(await app.reports.audit(run=run)))
    assert "hidden" not in text
    assert "cleo answered: yes" in text
    assert "redacted by dan" in text


async def test_what_a_report_is_about_has_to_be_said(app: App) -> None:
    with pytest.raises(UsageError, match="expected one of them"):
        await app.reports.audit()
    with pytest.raises(UnknownRun):
        await app.reports.audit(run="none")
