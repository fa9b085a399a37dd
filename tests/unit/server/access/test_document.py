"""Who may use each route, read from the document: a route that says nothing of it, or says it wrongly, fails here."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from podium import App, Context, Principal, workflow
from podium.server.access.rights import ANYONE
from podium.server.application import application
from tests.unit.server.access.conftest import Serving

METHODS = ("get", "post", "put", "patch", "delete")
PUBLIC = {"GET /health/live", "GET /health/ready"}
"""What is answered to everybody: probes of health say nothing of anybody. Named `METHOD /path`."""
BY_TOKEN = {"POST /api/v1/delegated-runs"}
"""What a token of a delegation is for, and nobody else."""
KNOWN = {ANYONE, "viewer", "operator", "approver", "admin", "delegate"}
ROLES = {ANYONE: (), "viewer": ("viewer",), "operator": ("operator",), "approver": ("approver",), "admin": ("admin",)}
OF_THE_OTHER = ["rival", "rex", "rival-secret"]


@workflow
async def ask(ctx: Context, text: str) -> str:
    return await ctx.ask(f"{text}?", answer=str, to="editors")


def document() -> dict[str, Any]:
    class Nobody:
        async def caller(self, request: object) -> Principal:
            raise NotImplementedError

        def refusing(self, request: object) -> AbstractContextManager[None]:
            raise NotImplementedError

    async def made() -> dict[str, Any]:
        async with App.open(":memory:") as app:
            return application(app, Nobody()).openapi()

    return asyncio.run(made())


DOCUMENT = document()


def routes() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


ROUTES = dict(routes())
FILLED = {
    "run": "run_none", "key": "0", "question": "q_none", "conversation": "none", "agent": "none", "name": "none",
}  # fmt: skip


def filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: names.get(found[1], "none"), path)


def body_of(operation: dict[str, Any]) -> Any:
    """Return a body that fits what the document says of it, as short as it can be."""
    content = operation.get("requestBody", {}).get("content", {})
    return {"json": sample(content["application/json"]["schema"])} if "application/json" in content else {}


def sample(schema: dict[str, Any]) -> Any:
    """Return a value that fits a schema, as far as ours go."""
    if "$ref" in schema:
        return sample(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if (several := schema.get("anyOf") or schema.get("oneOf")) is not None:
        return sample(several[0])
    match schema.get("type"):
        case "object":
            return {name: sample(schema["properties"][name]) for name in schema.get("required", ())}
        case "array":
            return [sample(schema["items"])] * schema.get("minItems", 0)
        case "string":
            return schema.get("enum", ["x" * max(1, schema.get("minLength", 1))])[0]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return schema.get("const")


def test_every_route_says_who_may_use_it() -> None:
    for name, operation in ROUTES.items():
        if name not in PUBLIC:
            assert operation.get("x-roles"), f"{name} does not say who may use it: openapi_extra=rights(…)"
            assert set(operation["x-roles"]) <= KNOWN, name
            assert name in BY_TOKEN or "admin" in operation["x-roles"], f"{name} is not for admins"


@pytest.mark.parametrize("name", [name for name in ROUTES if name not in PUBLIC])
async def test_nobody_uses_a_route_without_being_signed_in(name: str, signed: Serving) -> None:
    method, _, path = name.partition(" ")
    async with signed() as served:
        answer = await served.client.request(method, filled(path, FILLED), **body_of(ROUTES[name]))
        assert answer.status_code == 401, answer.text


async def test_a_role_that_may_not_use_a_route_is_refused_and_one_that_may_is_not(signed: Serving) -> None:
    async with signed(server={"requests": {"per_second": 100_000}}) as served:
        headers = {role: await served.key(*names, who=f"some-{role}") for role, names in ROLES.items()}
        for name, operation in ROUTES.items():
            if name in PUBLIC | BY_TOKEN:
                continue
            method, _, path = name.partition(" ")
            for role, header in headers.items():
                if _streams(operation):
                    continue
                answer = await served.client.request(
                    method, filled(path, {**FILLED, "person": f"some-{role}"}), headers=header, **body_of(operation)
                )
                is_refused = answer.status_code == 403
                assert is_refused is (role not in operation["x-roles"]), f"{name} as {role}: {answer.text}"
                assert answer.status_code < 500, f"{name} as {role}: {answer.text}"


def _streams(operation: dict[str, Any]) -> bool:
    """Whether an answer goes on for as long as somebody reads it."""
    return any("text/event-stream" in each.get("content", {}) for each in operation["responses"].values())


async def test_what_is_of_another_tenant_is_unknown_on_every_route(signed: Serving) -> None:
    async with signed(ask, server={"requests": {"per_second": 100_000}}) as served:
        rex = served.app.scoped(Principal(who="rex", tenant="rival", roles={"operator"}))
        run = await rex.start(ask, "rival-secret", tag="rival-tag", conversation="rival-talk")
        while not (asked := (await served.app.inbox.list(run=run.id)).items):
            await asyncio.sleep(0)
        names = {**FILLED, "run": run.id, "question": asked[0].id, "conversation": "rival-talk"}
        before = await run.facts()
        for role in ("viewer", "operator"):
            header = await served.key(role, tenant="acme", who=f"acme {role}")
            for name, operation in ROUTES.items():
                if name in PUBLIC | BY_TOKEN or role not in operation["x-roles"] or _streams(operation):
                    continue
                method, _, path = name.partition(" ")
                theirs = await served.client.request(method, filled(path, names), headers=header, **body_of(operation))
                nobodys = await served.client.request(
                    method, filled(path, FILLED), headers=header, **body_of(operation)
                )
                assert theirs.status_code == nobodys.status_code, f"{name} tells that it is there: {theirs.text}"
                for word in (*OF_THE_OTHER, "rival-tag", "rival-talk"):
                    told = theirs.text.replace(names["conversation"], "") if "rival-talk" in path else theirs.text
                    assert word not in told.replace("rival-talk", ""), f"{name} tells {word}: {told}"
        assert await run.facts() == before
