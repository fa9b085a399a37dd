"""How a request finds its route: as FastAPI would have found it, on few tries, and nothing is built before."""

import asyncio
import threading
from collections.abc import Iterator
from inspect import iscoroutinefunction
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as some
from starlette.routing import Match

from podium import App
from podium.server.application import ROUTES, application
from podium.server.routing import DeclaredRoute, Routes, RouteTable
from tests.unit.server.conftest import KnownByName

TABLE = RouteTable(ROUTES)
WORDS = sorted({word for each in TABLE.declared for word in each.path.split("/") if word and "{" not in word})
"""What stands in addresses as it is."""


def filled(each: DeclaredRoute, parts: list[str]) -> str:
    """Return an address of a route with these in place of its parameters."""
    left = iter(parts)
    return "/".join(next(left) if "{" in word else word for word in each.path.split("/"))


PATHS = some.one_of(
    some.builds(
        filled,
        some.sampled_from(TABLE.declared),
        some.lists(some.sampled_from(["a", "a/b", "", *WORDS]), min_size=4, max_size=4),
    ),
    some.lists(some.sampled_from(["", "x", *WORDS]), max_size=6).map(lambda words: f"/{'/'.join(words)}"),
    some.lists(some.sampled_from(["", "x", *WORDS]), max_size=4).map(lambda words: f"/api/v1/{'/'.join(words)}"),
)


def scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "headers": []}


def one_after_another(asked: dict[str, Any]) -> tuple[Match, dict[str, Any]]:
    """Return what FastAPI finds: the first route that fits, else the first that would for another method."""
    partial: tuple[Match, dict[str, Any]] = Match.NONE, {}
    for each in TABLE.declared:
        match, child = each.built.matches(asked)
        if match is Match.FULL:
            return match, dict(child)
        if match is Match.PARTIAL and partial[0] is Match.NONE:
            partial = match, dict(child)
    return partial


@given(some.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]), PATHS)
def test_a_request_finds_the_route_that_it_finds_where_all_are_tried(method: str, path: str) -> None:
    match, child = TABLE.matches(scope(method, path))
    assert (match, dict(child)) == one_after_another(scope(method, path))


@pytest.mark.parametrize("each", TABLE.declared, ids=lambda each: f"{'-'.join(sorted(each.methods))} {each.path}")
def test_each_route_is_found_at_its_address(each: DeclaredRoute) -> None:
    match, child = TABLE.matches(scope(min(each.methods), each.path))
    assert (match, child["route"]) == (Match.FULL, each.built)


def asked_for(needed: Dependant) -> Iterator[Dependant]:
    """Give a dependency, and all those that it has itself."""
    yield needed
    for each in needed.dependencies:
        yield from asked_for(each)


def test_nothing_that_answers_is_sent_to_a_thread() -> None:
    """FastAPI calls a function in a thread that is not declared with `async`, however little it does."""
    every = {each.call for route in TABLE.declared for each in asked_for(route.built.dependant)}
    assert [each for each in every if not iscoroutinefunction(each)] == []


async def test_a_request_builds_its_own_route_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = [Routes() for _ in ROUTES]
    for there, each in zip(fresh, ROUTES, strict=True):
        there.declared = [DeclaredRoute(x.methods, x.path, x.endpoint, x.options) for x in each.declared]
    monkeypatch.setattr("podium.server.application.ROUTES", fresh)
    built: list[str] = []
    begin = APIRoute.__init__

    def noted(route: APIRoute, path: str, *args: Any, **more: Any) -> None:
        built.append(path)
        begin(route, path, *args, **more)

    monkeypatch.setattr(APIRoute, "__init__", noted)
    async with App.open(":memory:") as app:
        way = httpx.ASGITransport(application(app, KnownByName()))
        assert built == []
        async with httpx.AsyncClient(transport=way, base_url="http://podium") as client:
            for _ in range(2):
                assert (await client.get("/health/live")).status_code == 200
    assert built == ["/health/live"]


async def test_others_are_answered_while_the_document_is_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, answered = threading.Event(), threading.Event()

    def slow(**_: Any) -> dict[str, Any]:
        begun.set()
        return {"paths": {}, "info": {"waited": answered.wait(10)}}

    monkeypatch.setattr("podium.server.document.get_openapi", slow)
    async with App.open(":memory:") as app:
        way = httpx.ASGITransport(application(app, KnownByName()))
        async with httpx.AsyncClient(transport=way, base_url="http://podium") as client:
            document = asyncio.create_task(client.get("/api/v1/openapi.json"))
            while not begun.is_set():
                assert (await client.get("/health/live")).status_code == 200
                await asyncio.sleep(0)
            answered.set()
            assert (await document).json()["info"] == {"waited": True}
            assert (await client.get("/api/v1/openapi.json")).json() == document.result().json()


def test_the_address_of_a_route_is_found_by_its_name() -> None:
    assert TABLE.url_path_for("show_run", run="run_1") == "/api/v1/runs/run_1"
