"""Conditions that stand in an address are read as FastAPI reads them."""

from collections.abc import Sequence
from inspect import signature
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI, Query, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel

from podium.server.application import ROUTES
from podium.server.queries import read_by_model

ENDPOINTS = [each.endpoint for routes in ROUTES for each in routes.declared]
READING = [each for each in ENDPOINTS if read_by_model(each) is not each]
MODELS = sorted(
    {model for each in READING for annotation in [each.__annotations__["given"]] for model in get_args(annotation)[:1]},
    key=lambda model: model.__name__,
)
VALUES = ["", "0", "3", "1000", "1001", "-1", "x", "true", "done", "2026-12-01T08:00:00", "2026-12-01", "ä", " 3 "]


def app_of(model: type[BaseModel], *, by_itself: bool, asks: bool) -> TestClient:
    async def alone(given: Any) -> Any:
        return given.model_dump(mode="json")

    async def beside(request: Request, given: Any) -> Any:
        return [request.url.query, given.model_dump(mode="json")]

    endpoint = beside if asks else alone
    endpoint.__annotations__["given"] = Annotated[model, Query()]
    app = FastAPI()
    app.get("/")(read_by_model(endpoint) if by_itself else endpoint)
    return TestClient(app)


def answer_of(client: TestClient, query: Sequence[tuple[str, str]]) -> tuple[int, Any]:
    answer = client.get(f"/?{urlencode(query)}")
    said = answer.json()
    return answer.status_code, said if answer.is_success else [(x["loc"], x["msg"], x["type"]) for x in said["detail"]]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_a_query_says_is_read_as_fastapi_reads_it(model: type[BaseModel]) -> None:
    ours, theirs = (app_of(model, by_itself=by_itself, asks=True) for by_itself in (True, False))
    names = some.sampled_from([*model.model_fields, "limit", "unknown"])

    @given(some.lists(some.tuples(names, some.sampled_from(VALUES)), max_size=4))
    def alike(query: list[tuple[str, str]]) -> None:
        assert answer_of(ours, query) == answer_of(theirs, query)

    alike()


def test_an_endpoint_that_takes_no_request_is_given_none() -> None:
    ours = app_of(MODELS[0], by_itself=True, asks=False)
    assert answer_of(ours, [("limit", "3")])[1]["limit"] == 3
    assert answer_of(ours, [("limit", "0")])[0] == 422


def test_every_list_reads_its_conditions_so_and_nothing_else_is_touched() -> None:
    assert {"list_runs", "list_costs", "conversation_messages"} <= {each.__name__ for each in READING}
    untouched = [each for each in ENDPOINTS if each not in READING]
    assert untouched
    assert all("given" not in signature(each).parameters for each in untouched)
