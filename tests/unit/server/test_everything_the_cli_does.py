"""What the command line does with a store is done over HTTP too, or it is said here why not."""

from collections.abc import Iterator
from typing import Any

import pytest

from podium.cli.commands_on_use import COMMANDS, imported
from tests.unit.server.conftest import Serving
from tests.unit.server.desk import DESK

ROUTES: dict[str, tuple[str, ...]] = {
    "agents": ("list_agent_reports", "list_served", "list_agents", "show_agent"),
    "audit export": ("export_audit",),
    "audit report": ("report_audit",),
    "audit retain": ("retain_store",),
    "audit verify": ("verify_store",),
    "budgets correct": ("correct_budgets",),
    "budgets list": ("list_budgets",),
    "conversations delete": ("delete_conversation",),
    "conversations export": ("export_conversation",),
    "conversations fork": ("fork_conversation",),
    "conversations list": ("list_conversations",),
    "conversations redact": ("redact_conversation",),
    "conversations search": ("search_messages",),
    "conversations show": ("show_conversation", "conversation_messages", "list_costs"),
    "costs": ("list_costs",),
    "dead-letters discard": ("discard_dead_letter",),
    "dead-letters list": ("list_dead_letters",),
    "dead-letters requeue": ("requeue_dead_letters",),
    "dead-letters show": ("show_dead_letter",),
    "delegate grant": ("grant_delegation",),
    "delegate list": ("list_delegations",),
    "delegate revoke": ("revoke_delegation",),
    "graph": ("draw_workflow", "draw_run"),
    "health": ("list_agent_health", "list_agent_checks"),
    "incidents list": ("list_incidents",),
    "incidents show": ("show_incident",),
    "policy check": ("list_rules",),
    "policy explain": ("explain_policy",),
    "run": ("start_run", "run_result"),
    "runs cancel": ("cancel_run",),
    "runs fork": ("fork_run",),
    "runs list": ("list_runs",),
    "runs raise-budget": ("raise_budget",),
    "runs redact": ("redact_run",),
    "runs repin": ("repin_run",),
    "runs retry": ("retry_run",),
    "runs show": ("show_run", "show_call", "run_facts", "run_messages"),
    "runs signal": ("signal_run",),
    "runs verify": ("verify_run",),
    "sessions end": ("end_sessions",),
    "sessions list": ("list_sessions",),
    "store compact": ("compact_store",),
    "store prune": ("prune_store",),
    "workers drain": ("drain_worker",),
    "workers list": ("list_workers",),
    "workers queues": ("list_queues",),
    "workers wanted": ("wanted_workers",),
}
"""The operations of the document with which a command's work is done."""

_KEYS = "secret keys are not sent over a network"
_HERE = "it is about files of whoever calls it"
_ITSELF = "it is a process of its own"
NOT_OVER_HTTP: dict[str, str] = {
    "audit keygen": _KEYS,
    "audit rotate": _KEYS,
    "audit seal": "the app seals by itself; with another key nothing is sealed over a network",
    "doctor": "it looks at the installation; the health of a server is at /health, the store at /store",
    "init": _HERE,
    "serve": _ITSELF,
    "store backup": "a copy is written where the store is: nobody is to write files there from outside",
    "store move": "nobody may use the store meanwhile, the server neither",
    "store restore-check": _HERE,
    "validate": _HERE,
    "work": _ITSELF,
}
"""Why a command has no route."""

TESTED_APART = {"inbox", "keys", "runs tail", "webhooks"}
"""Commands, and groups of them, whose routes have tests of their own."""


def commands() -> Iterator[str]:
    """Give the names of all commands."""
    for name in COMMANDS:
        group: dict[str, Any] | None = getattr(imported(name), "commands", None)
        yield from [name] if group is None else (f"{name} {each}" for each in group)


def is_apart(command: str) -> bool:
    return command in TESTED_APART or command.partition(" ")[0] in TESTED_APART


def test_each_command_has_a_route_or_a_reason_why_not() -> None:
    there = {each for each in commands() if not is_apart(each)}
    assert there == ROUTES.keys() | NOT_OVER_HTTP.keys()
    assert not ROUTES.keys() & NOT_OVER_HTTP.keys()


@pytest.fixture(scope="module")
def routes() -> set[str]:
    return {each for several in ROUTES.values() for each in several}


async def test_the_routes_are_those_of_the_document(serving: Serving, routes: set[str]) -> None:
    async with serving(*DESK) as client:
        document = (await client.get("/openapi.json")).json()
    there = {route["operationId"] for methods in document["paths"].values() for route in methods.values()}
    assert routes - there == set()
