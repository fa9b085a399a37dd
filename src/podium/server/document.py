"""What the OpenAPI document has beside what FastAPI reads off the routes: problems, ways to sign in, examples."""

from typing import Any

from fastapi import FastAPI

from podium.api.examples import examples
from podium.api.problems import ProblemBody
from podium.server.access.schemes import SCHEMES, WAYS
from podium.server.again import AGAIN, SENT_AGAIN

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
    for route in [route for methods in found["paths"].values() for route in methods.values()]:
        for said in route.get("parameters", []):
            said.setdefault("description", _PARAMETERS.get(said["name"], ""))
        if (again := AGAIN.get(route["operationId"])) is not None:
            route["x-again"] = again.value
            route["description"] = f"{route['description']}\n\n{SENT_AGAIN[again]}"
    for name, example in examples().items():
        if name in schemas:
            schemas[name]["examples"] = [example]
