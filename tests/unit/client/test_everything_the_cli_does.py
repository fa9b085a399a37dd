"""What the command line does with a store is done with the client too: each command names the methods for its work."""

from tests.unit.client.test_document import document, methods, operations_of
from tests.unit.server.test_everything_the_cli_does import NOT_OVER_HTTP, ROUTES, commands

METHODS: dict[str, tuple[str, ...]] = {
    "agents": ("agents.reports", "agents.served", "agents.list", "agents.get"),
    "audit export": ("audit.export",),
    "audit report": ("audit.report",),
    "audit retain": ("store.retain",),
    "audit verify": ("audit.verify",),
    "budgets correct": ("budgets.correct",),
    "budgets list": ("budgets.list",),
    "conversations delete": ("conversations.delete",),
    "conversations export": ("conversations.export",),
    "conversations fork": ("conversations.fork",),
    "conversations list": ("conversations.list",),
    "conversations redact": ("conversations.redact",),
    "conversations search": ("conversations.search",),
    "conversations show": ("conversations.get", "conversations.messages", "costs.list"),
    "costs": ("costs.list",),
    "dead-letters discard": ("dead_letters.discard",),
    "dead-letters list": ("dead_letters.list",),
    "dead-letters requeue": ("dead_letters.requeue",),
    "dead-letters show": ("dead_letters.get",),
    "delegate grant": ("delegations.grant",),
    "delegate list": ("delegations.list",),
    "delegate revoke": ("delegations.revoke",),
    "graph": ("workflows.graph", "runs.graph"),
    "health": ("agents.health", "agents.checks"),
    "inbox answer": ("inbox.answer",),
    "inbox away": ("inbox.away",),
    "inbox comment": ("inbox.comment",),
    "inbox link": ("inbox.link",),
    "inbox list": ("inbox.list",),
    "inbox people": ("inbox.people",),
    "inbox reassign": ("inbox.reassign",),
    "inbox show": ("inbox.get",),
    "incidents list": ("incidents.list",),
    "incidents show": ("incidents.get",),
    "keys create": ("keys.create",),
    "keys list": ("keys.list",),
    "keys revoke": ("keys.revoke",),
    "keys rotate": ("keys.rotate",),
    "policy check": ("policies.list",),
    "policy explain": ("policies.explain",),
    "run": ("runs.start", "runs.result"),
    "runs cancel": ("runs.cancel",),
    "runs fork": ("runs.fork",),
    "runs list": ("runs.list",),
    "runs raise-budget": ("runs.raise_budget",),
    "runs redact": ("runs.redact",),
    "runs repin": ("runs.repin",),
    "runs retry": ("runs.retry",),
    "runs show": ("runs.get", "runs.call", "runs.facts", "runs.messages"),
    "runs signal": ("runs.signal",),
    "runs tail": ("runs.events",),
    "runs verify": ("runs.verify",),
    "sessions end": ("keys.end_sessions",),
    "sessions list": ("keys.sessions",),
    "store compact": ("store.compact",),
    "store prune": ("store.prune",),
    "webhooks change": ("webhooks.change",),
    "webhooks create": ("webhooks.create",),
    "webhooks delete": ("webhooks.delete",),
    "webhooks deliveries": ("webhooks.deliveries",),
    "webhooks list": ("webhooks.list",),
    "webhooks ping": ("webhooks.ping",),
    "webhooks redeliver": ("webhooks.redeliver",),
    "webhooks rotate": ("webhooks.rotate",),
    "webhooks show": ("webhooks.get",),
    "workers drain": ("workers.drain",),
    "workers list": ("workers.list",),
    "workers queues": ("workers.queues",),
    "workers wanted": ("workers.wanted",),
}
"""The methods of the client with which a command's work is done."""


def test_each_command_has_a_method_or_a_reason_why_not() -> None:
    assert {*commands()} == METHODS.keys() | NOT_OVER_HTTP.keys()
    assert not METHODS.keys() & NOT_OVER_HTTP.keys()


def test_the_methods_are_those_of_the_client() -> None:
    assert {each for several in METHODS.values() for each in several} <= {each.name for each in methods()}


async def test_a_command_is_done_with_the_same_routes_by_either() -> None:
    operations = operations_of(await document())
    asked = {each.name: operations[each.sent].said["operationId"] for each in methods()}
    assert {command: {asked[each] for each in METHODS[command]} for command in ROUTES} == {
        command: {*routes} for command, routes in ROUTES.items()
    }
