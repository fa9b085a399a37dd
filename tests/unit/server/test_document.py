"""The OpenAPI document is what the server does: schemathesis sends what it says, and worse, to a real server."""

import asyncio
import json
import re
import threading
import traceback
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from podium import App
from podium.api.examples import examples
from podium.model.delegation import DelegationSettings
from podium.model.policy import PolicySettings
from podium.model.principal import ADMIN, Principal
from podium.model.server import RequestSettings, ServerSettings
from podium.server.access.opening import signing_in
from podium.server.again import AGAIN, SENT_AGAIN
from podium.server.application import application
from podium.server.running import listen, served
from tests.examples import LONG
from tests.unit.server import desk
from tests.unit.server.conftest import Serving
from tests.unit.server.desk import DESK

_FITTING = ("2xx", "401", "403", "404", "409", "422", "429")
"""What may be answered to what fits the document: 422 where a value fits its schema there, and not what it is for."""
_PATIENT = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
_ILLUSTRATED = (
    "runs", "agents", "conversations", "dead letters", "money", "workers", "audit", "policies", "delegations",
    "incidents", "feedback", "store", "health",
)  # fmt: skip
"""The routes whose bodies all have examples, by tag."""
_SHARES = 4
"""In so many tests: each has its time."""
_REAL = 0.6
"""How often something that is there is asked for."""


class RealServer(threading.Thread):
    """A server on a port of its own, in a thread, with a store in which something happened."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._listening = listen("127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.headers: dict[str, str] = {}
        self.ready = threading.Event()
        self.stop = lambda: None

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        rules = self._folder / "rules.cedar"
        rules.write_text(
            'permit(principal, action, resource);\n@id("x") forbid(principal, action, resource is Tool);\n'
        )
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        self.stop = lambda: loop.call_soon_threadsafe(stopped.set)
        async with (
            App.open(
                self._folder / "desk.db", agents=DESK, grace=0.0, monitor=True,
                policy=PolicySettings(file=str(rules)), delegation=DelegationSettings(key="env:SCHEMA_KEY"),
                server=ServerSettings(requests=RequestSettings(per_second=1_000_000, failures_per_minute=1_000_000)),
            ) as app,
            signing_in(app, "127.0.0.1", Principal(who="root", tenant="default", roles={ADMIN})) as access,
            served(application(app, access), self._listening),
        ):  # fmt: skip
            assert access.here is not None
            self.headers = {"Authorization": f"Bearer {access.here.token}"}
            self.ready.set()
            await stopped.wait()


def fill(client: httpx.Client) -> None:
    """Have something in the store of every kind: runs in each state, questions, conversations, delegations."""
    desk.SHAKY[0] = True
    for workflow, given_to, more in (
        ("article", "tea", {"budget": {"usd": 5}, "tag": "t1"}),
        ("trial", 1, {}),
        ("trial", 2, {}),
        ("asks", "text", {}),
        ("waits", None, {}),
        ("chat", "hello", {"conversation": "c1"}),
    ):
        wait = 0 if workflow in ("asks", "waits") else 30
        said = {"workflow": workflow, "input": given_to, **more}
        client.post(f"/runs?wait={wait}", json=said).raise_for_status()
    client.post("/delegations", json={"to": "crm"}).raise_for_status()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RealServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCHEMA_KEY", "k" * 32)
        thread = RealServer(tmp_path_factory.mktemp("server"))
        thread.start()
        assert thread.ready.wait(60)
        with httpx.Client(base_url=f"{thread.address}/api/v1", headers=thread.headers, timeout=60) as client:
            fill(client)
        yield thread
        thread.stop()
        thread.join(60)


def operations(server: RealServer) -> dict[str, Any]:
    config = schemathesis.Config()
    config.projects.default.checks.positive_data_acceptance.expected_statuses = [
        *["2xx", "401", "403", "404", "409", "422", "429"]
    ]
    config.projects.default.checks.ignored_auth.enabled = False  # by keys: access/test_document.py
    document: Any = schemathesis.openapi.from_url(f"{server.address}/api/v1/openapi.json", config=config)
    found = [each.ok() for each in document.get_all_operations()]
    return {each.label: each for each in found if not each.label.endswith("/events")}  # they end with what they tell of


def known(server: RealServer) -> dict[str, list[str]]:
    """Return what there is, by the name of the parameter of an address that names it."""
    with httpx.Client(base_url=f"{server.address}/api/v1", headers=server.headers, timeout=60) as client:
        runs = [each["id"] for each in client.get("/runs").json()["items"]]
    return {"run": runs, "name": ["c1", "article"], "key": ["0"], "delegation": ["x"], "worker": ["w"]}


@pytest.mark.more
@pytest.mark.parametrize("share", range(_SHARES))
def test_whatever_is_sent_is_answered_as_the_document_says(server: RealServer, share: int) -> None:
    every = list(operations(server).items())
    shares = [dict(every[place::_SHARES]) for place in range(_SHARES)]
    wrong = {
        label: found for label, each in shares[share].items() if (found := tried(each, known(server), server.headers))
    }
    assert not wrong, "\n\n".join(f"{label}: {found}" for label, found in wrong.items())


def tried(operation: Any, there: dict[str, list[str]], headers: dict[str, str]) -> str:
    """Send an operation what its schema says, and what it does not; returns what was wrong with the answers."""

    @given(case=operation.as_strategy(), which=some.randoms())
    @settings(max_examples=60 if LONG else 4, deadline=None, suppress_health_check=_PATIENT, database=None)
    def sent(case: Any, which: Random) -> None:
        for name in list(case.path_parameters or ()):
            if there.get(name) and which.random() < _REAL:
                case.path_parameters[name] = which.choice(there[name])
        if "wait" in (case.query or {}):
            case.query["wait"] = 0
        case.call_and_validate(headers=headers, timeout=60)

    try:
        sent()
    except Exception as error:  # noqa: BLE001 - each operation is told of
        return "".join(traceback.format_exception(error, limit=0))
    return ""


def bodies(document: dict[str, Any]) -> set[str]:
    """Return the names of all that is sent and answered, the items of lists in place of these."""
    names: set[str] = set()
    for route in [route for methods in document["paths"].values() for route in methods.values()]:
        if route.get("tags", [""])[0] not in _ILLUSTRATED:
            continue
        parts = [route.get("requestBody", {}), *route["responses"].values()]
        for schema in [content.get("schema", {}) for part in parts for content in part.get("content", {}).values()]:
            names |= set(re.findall(r"schemas/(\w+)", json.dumps(schema)))
    pages = {name for name in names if name.startswith("PageBody")}
    items = {name for page in pages for name in re.findall(r"schemas/(\w+)", json.dumps(named(document, page)))}
    return names - pages | items


def named(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


async def test_each_body_has_an_example_that_fits_it(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    missing = [name for name in sorted(bodies(document)) if "examples" not in named(document, name)]
    assert missing == [], "put an example of each into src/podium/api/examples.json"
    for name in bodies(document):
        schema = {**named(document, name), "components": document["components"]}
        for example in schema["examples"]:
            jsonschema.validate(example, schema)
    left = set(examples()) - set(document["components"]["schemas"])
    assert not left, "of nothing that there is"


async def test_each_route_says_what_it_does_and_for_whom(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    tags = {each["name"] for each in document["tags"]}
    assert all(each["description"].endswith(".") for each in document["tags"])
    assert tags == {
        each for methods in document["paths"].values() for route in methods.values() for each in route["tags"]
    }
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            where = f"{method.upper()} {path}"
            assert route["summary"], where
            assert route["description"].partition("\n")[0].endswith("."), where
            assert "x-roles" in route, where
            assert {*route["tags"]} <= tags, where
            assert all(given["description"].endswith(".") for given in route.get("parameters", [])), where
            assert set(route["responses"]) & {"200", "201", "202", "204"}, where
            assert all(answer["description"] for answer in route["responses"].values()), where


async def test_each_route_that_changes_something_says_what_becomes_of_it_when_it_is_sent_again(
    serving: Serving,
) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    routes = [(method, route) for methods in document["paths"].values() for method, route in methods.items()]
    changing = {route["operationId"]: route for method, route in routes if method != "get"}
    assert set(changing) == set(AGAIN), "say in podium.server.again what a second request does"
    for name, route in changing.items():
        takes_a_key = any(each["name"] == "idempotency-key" for each in route.get("parameters", []))
        assert takes_a_key == (route["x-again"] == "key"), name
        assert route["description"].endswith(SENT_AGAIN[AGAIN[name]]), name
    assert not [route for method, route in routes if method == "get" and "x-again" in route]


async def test_a_reason_is_called_so_wherever_it_is_given_or_told(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    bodies = {
        f"{name}.{each}"
        for name, body in document["components"]["schemas"].items()
        for each in body.get("properties", {})
    }
    asked = {
        f"{route['operationId']}.{each['name']}"
        for methods in document["paths"].values() for route in methods.values() for each in route.get("parameters", [])
    }  # fmt: skip
    named = {each.rpartition(".")[2] for each in bodies | asked}
    assert "reason" in named
    assert not {"why", "cause", "because"} & named, sorted(each for each in bodies | asked if each.endswith("why"))


async def test_every_answer_has_all_of_its_fields_and_says_which_are_times(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    routes = [route for methods in document["paths"].values() for route in methods.values()]
    answered, left = set[str](), {*re.findall(r"schemas/(\w+)", json.dumps([each["responses"] for each in routes]))}
    while left:
        answered |= left
        left = {*re.findall(r"schemas/(\w+)", json.dumps([named(document, each) for each in left]))} - answered
    for name in answered:
        schema = named(document, name)
        assert {*schema.get("properties", {})} == {*schema.get("required", [])}, name
    for name, field in (("RunBody", "created_at"), ("QuestionBody", "asked_at"), ("FactBody", "at")):
        assert named(document, name)["properties"][field]["format"] == "date-time"


async def test_what_is_made_has_its_id_under_that_name(serving: Serving) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    answers = [route["responses"].get("201") for methods in document["paths"].values() for route in methods.values()]
    made = {name for each in answers for name in re.findall(r"schemas/(\w+)", json.dumps(each))}
    without = {each for each in made if "id" not in named(document, each)["properties"]}
    assert without == {"ConversationBody", "LinkBody", "RatingBody"}, "which have names, or are not asked for again"
    assert len(made) > len(without)
