"""Agents, conversations, dead letters, money, workers, the audit: what is looked at and changed over HTTP."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from podium.model.delegation import DelegationSettings
from podium.model.limit import Limit, LimitSettings
from podium.model.policy import PolicySettings
from tests.unit.server import desk
from tests.unit.server.conftest import Serving
from tests.unit.server.desk import DESK

ADMIN = {"x-who": "root default admin"}
PLAIN = {"x-who": "bob default"}
OTHER = {"x-who": "eve other operator"}


async def run(client: httpx.AsyncClient, workflow: str, input: object = None, **more: object) -> dict[str, Any]:
    asked = {"workflow": workflow, "input": input, **more}
    return (await client.post("/runs?wait=20", json=asked)).raise_for_status().json()


async def test_agents_and_workflows_are_listed_with_their_schemas_page_by_page(serving: Serving) -> None:
    async with serving(*DESK) as client:
        found = (await client.get("/workflows")).json()
        assert [each["name"] for each in found["items"]] == ["article", "asks", "chat", "trial", "waits"]
        assert all(each["workflow"] for each in found["items"])
        names, cursor = list[str](), None
        while not names or cursor:
            page = (await client.get("/agents", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
            names, cursor = [*names, *(each["name"] for each in page["items"])], page["cursor"]
        assert names == sorted(each.card.name for each in DESK)
        only = (await client.get("/agents?text=ABOUT")).json()["items"]
        assert [each["name"] for each in only] == ["draft"]
        shown = (await client.get("/agents/draft")).json()
        assert shown["input_schema"] == {"type": "string"}
        assert (shown["capabilities"], shown["usd"], shown["workflow"]) == (["writing"], 0.25, False)
        unknown = await client.get("/agents/nobody")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-agent")
        assert (await client.get("/agents?cursor=nobody@1")).status_code == 422


async def test_a_workflow_is_drawn_and_so_is_what_a_run_did(serving: Serving) -> None:
    async with serving(*DESK) as client:
        drawn = (await client.get("/workflows/article/graph")).json()["mermaid"]
        assert drawn.startswith("flowchart TD")
        assert '"draft"' in drawn
        refused = await client.get("/workflows/draft/graph")
        assert (refused.status_code, refused.json()["code"]) == (422, "usage")
        done = await run(client, "article", "tea")
        assert '"done"' in (await client.get(f"/runs/{done['id']}/graph")).json()["mermaid"]


async def test_how_agents_do_and_are(serving: Serving) -> None:
    async with serving(*DESK) as client:
        await run(client, "article", "tea")
        (report,) = (await client.get("/agent-reports?text=draft")).json()["items"]
        assert (report["calls"], report["done"], report["failed"], report["usd"]) == (1, 1, 0, 0.25)
        assert (await client.get("/agent-health")).json() == []
        assert (await client.get("/agent-checks")).status_code == 403
        assert (await client.get("/agent-checks", headers=ADMIN)).json() == []
        assert (await client.get("/served", headers=ADMIN)).json() == []  # of a store that no other process can open


async def test_limits_are_those_of_agents_models_and_the_own_tenant(serving: Serving) -> None:
    limits = LimitSettings(
        models={"*": Limit(tokens=1_000)}, tenants={"default": Limit(requests=5), "other": Limit(requests=9)}
    )
    async with serving(*DESK, limits=limits) as client:
        mine = (await client.get("/limits")).json()
        assert [(each["kind"], each["name"]) for each in mine] == [("model", "*"), ("tenant", "default")]
        assert (mine[1]["requests"], mine[1]["per"], mine[1]["when"]) == (5, 60.0, "wait")
        everybody = (await client.get("/limits", headers=ADMIN)).json()
        assert [each["name"] for each in everybody] == ["*", "default", "other"]


async def test_a_conversation_is_read_searched_forked_exported_redacted_and_deleted(serving: Serving) -> None:
    async with serving(*DESK) as client:
        for text in ("tea", "milk"):
            await run(client, "chat", text, conversation="team/7")
        (state,) = (await client.get("/conversations?prefix=team")).json()["items"]
        assert (state["name"], state["revision"], state["principal"], state["holder"]) == ("team/7", 4, "ann", None)
        first = (await client.get("/conversations/team/7/messages?limit=3")).json()
        rest = (await client.get(f"/conversations/team/7/messages?cursor={first['cursor']}")).json()
        said = [each["message"]["parts"][0]["content"] for each in first["items"] + rest["items"]]
        assert said == ["tea", "You said tea.", "milk", "You said milk."]
        assert rest["cursor"] is None
        later = (await client.get("/conversations/team/7/messages?first=2&limit=1")).json()
        assert [each["place"] for each in later["items"]] == [2]
        end = (await client.get(f"/conversations/team/7/messages?first=2&limit=9&cursor={later['cursor']}")).json()
        assert ([each["place"] for each in end["items"]], end["cursor"]) == ([3], None)
        for wrong in ("x", "-1", "1" * 16, "²"):
            refused = await client.get("/conversations/team/7/messages", params={"cursor": wrong})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid-value")
        (hit, _) = (await client.get("/messages?text=milk")).json()["items"]
        assert (hit["conversation"], hit["place"]) == ("team/7", 3)
        forked = await client.post("/conversations/team/7/fork", json={"into": "other", "at": 2, "edit": "coffee"})
        assert (forked.status_code, forked.json()["forked_from"], forked.json()["revision"]) == (201, "team/7", 3)
        lines = (await client.get("/conversations/team/7/export")).text.splitlines()
        assert [json.loads(line).get("place") for line in lines] == [None, 0, 1, 2, 3]
        read = await client.get("/conversations/team/7/export?form=markdown")
        assert read.headers["content-type"].startswith("text/markdown")
        assert "You said milk." in read.text
        assert (await client.post("/conversations/team/7/redact", json={"reason": "asked"})).status_code == 204
        assert "milk" not in (await client.get("/conversations/team/7/export")).text
        assert (await client.delete("/conversations/team/7?reason=asked")).status_code == 204
        gone = await client.get("/conversations/team/7")
        assert (gone.status_code, gone.json()["code"]) == (404, "unknown-conversation")
        assert (await client.get("/conversations/other/export", headers=OTHER)).status_code == 404


async def test_dead_letters_go_on_or_are_discarded(serving: Serving) -> None:
    desk.SHAKY[0] = True
    async with serving(*DESK) as client:
        one, two = [(await run(client, "trial", n))["id"] for n in (1, 2)]
        found = (await client.get("/dead-letters?agent=shaky")).json()["items"]
        assert [each["run"]["id"] for each in found] == [two, one]
        assert (await client.get("/dead-letters?kind=timeout")).json()["items"] == []
        letter = (await client.get(f"/dead-letters/{one}")).json()
        assert (letter["calls"][0]["agent"], letter["calls"][0]["input"], letter["discarded"]) == ("shaky", 1, None)
        left = (await client.post(f"/dead-letters/{two}/discard", json={"reason": "a test"})).json()
        assert (left["discarded"]["by"], left["discarded"]["reason"]) == ("ann", "a test")
        desk.SHAKY[0] = False
        done = await client.post("/dead-letters/requeue", json={"runs": [one, two, "nothing"]})
        assert done.status_code == 202
        assert [each["requeued"] for each in done.json()] == [True, False, False]
        assert (await client.get(f"/runs/{one}/result?wait=20")).json()["value"] == 1
        assert (await client.get(f"/dead-letters/{one}")).status_code == 409


async def test_money_is_added_up_and_budgets_stand(serving: Serving) -> None:
    async with serving(*DESK) as client:
        done = await run(client, "article", "tea", budget={"usd": 2})
        (cost,) = (await client.get("/costs?by=workflow")).json()["items"]
        assert (cost["part"], cost["usd"], cost["runs"], cost["usd_per_done"]) == ("article", 0.25, 1, 0.25)
        assert (await client.get(f"/costs?run={done['id']}")).json()["items"][0]["part"] == "draft"
        assert (await client.get("/costs?run=nothing")).status_code == 404
        assert (await client.get("/costs?by=nothing")).status_code == 422
        (budget,) = (await client.get("/budgets?prefix=run:")).json()["items"]
        assert (budget["limit"]["usd"], budget["spent"]["usd"]) == (2.0, 0.25)
        none = await client.post(f"/runs/{done['id']}/budget/correct", json={"reason": "it was free", "usd": 1})
        assert (none.status_code, none.json()["code"]) == (409, "not-possible")


async def test_workers_queues_and_the_store_are_the_installations(serving: Serving, tmp_path: Path) -> None:
    async with serving(*DESK, store=str(tmp_path / "desk.db")) as client:
        await run(client, "article", "tea")
        for path in ("/workers", "/workers/wanted", "/queues", "/store", "/incidents", "/served"):
            assert (await client.get(path)).status_code == 403, path
            assert (await client.get(path, headers=ADMIN)).status_code == 200, path
        (worker,) = (await client.get("/workers", headers=ADMIN)).json()
        assert (worker["state"], worker["drain"]) == ("driving", None)
        assert (await client.get("/workers/wanted?queue=default", headers=ADMIN)).json()["wanted"] == 0
        store = (await client.get("/store", headers=ADMIN)).json()
        assert store["runs"] == {"done": 1}
        assert store["bytes"] > 0
        told = await client.post(f"/workers/{worker['id']}/drain", json={"reason": "deploy"}, headers=ADMIN)
        assert (told.status_code, told.json()["drain"]["by"], told.json()["drain"]["reason"]) == (202, "root", "deploy")
        assert (await client.post("/workers/nobody/drain", headers=ADMIN)).status_code == 409


async def test_the_audit_tells_who_did_what_and_that_nothing_was_changed(serving: Serving, tmp_path: Path) -> None:
    async with serving(*DESK, store=str(tmp_path / "desk.db")) as client:
        done = await run(client, "article", "tea")
        await client.post(f"/runs/{done['id']}/redact", json={"reason": "asked"})
        report = (await client.get(f"/audit/report?run={done['id']}")).json()
        assert report["for"] == {"run": done["id"]}
        assert [each["agent"] for each in report["runs"][0]["calls"]] == ["draft"]
        assert (await client.get("/audit/report")).status_code == 422
        lines = [json.loads(line) for line in (await client.get("/audit/export")).text.splitlines()]
        assert [each["what"] for each in lines][:2] == ["started", "asked"]
        assert (await client.get("/audit/export?run=nothing")).status_code == 404
        assert (await client.get("/audit/export", headers=OTHER)).text == ""
        assert (await client.post("/audit/verify")).status_code == 403
        whole = (await client.post("/audit/verify", headers=ADMIN)).json()
        assert (whole["faults"], whole["runs"], whole["redacted"]) == ([], 1, 1)


async def test_a_store_that_no_other_connection_sees_is_not_audited_in_use(serving: Serving) -> None:
    async with serving(*DESK) as client:
        assert (await client.post("/audit/verify", headers=ADMIN)).status_code == 409


async def test_old_runs_are_redacted_and_pruned(serving: Serving) -> None:
    async with serving(*DESK) as client:
        done = await run(client, "article", "tea")
        would = (await client.post("/store/prune", json={"older_than": 0, "dry_run": True})).json()
        assert (would["dry_run"], [each["run"] for each in would["families"]]) == (True, [done["id"]])
        assert (await client.post("/store/prune", json={"older_than": "90d"})).json()["runs"] == 0
        assert (await client.post("/store/retain", json={"older_than": 0})).json() == {"redacted": 1}
        assert (await client.post("/store/prune", json={"older_than": 0})).json()["states"] == {"done": 1}
        assert (await client.get("/runs")).json()["items"] == []
        assert (await client.post("/store/prune", json={"older_than": "soon"})).status_code == 422
        assert (await client.post("/store/prune", json={"older_than": 0, "states": ["ready"]})).status_code == 422


async def test_what_the_rules_would_decide_is_explained(serving: Serving, tmp_path: Path) -> None:
    rules = tmp_path / "rules.cedar"
    rules.write_text(
        'permit(principal, action, resource);\n@id("tea") @ask("leads") forbid(principal, action, '
        'resource == Agent::"draft") when { context.input == "tea" };\n'
    )
    async with serving(*DESK, policy=PolicySettings(file=str(rules))) as client:
        listed = (await client.get("/policies")).json()
        assert ("tea", "forbid", "leads") in [(each["rule"], each["effect"], each["asks"]) for each in listed]
        found = (await client.post("/policies/explain", json={"agent": "draft", "input": "tea"})).json()
        assert [(each["decision"], each["to"]) for each in found["decisions"]] == [("ask", "leads"), ("allow", None)]
        other = (await client.post("/policies/explain", json={"agent": "draft", "input": "milk"})).json()
        assert [each["decision"] for each in other["decisions"]] == ["allow"]
        assert (await client.post("/policies/explain", json={"agent": "nobody"})).status_code == 404
        assert (await client.post("/policies/explain", json={"agent": "draft"}, headers=PLAIN)).status_code == 403
        elsewhere = {"agent": "draft", "tenant": "other"}
        assert (await client.post("/policies/explain", json=elsewhere)).status_code == 403
        assert (await client.post("/policies/explain", json=elsewhere, headers=ADMIN)).status_code == 200


async def test_everybody_lets_others_act_for_themselves_and_an_operator_for_the_tenant(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "k" * 32)
    async with serving(*DESK, delegation=DelegationSettings(key="env:KEY")) as client:
        bounds = {
            "to": "crm",
            "agents": ["article", "draft"],
            "arguments": {"draft": {"topic": ["t*", "m*"]}},
            "quota": 2,
        }
        granted = await client.post("/delegations", json=bounds, headers=PLAIN)
        body = granted.json()
        assert (granted.status_code, body["by"], body["tenant"], body["used"]) == (201, "bob", "default", 0)
        assert body["token"].count(".") == 2
        assert body["arguments"] == bounds["arguments"]
        assert (await client.post("/delegations", json={**bounds, "by": "ann"}, headers=PLAIN)).status_code == 403
        assert (await client.post("/delegations", json={**bounds, "by": "cat"})).status_code == 201
        listed = (await client.get("/delegations?limit=1")).json()
        rest = (await client.get("/delegations", params={"cursor": listed["cursor"]})).json()
        assert [each["by"] for each in listed["items"] + rest["items"]] == ["bob", "cat"]
        assert "token" not in listed["items"][0]
        assert [each["by"] for each in (await client.get("/delegations", headers=PLAIN)).json()["items"]] == ["bob"]
        assert (await client.get("/delegations", headers=OTHER)).json()["items"] == []
        revoke = f"/delegations/{body['id']}/revoke"
        assert (await client.post(revoke, headers=OTHER)).status_code == 409
        assert (await client.post(revoke, headers=PLAIN)).status_code == 204
        assert (await client.post(revoke, headers=PLAIN)).status_code == 409


async def test_a_run_is_rated_and_that_stands_in_the_ledger(serving: Serving, tmp_path: Path) -> None:
    async with serving(*DESK, store=str(tmp_path / "desk.db")) as client:
        done = await run(client, "article", "tea")
        address = f"/runs/{done['id']}/feedback"
        good = await client.post(address, json={"score": 1, "comment": "as wanted"})
        assert (good.status_code, good.json()["by"], good.json()["key"]) == (201, "ann", None)
        assert (await client.post(address, json={"score": 0.2, "key": "0"}, headers=ADMIN)).status_code == 201
        assert (await client.post(address, json={"score": 1, "key": "none"})).status_code == 409
        assert (await client.post(address, json={"score": 2})).status_code == 422
        assert (await client.post(address, json={"score": 1}, headers=PLAIN)).status_code == 404
        assert (await client.post(address, json={"score": 1}, headers={"x-who": "v default viewer"})).status_code == 403
        found = (await client.get(address)).json()
        assert [(each["by"], each["score"], each["key"]) for each in found] == [("root", 0.2, "0"), ("ann", 1.0, None)]
        assert (await client.post("/audit/verify", headers=ADMIN)).json()["faults"] == []


async def test_the_server_says_that_it_lives_and_whether_it_is_ready(serving: Serving) -> None:
    async with serving(*DESK) as client:
        for path in ("live", "ready"):
            answer = await client.get(f"http://podium/health/{path}", headers={"x-who": ""})
            assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_the_figures_of_the_installation_are_for_its_admins(serving: Serving) -> None:
    async with serving(*DESK) as client:
        await run(client, "article", "tea", budget={"usd": 1})
        assert (await client.get("http://podium/metrics")).status_code == 403
        told = await client.get("http://podium/metrics", headers=ADMIN)
        assert told.headers["content-type"].startswith("text/plain")
        lines = told.text.splitlines()
        assert 'podium_runs{state="done"} 1.0' in lines
        assert 'podium_webhooks{state="off"} 0.0' in lines
        assert 'podium_http_requests_total{method="POST",route="/api/v1/runs",status="201"} 1.0' in lines
        assert 'podium_agent_recent_calls{agent="draft",outcome="done",version="1"} 1.0' in lines
        assert (await client.get("http://podium/metrics")).status_code == 403


async def test_the_log_has_each_request_by_its_route_and_who_asked(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "podium.server.requests")
    async with serving(*DESK) as client:
        await client.get("/runs/run_none?limit=secret")
        await client.get("http://podium/answer/secret")
        await client.get("http://podium/secret")
    fields = [vars(each)["fields"] for each in caplog.records if each.name == "podium.server.requests"]
    assert [(each["method"], each["route"], each["status"], each["who"]) for each in fields] == [
        ("GET", "/api/v1/runs/{run}", 404, "ann"), ("GET", "/answer/{token}", 404, "-"), ("GET", "none", 404, "-"),
    ]  # fmt: skip
    assert not any("secret" in each.getMessage() for each in caplog.records if each.name == "podium.server.requests")
