"""Runs over HTTP: starting, looking at, changing."""

import asyncio
import inspect
from typing import Any

from podium import Context, Retry, agent, workflow
from podium.api.runs import RunStart
from podium.errors import NotDone
from podium.facade.scoped import ScopedApp
from podium.secrets.masking import MASKING
from tests.unit.server.conftest import Serving


@agent
async def draft(topic: str) -> str:
    return f"All about {topic}."


@workflow
async def article(ctx: Context, topic: str) -> str:
    return await ctx.call(draft, topic)


@workflow
async def waits(ctx: Context) -> Any:
    return await ctx.signal("go")


FAILS = [True]


@agent(retry=Retry(attempts=1))
async def shaky(n: int) -> int:
    if FAILS[0]:
        raise NotDone("not today")
    return n


@workflow
async def trial(ctx: Context, n: int) -> int:
    return await ctx.call(shaky, n)


async def test_a_run_that_is_waited_for_gives_its_value(serving: Serving) -> None:
    async with serving(article) as client:
        answer = await client.post("/runs?wait=20", json={"workflow": "article", "input": "tea"})
        assert answer.status_code == 201
        run = answer.json()
        assert (run["state"], run["value"], run["error"]) == ("done", "All about tea.", None)
        assert run["principal"] == "ann"
        assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"
        tree = (await client.get(f"/runs/{run['id']}")).json()
        assert [each["name"] for each in tree["tree"]["children"]] == ["draft"]
        call = (await client.get(f"/runs/{run['id']}/calls/{tree['tree']['children'][0]['key']}")).json()
        assert (call["agent"], call["input"], call["output"]) == ("draft", "tea", "All about tea.")
        facts = (await client.get(f"/runs/{run['id']}/facts")).json()
        assert len(facts) == tree["facts"]
        assert (await client.get(f"/runs/{run['id']}/verify")).json()["faults"] == []
        assert (await client.get(f"/runs/{run['id']}/result")).json()["value"] == "All about tea."


async def test_the_same_key_again_finds_the_run_and_starts_nothing(serving: Serving) -> None:
    async with serving(article) as client:
        asked = {"workflow": "article", "input": "tea"}
        key = {"idempotency-key": "order 7"}
        first = await client.post("/runs?wait=20", json=asked, headers=key)
        again = await client.post("/runs?wait=20", json=asked, headers=key)
        other = await client.post("/runs?wait=20", json={**asked, "input": "coffee"}, headers=key)
        both = await client.post("/runs", json={**asked, "tag": "x"}, headers=key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert (other.status_code, other.json()["code"]) == (409, "not-possible")
        assert both.status_code == 422
        assert len((await client.get("/runs")).json()["items"]) == 1


async def test_a_run_that_goes_on_is_answered_with_202_and_told_later(serving: Serving) -> None:
    async with serving(waits) as client:
        answer = await client.post("/runs?wait=0.05", json={"workflow": "waits"})
        assert (answer.status_code, answer.json()["value"]) == (202, None)
        run = answer.json()["id"]
        assert (await client.get(f"/runs/{run}/result")).status_code == 202
        later = asyncio.create_task(client.get(f"/runs/{run}/result?wait=20"))
        sent = await client.post(f"/runs/{run}/signals", json={"name": "go", "body": [1], "id": "s1"})
        assert (sent.status_code, sent.json()["new"]) == (202, True)
        assert (await later).json()["value"] == [1]
        late = await client.post(f"/runs/{run}/signals", json={"name": "go"})
        assert (late.status_code, late.json()["code"]) == (409, "not-possible")


async def test_a_run_is_cancelled(serving: Serving) -> None:
    async with serving(waits) as client:
        run = (await client.post("/runs", json={"workflow": "waits"})).json()["id"]
        assert (await client.post(f"/runs/{run}/cancel", json={"reason": "no need"})).status_code == 202
        ended = (await client.get(f"/runs/{run}/result?wait=20")).json()
        assert (ended["state"], ended["error"]) == ("cancelled", "no need")


async def test_a_run_that_failed_is_retried_and_forked(serving: Serving) -> None:
    FAILS[0] = True
    async with serving(trial) as client:
        failed = (await client.post("/runs?wait=20", json={"workflow": "trial", "input": 3})).json()
        assert failed["state"] == "failed"
        assert "not today" in failed["error"]
        FAILS[0] = False
        assert (await client.post(f"/runs/{failed['id']}/retry")).status_code == 202
        assert (await client.get(f"/runs/{failed['id']}/result?wait=20")).json()["value"] == 3
        key = (await client.get(f"/runs/{failed['id']}")).json()["tree"]["children"][0]["key"]
        forked = await client.post(f"/runs/{failed['id']}/fork", json={"key": key, "input": 4})
        assert forked.status_code == 201
        assert (await client.get(f"/runs/{forked.json()['id']}/result?wait=20")).json()["value"] == 4


async def test_lists_are_filtered_and_paged(serving: Serving) -> None:
    async with serving(article) as client:
        for n in range(3):
            await client.post("/runs?wait=20", json={"workflow": "article", "input": f"t{n}", "tag": f"t{n}"})
        first = (await client.get("/runs", params={"limit": 2})).json()
        rest = (await client.get("/runs", params={"limit": 2, "cursor": first["cursor"]})).json()
        assert [each["tag"] for each in first["items"] + rest["items"]] == ["t2", "t1", "t0"]
        assert rest["cursor"] is None
        assert [each["tag"] for each in (await client.get("/runs?tag=t1")).json()["items"]] == ["t1"]
        assert (await client.get("/runs?since=2100-01-01")).json()["items"] == []


async def test_what_is_unknown_or_anothers_is_not_there(serving: Serving) -> None:
    async with serving(article) as client:
        run = (await client.post("/runs?wait=20", json={"workflow": "article", "input": "tea"})).json()["id"]
        for who in ("bob other operator", "bob default"):
            other = await client.get(f"/runs/{run}", headers={"x-who": who})
            assert (other.status_code, other.json()["code"]) == (404, "unknown-run")
        viewer = await client.post(f"/runs/{run}/cancel", headers={"x-who": "eve default viewer"})
        assert (viewer.status_code, viewer.json()["code"]) == (403, "not-allowed")
        nobody = await client.get("/runs", headers={"x-who": ""})
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
        unknown = await client.post("/runs", json={"workflow": "nothing"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-agent")


async def test_a_secret_that_became_known_later_is_shown_in_no_answer(serving: Serving) -> None:
    async with serving(article) as client:
        asked, key = {"workflow": "article", "input": "k-7f3a9c55e1"}, {"idempotency-key": "order 8"}
        first = await client.post("/runs?wait=20", json=asked, headers=key)
        assert "k-7f3a9c55e1" in first.text
        MASKING.learn("k-7f3a9c55e1", "env:DOOR")
        run = first.json()["id"]
        for answer in (
            await client.post("/runs?wait=20", json={**asked, "input": "***"}, headers=key),
            await client.get(f"/runs/{run}/result"),
            await client.get(f"/runs/{run}/events"),
        ):
            assert answer.status_code in (200, 409), answer.text
            assert "k-7f3a9c55e1" not in answer.text
        again = await client.post("/runs?wait=20", json=asked, headers=key)
        assert (again.status_code, again.json()["value"]) == (200, "All about ***.")


async def test_the_idempotency_key_of_one_is_not_that_of_another(serving: Serving) -> None:
    async with serving(article) as client:
        found = [
            await client.post(
                "/runs", json={"workflow": "article", "input": who},
                headers={"x-who": f"{who} default {role}", "idempotency-key": key},
            )
            for who, key, role in (("a", "b:k", "x"), ("a:b", "k", "operator"), ("a%3Ab", "k", "operator"))
        ]  # fmt: skip
        assert [each.status_code for each in found] == [201, 201, 201]
        assert len({each.json()["id"] for each in found}) == 3
        taken = await client.post("/runs", json={"workflow": "article", "input": "x", "tag": "idempotency:ann:k"})
        assert taken.status_code == 422


def test_whatever_a_run_can_be_started_with_can_be_said_over_http() -> None:
    of_the_app = set(inspect.signature(ScopedApp.start).parameters) - {
        "self",
        "id",
        "tenant",
        "principal",
        "same_input",
    }
    assert set(RunStart.model_fields) == of_the_app


async def test_all_that_a_run_is_started_with_is_what_it_has(serving: Serving) -> None:
    said = {"tag": "issue 7", "queue": "slow", "priority": 3, "affinity": "doc-17"}
    async with serving(article) as client:
        made = (await client.post("/runs", json={"workflow": "article", "input": "tea", **said})).json()
        found = (await client.get(f"/runs/{made['id']}")).json()
        assert {name: found[name] for name in said} == said == {name: made[name] for name in said}
        refused = await client.post("/runs", json={"workflow": "article", "input": "tea", "affinity": ""})
        assert (refused.status_code, "affinity" in refused.json()["detail"]) == (422, True)


async def test_a_key_is_of_one_workflow_and_of_another_one_it_starts_another_run(serving: Serving) -> None:
    key = {"idempotency-key": "order 9"}
    async with serving(article, trial) as client:
        asked = [{"workflow": "article", "input": "tea"}, {"workflow": "trial", "input": 1}] * 2
        answers = [await client.post("/runs", json=each, headers=key) for each in asked]
    assert [each.status_code for each in answers] == [201, 201, 200, 200]
    assert [each.json()["workflow"] for each in answers] == ["article", "trial"] * 2
    assert len({each.json()["id"] for each in answers}) == 2
