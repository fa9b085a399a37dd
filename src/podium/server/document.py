"""What the OpenAPI document has beside what FastAPI reads off the routes: problems, ways to sign in, examples."""

import asyncio
from functools import cached_property
from typing import Any, cast

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from podium.api.examples import examples
from podium.api.problems import ProblemBody
from podium.in_threads import in_thread
from podium.server.access.schemes import SCHEMES, WAYS
from podium.server.again import AGAIN, SENT_AGAIN
from podium.server.routing import Routes, RouteTable

router = Routes(include_in_schema=False)
TAGS = {
    "runs": "Start workflows, wait for them, look at what they did, and change how they go on.",
    "events": "What happens to runs and questions, as it happens.",
    "inbox": "Questions that wait for people, and their answers.",
    "agents": "Who can be called, with schemas and figures.",
    "conversations": "What was said in several runs.",
    "dead letters": "Runs that failed, to be requeued or discarded.",
    "money": "What was spent, and budgets.",
    "workers": "Which processes drive runs, queues and limits.",
    "audit": "Who did what, and proofs that it is whole.",
    "policies": "Which rules decide what may be done.",
    "delegations": "Tokens with which another may do a bounded part of what one may.",
    "access": "Signing in, and keys for programs.",
    "incidents": "What the monitor found, and what was done about it.",
    "feedback": "What people think of runs and calls.",
    "store": "How large the store is, and tidying it.",
    "webhooks": "Programs that are told what happens, and what was delivered to them.",
    "health": "Probes and figures for whoever runs the server.",
}
"""What the routes of each tag are for."""
_PARAMETERS = {
    "delegation": "The id of the delegation.", "delivery": "The id of the delivery.",
    "generation": "Which generation, of a run that restarted; else the present one.", "key": "The id of the key.",
    "kind": "Only those of this kind.", "name": "Its name.", "person": "The name of the person.",
    "principal": "Only what belongs to this principal.", "question": "The id of the question.",
    "run": "The id of the run.", "state": "Only those in this state.", "tenant": "Only what belongs to this tenant.",
    "webhook": "The id of the webhook.", "worker": "The name of the worker.",
    "workflow": "Only what belongs to runs of this workflow.",
}  # fmt: skip
"""What parameters mean that mean the same in every route."""


class Document:
    """The document of a server. It takes half a second to put together, so that is done when it is first asked for."""

    def __init__(self, server: FastAPI, table: RouteTable) -> None:
        self._server = server
        self._table = table
        self._encoded: bytes | None = None

    @cached_property
    def whole(self) -> dict[str, Any]:
        """All of it, as JSON."""
        server = self._server
        found = get_openapi(
            title=server.title, version=server.version, description=server.description, tags=server.openapi_tags,
            routes=[each.documented for each in self._table.declared],
        )  # fmt: skip
        _complete(found)
        return found

    async def encoded(self) -> bytes:
        """Return the same as it is sent; other requests are answered while it is put together."""
        if self._encoded is None:
            for each in self._table.declared:  # here, since FastAPI sets filters of warnings meanwhile, for all threads
                _ = each.documented
                await asyncio.sleep(0)  # noqa: TID251 - lets others take their turn
            self._encoded = await in_thread(lambda: orjson.dumps(self.whole))
        return self._encoded


@router.get("/openapi.json")
async def show_document(request: Request) -> Response:
    """Show what there is, as OpenAPI has it."""
    document = cast("Document", request.app.state.document)
    return Response(await document.encoded(), media_type="application/json")


def _complete(found: dict[str, Any]) -> None:
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")  # no route has it as its model
    schemas.update({**problem.pop("$defs", {}), "ProblemBody": problem})
    components["securitySchemes"], found["security"] = SCHEMES, WAYS
    for route in [route for methods in found["paths"].values() for route in methods.values()]:
        for said in route.get("parameters", []):
            said.setdefault("description", _PARAMETERS.get(said["name"], ""))
        if (again := AGAIN.get(route["operationId"])) is not None:
            route["x-again"] = again.value
            route["description"] = f"{route['description']}\n\n{SENT_AGAIN[again]}"
    for name, example in examples().items():
        if name in schemas:
            schemas[name]["examples"] = [example]
