"""The client has a method for everything that the OpenAPI document has, with the same parameters and bodies."""

import inspect
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import pytest
from pydantic import TypeAdapter
from typing_extensions import Unpack

from podium import Budget
from podium.client import AsyncClient
from podium.client.api_call import ApiCall
from podium.client.endpoint import Resource, endpoint, listed, streamed
from podium.client.ways import PREFIX
from tests.unit.client.conftest import URL, told, transport

KINDS = (endpoint, listed, streamed)
METHODS = ("get", "post", "put", "patch", "delete")
NO_METHOD: Mapping[str, str] = {
    "GET /health/live": "for whoever runs the server",
    "GET /health/ready": "for whoever runs the server",
    "GET /metrics": "for Prometheus",
}
"""What the client has no method for, and why."""
AGAIN = frozenset({"same", "key", "id"})
"""What the document says of that which this client sends again where nobody knows what became of it."""
NOT_AGAIN = frozenset({"audit.export", "audit.report", "audit.verify", "store.compact", "store.prune", "store.retain"})
"""What looks, or deletes, and goes through so much that it is not begun a second time."""
OTHER_NAMES = {"idempotency-key": "idempotency_key"}
"""Parameters that are no names of Python."""
BY_ITSELF = frozenset({"Last-Event-ID"})
"""What the client says where a stream goes on, and nobody gives it."""
SAME_FOR_ALL = frozenset({"accept"})
"""Headers of which the document says nothing."""


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path.removeprefix(PREFIX)}"

    @property
    def parameters(self) -> set[str]:
        found: Sequence[Mapping[str, Any]] = self.said.get("parameters", [])
        names: list[str] = [each["name"] for each in found]
        return {OTHER_NAMES.get(each, each) for each in names if each not in BY_ITSELF}

    @property
    def body(self) -> str | None:
        """The name of the body that it takes."""
        content = self.said.get("requestBody", {}).get("content", {}).get("application/json", {})
        return referred(content["schema"]) if content else None

    @property
    def answer(self) -> str | None:
        """What it answers with where all is well."""
        good = next(each for status, each in sorted(self.said["responses"].items()) if status.startswith("2"))
        content = good.get("content", {})
        if "text/event-stream" in content:
            return content["text/event-stream"]["schema"]["items"]["properties"]["data"]["contentSchema"]["title"]
        if "application/jsonl" in content:
            return content["application/jsonl"].get("itemSchema", {}).get("title", "str")
        schema = content.get("application/json", {}).get("schema")
        return shown(schema) if schema else None


def referred(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the schema that is referred to, by itself or beside null."""
    parts = [schema, *schema.get("anyOf", [])]
    return next((each["$ref"].rpartition("/")[2] for each in parts if "$ref" in each), None)


def shown(schema: Mapping[str, Any]) -> str:
    """Return a schema in one word: the name that it refers to, a list of that, or its type."""
    if schema.get("type") == "array":
        return f"list of {shown(schema['items'])}"
    return referred(schema) or str(schema.get("type", "any"))


@dataclass(frozen=True)
class Method:
    """One method of the client, and what it sends where everything is given."""

    name: str
    parameters: set[str]
    call: ApiCall[Any]

    @property
    def sent(self) -> str:
        return f"{self.call.method} {self.call.template}"

    @property
    def answer(self) -> str | None:
        if self.call.answer is type(None):
            return None
        schema = TypeAdapter(self.call.answer).json_schema(
            mode="serialization", ref_template="#/components/schemas/{model}"
        )
        if schema.get("type") == "array":
            return f"list of {shown(schema['items'])}"
        return named(self.call.answer)


def named(answer: type[Any]) -> str:
    """Return the name that the document gives to a body: `PageBody[RunBody]` is `PageBody_RunBody_`."""
    return re.sub(r"[^\w.-]", "_", answer.__name__)


async def document() -> Mapping[str, Any]:
    async with transport() as way, httpx.AsyncClient(transport=way, headers=told("ann default")) as http:
        return (await http.get(f"{URL}{PREFIX}/openapi.json")).json()


@pytest.fixture(name="operations")
async def _operations() -> Mapping[str, Operation]:
    return operations_of(await document())


def operations_of(said: Mapping[str, Any]) -> Mapping[str, Operation]:
    """Return the operations of a document, by method and path."""
    found = [Operation(how, path, each[how]) for path, each in said["paths"].items() for how in METHODS if how in each]
    return {each.name: each for each in found}


def resources() -> Iterator[tuple[str, Resource[Any]]]:
    client = AsyncClient("http://podium")
    yield "client", client
    for name, _ in inspect.getmembers_static(type(client), lambda each: isinstance(each, cached_property)):
        yield name, getattr(client, name)


def methods() -> Iterator[Method]:
    for name, resource in resources():
        for each, found in inspect.getmembers_static(type(resource)):
            if isinstance(found, KINDS):
                yield method(f"{name}.{each}", resource, found)


def method(name: str, resource: Resource[Any], found: Any) -> Method:
    """Return a method with what it sends first, of several."""
    values = given(found.plan)
    plan: Any = found.plan(resource, **values)
    return Method(name, set(values), plan.call if isinstance(found, streamed) else next(iter(plan)))


def given(plan: Any) -> dict[str, Any]:
    """Return a value for each parameter of a method."""
    hints, values = get_type_hints(plan), dict[str, Any]()
    for name, each in [*inspect.signature(plan).parameters.items()][1:]:
        if each.kind is each.VAR_KEYWORD:
            (filters,) = get_args(hints[name])
            assert get_origin(hints[name]) is Unpack
            assert is_typeddict(filters)
            values |= {key: value(key, hint) for key, hint in get_type_hints(filters).items()}
        else:
            values[name] = value(name, hints[name])
    return values


def value(name: str, kind: Any) -> Any:
    """Return a value of a type, which is not the one that stands there where nothing is given."""
    simple: dict[Any, Any] = {
        str: f"the {name}", int: 7, float: 0.5, bool: True, datetime: datetime(2026, 1, 1, tzinfo=UTC),
        Any: {"any": "JSON"}, Budget: Budget(calls=7),
    }  # fmt: skip
    if kind in simple:
        return simple[kind]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return value(name, next(each for each in parts if each is not type(None)))
    if origin in (list, Sequence):
        return [value(name, parts[0])]
    if origin in (dict, Mapping):
        return {"key": value(name, parts[1])}
    assert issubclass(kind, Enum), f"no value is known for {name}: {kind}"
    return next(iter(kind))


def sent_names(call: ApiCall[Any]) -> set[str]:
    """Return what a call says, wherever it says it."""
    headers = {OTHER_NAMES[each] for each in call.headers if each not in SAME_FOR_ALL}
    return {*call.places, *call.query, *headers}


async def test_everything_in_the_document_has_a_method_and_every_method_is_in_the_document(
    operations: Mapping[str, Operation],
) -> None:
    sent = {each.sent for each in methods()}
    assert set(operations) - sent - set(NO_METHOD) == set(), "say in `podium.client.resources` how it is asked for"
    assert sent - set(operations) == set()
    assert {*NO_METHOD} <= set(operations) - sent


async def test_parameters_bodies_and_answers_are_those_of_the_document(operations: Mapping[str, Operation]) -> None:
    wrong: list[str] = []
    for each in methods():
        asked = operations[each.sent]
        fields: set[str] = set() if each.call.body is None else set(type(each.call.body).model_fields)
        body = None if each.call.body is None else type(each.call.body).__name__
        wrong += [f"{each.name} does not send {name}" for name in asked.parameters - sent_names(each.call)]
        wrong += [
            f"{each.name} sends {name}, of which nobody knows" for name in sent_names(each.call) - asked.parameters
        ]
        wrong += [f"{each.name} has no parameter {name}" for name in (asked.parameters | fields) - each.parameters]
        wrong += [f"{each.name} has a parameter {name}" for name in each.parameters - asked.parameters - fields]
        if each.call.body is not None:
            wrong += [f"{each.name} leaves {name} out" for name in fields - each.call.body.model_fields_set]
        if body != asked.body:
            wrong.append(f"{each.name} sends {body}, expected is {asked.body}")
        if each.answer != asked.answer:
            wrong.append(f"{each.name} expects {each.answer}, but gets {asked.answer}")
    assert wrong == []


async def test_what_is_sent_again_by_itself_is_what_the_document_says_does_no_more_then(
    operations: Mapping[str, Operation],
) -> None:
    sent_again = {each.name: each.call.again for each in methods()}
    said = {each.name: operations[each.sent].said.get("x-again", "same") in AGAIN for each in methods()}
    assert sent_again == said | dict.fromkeys(NOT_AGAIN, False)
    assert all(said[name] for name in NOT_AGAIN)


async def test_what_takes_a_key_gets_a_new_one_each_time_and_that_of_the_caller(
    operations: Mapping[str, Operation],
) -> None:
    keyed = 0
    for name, resource in resources():
        for each, found in inspect.getmembers_static(type(resource)):
            if not isinstance(found, endpoint):
                continue
            plan: Any = found.plan
            values = given(plan)
            own = values.pop("idempotency_key", None)
            first, second = (next(iter(plan(resource, **values))) for _ in range(2))
            takes = operations[f"{first.method} {first.template}"].said.get("x-again") == "key"
            assert takes == (own is not None), f"{name}.{each}"
            if takes and "tag" not in values:
                keyed += 1
                keys = [call.headers["idempotency-key"] for call in (first, second)]
                assert keys[0] != keys[1]
                call = next(iter(plan(resource, **values, idempotency_key=own)))
                assert call.headers["idempotency-key"] == own
    assert keyed > len(AGAIN)


async def test_a_parameter_that_may_be_left_out_is_one_of_the_method(operations: Mapping[str, Operation]) -> None:
    for name, resource in resources():
        for each, found in inspect.getmembers_static(type(resource)):
            if isinstance(found, endpoint):
                said = operations[method(f"{name}.{each}", resource, found).sent].said
                needed = {p["name"] for p in said.get("parameters", []) if p["required"] and p["in"] != "path"}
                parameters = inspect.signature(found.plan).parameters
                optional = {p.name for p in parameters.values() if p.default is not p.empty}
                assert not needed & optional, f"{name}.{each}"


def test_every_method_says_what_it_does() -> None:
    for name, resource in resources():
        for each, found in inspect.getmembers_static(type(resource)):
            assert not isinstance(found, KINDS) or found.__doc__, f"{name}.{each}"
