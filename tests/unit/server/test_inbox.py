"""The inbox over HTTP: looking at questions, answering them, talking about them, and who is to."""

import asyncio
from typing import Any

import httpx
import pytest

from podium import Approval, Choice, Context, agent, workflow
from podium.model.person import Person
from tests.unit.server.conftest import Serving

PEOPLE = {"ada": Person(groups=["editors"], capacity=1), "bob": Person(groups=["editors"])}


@agent(usd=0.25)
async def write(task: str) -> str:
    return f"{task}\nIt rains."


@workflow
async def publish(ctx: Context) -> str:
    draft = await ctx.call(write, "News")
    while not (decision := await ctx.ask(Approval("Publish?", draft), to="editors")).approved:
        draft = await ctx.call(write, decision.comment)
    return draft


@workflow
async def choose(ctx: Context) -> str:
    return await ctx.ask(Choice("Tone?", {"dry": "Short", "warm": "With a greeting"}), to="editors")


def as_(*said: str) -> dict[str, str]:
    return {"x-who": " ".join(said)}


async def asked(client: httpx.AsyncClient, workflow: str, **given: Any) -> dict[str, Any]:
    run = (await client.post("/runs", json={"workflow": workflow})).json()["id"]
    while not (found := (await client.get("/questions", params={"run": run, **given})).json()["items"]):
        await asyncio.sleep(0)
    return found[0]


async def test_a_question_is_shown_with_its_kind_and_answered_by_whoever_signed_in(serving: Serving) -> None:
    async with serving(choose) as client:
        question = await asked(client, "choose")
        assert (question["kind"], question["to"], question["assignee"]) == ("choice", "editors", None)
        assert question["schema"]["oneOf"][1] == {"const": "warm", "title": "With a greeting"}
        place = f"/questions/{question['id']}/answer"
        wrong = await client.post(place, json={"value": "loud"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-value")
        forged = await client.post(place, json={"value": "dry", "by": "boss"}, headers=as_("cy", "default", "editors"))
        assert forged.status_code == 422
        other = await client.post(place, json={"value": "dry"}, headers=as_("cy", "default"))
        assert other.status_code == 404
        done = await client.post(place, json={"value": "dry"}, headers=as_("cy", "default", "editors"))
        assert (done.status_code, done.json()["question"]["answered_by"]) == (200, ["cy"])
        assert done.json()["run"] is None  # which is ann's, and no editor sees it
        again = await client.post(place, json={"value": "dry"}, headers=as_("cy", "default", "editors"))
        assert (again.status_code, again.json()["question"]) == (200, done.json()["question"])
        late = await client.post(place, json={"value": "dry"})
        assert (late.status_code, late.json()["code"]) == (409, "already-answered")
        assert (await client.get(f"/runs/{question['run']}/result?wait=20")).json()["value"] == "dry"


async def test_a_question_comes_with_its_context(serving: Serving) -> None:
    async with serving(publish, write) as client:
        question = await asked(client, "publish")
        value = {"approved": False, "comment": "Weather"}
        assert (await client.post(f"/questions/{question['id']}/answer", json={"value": value})).status_code == 200
        while (again := await asked_again(client, question)) is None:
            await asyncio.sleep(0)
        shown = (await client.get(f"/questions/{again}")).json()
        assert [each["name"] for each in shown["done"]] == ["write", "question to editors", "write"]
        assert shown["cost"]["usd"] == 0.5
        assert shown["former"] == "News\nIt rains."
        assert shown["diff"][2:] == ["@@ -1,2 +1,2 @@", "-News", "+Weather", " It rains."]
        assert (shown["workflow"], shown["reminders"], shown["discussion"]) == ("publish", 0, [])


async def asked_again(client: httpx.AsyncClient, before: dict[str, Any]) -> str | None:
    found = (await client.get("/questions", params={"run": before["run"]})).json()["items"]
    return next((each["id"] for each in found if each["id"] != before["id"]), None)


async def test_questions_are_filtered_and_paged(serving: Serving) -> None:
    async with serving(choose, publish, write, people=PEOPLE) as client:
        first = await asked(client, "choose")
        second = await asked(client, "publish")
        kinds = (await client.get("/questions?kind=approval")).json()["items"]
        assert [each["id"] for each in kinds] == [second["id"]]
        given = (await client.get("/questions?assignee=ada")).json()["items"]
        assert [each["id"] for each in given] == [first["id"]]
        await client.post(f"/questions/{first['id']}/answer", json={"value": "dry"})
        assert [each["id"] for each in (await client.get("/questions")).json()["items"]] == [second["id"]]
        answered = (await client.get("/questions?state=answered")).json()["items"]
        assert [each["id"] for each in answered] == [first["id"]]
        page = (await client.get("/questions?every_state=true&limit=1")).json()
        rest = (await client.get("/questions", params={"every_state": True, "cursor": page["cursor"]})).json()
        assert [each["id"] for each in page["items"] + rest["items"]] == [first["id"], second["id"]]


async def test_people_talk_about_a_question_and_give_it_to_each_other(serving: Serving) -> None:
    async with serving(choose, people=PEOPLE) as client:
        question = await asked(client, "choose")
        place = f"/questions/{question['id']}"
        assert question["assignee"] == "ada"
        said = await client.post(f"{place}/comments", json={"text": "Which house?"}, headers=as_("ada", "default"))
        assert (said.status_code, said.json()["by"]) == (201, "ada")
        assert (await client.post(f"{place}/comments", json={"text": " "})).status_code == 422
        moved = await client.post(
            f"{place}/reassign", json={"to": "bob", "reason": "hers"}, headers=as_("ada", "default")
        )
        assert (moved.status_code, moved.json()["assignee"]) == (200, "bob")
        no = await client.post(f"{place}/reassign", json={"to": "eve"}, headers=as_("bob", "default"))
        assert (no.status_code, no.json()["code"]) == (403, "not-allowed")
        told = (await client.get(f"{place}/discussion")).json()
        assert [(each["by"], each["assignee"]) for each in told] == [("podium", "ada"), ("ada", None), ("ada", "bob")]
        assert (await client.get(place)).json()["discussion"] == told


async def test_a_link_is_made_for_anybody_by_an_operator_and_for_oneself_by_who_is_asked(serving: Serving) -> None:
    async with serving(choose) as client:
        question = await asked(client, "choose")
        place, editor = f"/questions/{question['id']}/links", as_("cy", "default", "editors")
        forged = await client.post(place, json={"person": "bob"}, headers=editor)
        assert (forged.status_code, forged.json()["code"]) == (403, "not-allowed")
        own = (await client.post(place, json={"person": "cy", "within": 60}, headers=editor)).json()
        assert (own["question"], own["person"]) == (question["id"], "cy")
        for within in (0, -1, "soon"):
            assert (await client.post(place, json={"person": "cy", "within": within})).status_code == 422
        made = await client.post(place, json={"person": "bob"})
        assert made.status_code == 201
        done = (await client.get("/actions")).json()["items"]
        assert {(each["by"], each["what"], each["said"]["person"]) for each in done} == {
            ("cy", "make links", "cy"), ("ann", "make links", "bob"),
        }  # fmt: skip
        page = "http://podium" + httpx.URL(made.json()["url"]).path
        assert "you answer as <b>bob</b>" in (await client.get(page)).text
        sent = await client.post(page, data={"way": "answer", "answer": "0"}, headers={"sec-fetch-site": "same-origin"})
        assert sent.status_code == 303
        assert (await client.get(f"/questions/{question['id']}")).json()["answered_by"] == ["bob"]
        late = await client.post(place, json={"person": "bob"})
        assert (late.status_code, late.json()["code"]) == (409, "not-possible")


async def test_who_is_away_is_told_and_asked_no_more(serving: Serving) -> None:
    async with serving(choose, people=PEOPLE) as client:
        question = await asked(client, "choose")
        away = await client.post(
            "/people/ada/away", json={"until": "2100-01-01T00:00:00Z"}, headers=as_("ada", "default")
        )
        assert (away.status_code, away.json()["by"]) == (200, "ada")
        assert (await client.get(f"/questions/{question['id']}")).json()["assignee"] == "bob"
        people = {each["name"]: each for each in (await client.get("/people")).json()}
        assert people["ada"]["away_until"].startswith("2100-01-01")
        assert (people["bob"]["open"], people["bob"]["hindrance"]) == (1, None)
        back = await client.post("/people/ada/away", json={}, headers=as_("ada", "default"))
        assert back.status_code == 200
        assert (await client.post("/people/eve/away", json={})).status_code == 422


ROUTES = [
    ("GET", "/questions/{q}", None), ("GET", "/questions/{q}/discussion", None),
    ("POST", "/questions/{q}/answer", {"value": "dry"}), ("POST", "/questions/{q}/comments", {"text": "Hello"}),
    ("POST", "/questions/{q}/reassign", {"to": "eve"}), ("POST", "/questions/{q}/links", {"person": "vic"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "place", "body"), ROUTES)
async def test_a_question_of_another_tenant_is_as_unknown_as_none(
    serving: Serving, method: str, place: str, body: dict[str, str] | None
) -> None:
    async with serving(choose) as client:
        question = await asked(client, "choose")
        for name in (question["id"], "q_none"):
            answer = await client.request(
                method, place.format(q=name), json=body, headers=as_("eve", "rival", "operator")
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown-question")
        assert (await client.get(f"/questions/{question['id']}")).json()["state"] == "open"


async def test_a_viewer_looks_and_changes_nothing(serving: Serving) -> None:
    async with serving(choose) as client:
        question = await asked(client, "choose")
        viewer = as_("vic", "default", "viewer")
        for method, place, body in ROUTES:
            answer = await client.request(method, place.format(q=question["id"]), json=body, headers=viewer)
            assert answer.status_code == (200 if method == "GET" else 403)
