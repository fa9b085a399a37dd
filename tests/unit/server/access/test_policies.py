"""Policies judge what a server is asked for, with the same engine as calls; what they deny is 403, with the reason."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from podium import Context, workflow
from podium.errors import ConfigError
from podium.model.delegation import Delegation
from podium.model.question import QuestionState
from tests.unit.server.access.conftest import Serving
from tests.unit.server.access.test_document import BY_TOKEN, FILLED, PUBLIC, ROUTES, body_of, filled

RULES = """
permit(principal, action, resource);

@id("frozen") @reason("the books are closed")
forbid(principal in Group::"trainees", action == Action::"request", resource == Operation::"start_run");

@id("only-own") @reason("retries are for those on call")
forbid(principal, action == Action::"request", resource == Operation::"retry_run")
unless { context.roles.contains("on-call") };

@id("two-eyes") @ask("leads") @reason("it is dear")
forbid(principal, action == Action::"request", resource == Operation::"create_key");

@id("one-run")
forbid(principal, action == Action::"request", resource == Operation::"show_run")
when { context.input has run && context.input.run == "run_hidden" };
"""


@workflow
async def desk(_: Context, text: str) -> str:
    return text


@workflow
async def asks(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="ann")


SHUT = """
@id("shut") @reason("closed")
forbid(principal, action == Action::"request", resource);
"""
FAST = {"requests": {"per_second": 100_000}}


def settings(folder: Path, rules: str = RULES) -> dict[str, Any]:
    file = folder / "policy.cedar"
    file.write_text(rules)
    return {"policy": {"file": str(file), "groups": {"trainees": ["tom"]}}}


async def test_a_rule_denies_an_operation_to_some(signed: Serving, tmp_path: Path) -> None:
    async with signed(desk, **settings(tmp_path)) as served:
        tom, ann = await served.key(who="tom"), await served.key(who="ann")
        start = {"workflow": "desk", "input": "x"}
        refused = await served.client.post("/api/v1/runs", json=start, headers=tom)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
        assert "the books are closed" in refused.json()["detail"]
        assert 'User::"tom" may not request Operation::"start_run"' in refused.json()["detail"]
        assert (await served.client.post("/api/v1/runs", json=start, headers=ann)).status_code == 201
        assert (await served.client.get("/api/v1/runs", headers=tom)).status_code == 200


async def test_a_rule_reads_the_roles_and_what_is_asked(signed: Serving, tmp_path: Path) -> None:
    async with signed(**settings(tmp_path)) as served:
        ann, eve = await served.key("operator", "on-call"), await served.key("operator", who="eve")
        assert (await served.client.post("/api/v1/runs/none/retry", headers=ann)).status_code == 404
        assert (await served.client.post("/api/v1/runs/none/retry", headers=eve)).status_code == 403
        assert (await served.client.get("/api/v1/runs/run_hidden", headers=ann)).status_code == 403
        assert (await served.client.get("/api/v1/runs/run_other", headers=ann)).status_code == 404


async def test_a_rule_that_asks_a_person_is_a_no(signed: Serving, tmp_path: Path) -> None:
    async with signed(**settings(tmp_path)) as served:
        refused = await served.client.post(
            "/api/v1/keys", json={"name": "x", "who": "x"}, headers=await served.key("admin")
        )
        assert refused.status_code == 403
        assert "two-eyes has leads asked first" in refused.json()["detail"]


async def test_what_no_rule_permits_is_denied(signed: Serving, tmp_path: Path) -> None:
    async with signed(**settings(tmp_path, 'permit(principal, action == Action::"call", resource);')) as served:
        refused = await served.client.get("/api/v1/runs", headers=await served.key("admin"))
        assert refused.status_code == 403
        assert "no rule of" in refused.json()["detail"]


async def test_a_mistake_in_a_rule_about_requests_is_told_at_the_start(signed: Serving, tmp_path: Path) -> None:
    wrong = settings(tmp_path, 'permit(principal, action == Action::"ask", resource);')
    with pytest.raises(ConfigError, match='there is no action Action::"ask"'):
        async with signed(**wrong):
            pass


WRONG: list[dict[str, Any]] = [
    {"oidc": {"issuer": "https://a", "audience": "x", "audienz": "y"}}, {"request": {}}, {"requests": {"x": 1}},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_table_inside_of_the_settings_that_does_not_exist_is_told(
    signed: Serving, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="server"):
        async with signed(server=wrong):
            pass


async def test_no_operation_is_there_that_policies_do_not_judge(
    signed: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELEGATION_KEY", "d" * 16 + "0123456789abcdef")
    closed = RULES.partition("@id")[0] + SHUT
    more = {"delegation": {"key": "env:DELEGATION_KEY"}, "links": {"url": "http://127.0.0.1:8400"}}
    async with signed(desk, asks, **settings(tmp_path, closed), **more, server=FAST) as served:
        admin = await served.key("admin")
        for name, operation in ROUTES.items():
            if name in PUBLIC | BY_TOKEN:
                continue
            method, _, path = name.partition(" ")
            answer = await served.client.request(method, filled(path, FILLED), headers=admin, **body_of(operation))
            assert (answer.status_code, "closed" in answer.text) == (403, True), f"{name}: {answer.text}"
        token = await served.app.delegations.grant(Delegation(by="ada", to="shop"))
        start = {"workflow": "desk", "input": "x"}
        header = {"authorization": f"Bearer {token}"}
        delegated = await served.client.post("/api/v1/delegated-runs", json=start, headers=header)
        assert (delegated.status_code, "closed" in delegated.text) == (403, True)
        run = await served.app.start(asks, "x")
        while not (asked := (await served.app.inbox.list(run=run.id)).items):
            await asyncio.sleep(0)
        link = await served.app.inbox.link(asked[0].id, for_="ann")
        for method in ("GET", "POST"):
            page = await served.client.request(method, link)
            assert (page.status_code, "closed" in page.text) == (403, True), page.text
        assert (await served.app.inbox.get(asked[0].id)).state is QuestionState.OPEN


async def test_a_rule_without_a_reason_is_named_without_the_folders_of_the_server(
    signed: Serving, tmp_path: Path
) -> None:
    shut = RULES.partition("@id")[0] + SHUT.replace('@reason("closed")', "")
    only = 'permit(principal, action == Action::"call", resource);'
    for rules, says in ((shut, "policy.cedar, line 5, forbids it"), (only, "no rule of policy.cedar permits it")):
        async with signed(**settings(tmp_path, rules)) as served:
            refused = await served.client.get("/api/v1/me", headers=await served.key())
            assert says in refused.json()["detail"]
            assert str(tmp_path) not in refused.text
