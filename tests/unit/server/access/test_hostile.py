"""Whatever is sent to any operation of the document is refused or taken, and never a fault of the server."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from podium import Context, workflow
from tests.unit.server.access.conftest import Serving
from tests.unit.server.access.test_document import DOCUMENT, FILLED, PUBLIC, ROUTES, body_of, filled

HALF = "\ud800"
"""Half of a surrogate pair: JSON can say it, UTF-8 cannot."""
VALUES: list[Any] = [HALF, [HALF], {HALF: HALF}, 10**30, -(10**30), 1e308, "9" * 5_000, "\x00", [[[]]], None]
TEXTS = ["9" * 5_000, "-" + "9" * 30, "\x00", "NaN", "%", "\ufffe", "9999-12-31T23:59:59-14:00", "a" * 3_000]
SKIPPED = {"POST /api/v1/store/compact", "GET /api/v1/events"}
"""What takes long, and what goes on for ever where it is taken."""


@workflow
async def desk(_: Context, text: str) -> str:
    return text


def schema_of(operation: dict[str, Any]) -> dict[str, Any]:
    found = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    found = found.get("anyOf", [found])[0]
    return DOCUMENT["components"]["schemas"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def asked(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give addresses and what is sent there: each part of a request once with each of these."""
    operation = ROUTES[name]
    path = name.partition(" ")[2]
    body = body_of(operation)
    for member in schema_of(operation).get("properties", {}):
        for value in VALUES:
            given = {**body["json"], member: value}
            yield filled(path, FILLED), {"content": _json(given), "headers": {"content-type": "application/json"}}
    for each in operation.get("parameters", ()):
        for text in TEXTS:
            where, more = filled(path, FILLED), dict(body)
            if each["in"] == "query":
                where += f"?{each['name']}={quote(text, safe='')}"
            elif each["in"] == "path":
                where = filled(path, {**FILLED, each["name"]: quote(text, safe="")})
            elif text.isascii() and text.isprintable():
                more["headers"] = {each["name"]: text}
            yield where, more


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("name", sorted({*ROUTES} - PUBLIC - SKIPPED))
async def test_nothing_that_is_sent_is_a_fault_of_the_server(name: str, signed: Serving) -> None:
    async with signed(desk, server={"requests": {"per_second": 100_000}}) as served:
        header = await served.key("admin")
        method = name.partition(" ")[0]
        for where, more in asked(name):
            more["headers"] = {**header, **more.get("headers", {})}
            answer = await served.client.request(method, where, **more)
            assert answer.status_code < 500, f"{method} {where:.200} {more}: {answer.text}"


async def test_what_was_sent_is_told_back_as_json(signed: Serving) -> None:
    async with signed() as served:
        answer = await served.client.post(
            "/api/v1/dead-letters/requeue", content=b'{"runs": ["\\ud800"]}',
            headers={**await served.key("admin"), "content-type": "application/json"},
        )  # fmt: skip
        assert answer.status_code == 202
        assert b'"run": "\\ud800"' in answer.content


@pytest.mark.parametrize("header", [{"last-event-id": "9" * 5_000}, {"last-event-id": "²"}])
async def test_the_place_of_a_stream_that_is_none_is_told(signed: Serving, header: dict[str, str]) -> None:
    async with signed() as served:
        raw = [(b"last-event-id", header["last-event-id"].encode())]
        admin = [(name.encode(), value.encode()) for name, value in (await served.key("admin")).items()]
        answer = await served.client.get("/api/v1/events", headers=raw + admin)
        assert answer.status_code == 422
        assert orjson.loads(answer.content)["code"] == "invalid-value"
