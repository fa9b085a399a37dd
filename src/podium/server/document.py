"""What the OpenAPI document has beside what FastAPI reads off the routes: problems, ways to sign in, examples."""

from typing import Any

from fastapi import FastAPI

from podium.api.examples import examples
from podium.api.problems import ProblemBody
from podium.server.access.schemes import SCHEMES, WAYS


def describe(server: FastAPI) -> None:
    """Have the document be whole; it is put together, and the examples read, when it is first asked for."""
    made = server.openapi

    def document() -> dict[str, Any]:
        is_new = server.openapi_schema is None
        found = made()
        if is_new:
            _complete(found)
        return found

    server.openapi = document


def _complete(found: dict[str, Any]) -> None:
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")  # no route has it as its model
    schemas.update({**problem.pop("$defs", {}), "ProblemBody": problem})
    components["securitySchemes"], found["security"] = SCHEMES, WAYS
    for name, example in examples().items():
        if name in schemas:
            schemas[name]["examples"] = [example]
