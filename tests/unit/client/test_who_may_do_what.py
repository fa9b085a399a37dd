"""Keys, delegations, policies and the audit, as both clients see them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium.api.audit import AuditLineBody
from podium.client import AsyncClient
from podium.errors import NotPossible, TokenRefused
from podium.model.delegation import DelegationSettings
from podium.model.policy import PolicySettings
from tests.unit.client.conftest import URL, Asking, transport
from tests.unit.server.desk import DESK

ROOT = "root default admin"
RULES = """
@id("no-guess") forbid(principal, action == Action::"call", resource == Agent::"draft") unless { context has input };
@id("all") permit(principal, action, resource);
"""


async def test_a_key_is_made_listed_rotated_and_revoked(asking: Asking) -> None:
    async with asking(who=ROOT) as ask:
        made = await ask(lambda client: client.keys.create("ci", who="robot", roles=["operator"], expires_in=60))
        assert (made.name, made.who, made.roles, made.workflows) == ("ci", "robot", ["operator"], ["*"])
        assert (made.expires - made.made_at).total_seconds() == 60
        rotated = await ask(lambda client: client.keys.rotate(made.id, grace=5))
        assert (rotated.id, rotated.secret != made.secret) == (made.id, True)
        assert [each.id for each in await ask(lambda client: client.keys.list())] == [made.id]
        assert await ask(lambda client: client.keys.list(tenant="other")) == []
        assert await ask(lambda client: client.keys.revoke(made.id)) is None
        with pytest.raises(NotPossible):
            await ask(lambda client: client.keys.revoke(made.id))
        (revoked,) = await ask(lambda client: client.keys.list())
        assert revoked.revoked_by == "root"


async def test_the_audit_tells_who_asked_for_what_who_did_what_and_whether_all_is_as_it_was_written(
    asking: Asking, tmp_path: Path
) -> None:
    async with asking(*DESK, who=ROOT, store=tmp_path / "desk.db") as ask:
        run = await ask(lambda client: client.runs.start("article", "tea", wait=None))
        await ask(lambda client: client.runs.redact(run.id, reason="a test"))
        (action,) = await ask(lambda client: client.audit.actions(about=run.id))
        assert (action.by, action.about) == ("root", run.id)
        assert await ask(lambda client: client.audit.actions(about="run_none")) == []
        report = await ask(lambda client: client.audit.report(run=run.id))
        assert [(each.run, [call.agent for call in each.calls]) for each in report.runs] == [(run.id, ["draft"])]
        exported = await ask(lambda client: client.audit.export(run=run.id))
        asked = next(each for each in exported if each.what == "asked")
        assert (asked.run, asked.caller, asked.agent, asked.payload, asked.model_extra) == (
            run.id, "article", "draft", None, None,
        )  # fmt: skip
        late = datetime(2200, 1, 1, tzinfo=UTC)
        report = await ask(lambda client: client.audit.report(tenant="default", since=late))
        assert (report.runs, report.since) == ([], late)
        found = await ask(lambda client: client.audit.verify())
        assert (found.faults, found.redacted) == ([], 1)


async def test_a_delegation_is_granted_listed_and_revoked(asking: Asking) -> None:
    settings = DelegationSettings(key="a long secret of the installation")
    async with asking(*DESK, delegation=settings) as ask:
        bounds: dict[str, Any] = {"article": {"order.tea": ["green", "black"], "order.*": None}}
        granted = await ask(
            lambda client: client.delegations.grant("crm", agents=["article"], arguments=bounds, quota=1)
        )
        assert (granted.by, granted.to, granted.agents, granted.arguments) == ("ann", "crm", ["article"], bounds)
        (listed,) = await ask(lambda client: client.delegations.list())
        assert (listed.id, listed.quota, listed.used) == (granted.id, 1, 0)
        await ask(lambda client: client.delegations.revoke(granted.id))
        with pytest.raises(NotPossible):
            await ask(lambda client: client.delegations.revoke(granted.id))


async def test_a_client_with_the_token_of_a_delegation_starts_runs_for_whoever_granted_it() -> None:
    settings = DelegationSettings(key="a long secret of the installation")
    async with transport(*DESK, delegation=settings) as way, httpx.AsyncClient(transport=way) as http:
        http.headers["x-who"] = "ann default"
        granted = await AsyncClient(URL, http=http).delegations.grant("crm", agents=["article", "draft"], quota=1)
        del http.headers["x-who"]
        outside = AsyncClient(URL, token=granted.token, http=http)
        run = await outside.delegations.start("article", "tea")
        assert (run.workflow, run.principal) == ("article", f"delegation:{granted.id}")
        with pytest.raises(TokenRefused):
            await AsyncClient(URL, token="void", http=http).delegations.start("article", "tea")


async def test_rules_are_listed_and_explained(asking: Asking, tmp_path: Path) -> None:
    (tmp_path / "rules.cedar").write_text(RULES)
    settings = PolicySettings(file=str(tmp_path / "rules.cedar"))
    async with asking(*DESK, policy=settings) as ask:
        assert [each.rule for each in await ask(lambda client: client.policies.list())][:2] == ["no-guess", "all"]
        unknown = await ask(lambda client: client.policies.explain("draft"))
        known = await ask(lambda client: client.policies.explain("draft", input="tea", user="eve", callers=["article"]))
        assert unknown.unknown
        assert [each.decision for each in known.decisions] == ["allow"]


async def test_one_is_told_who_one_is(asking: Asking) -> None:
    async with asking(who="ann acme operator") as ask:
        found = await ask(lambda client: client.me())
        assert (found.who, found.tenant, found.roles, found.workflows) == ("ann", "acme", ["operator"], ["*"])


async def test_a_line_of_an_export_has_nothing_that_its_body_does_not_say() -> None:
    async with transport(*DESK) as way, httpx.AsyncClient(transport=way) as http:
        http.headers["x-who"] = ROOT
        client = AsyncClient(URL, http=http)
        await client.runs.start("article", "tea", wait=None)
        run = await client.runs.start("asks", "tea")
        while not (questions := [each async for each in client.inbox.list()]):
            await asyncio.sleep(0)
        await client.inbox.answer(questions[0].id, {"approved": True})
        await client.runs.result(run.id)
        lines = (await http.get(f"{URL}/api/v1/audit/export?payloads=true")).text.splitlines()
        said = {name for line in lines for name in json.loads(line)}
        assert said <= AuditLineBody.model_fields.keys()
        assert AuditLineBody.model_fields.keys() - said == {"voided"}
