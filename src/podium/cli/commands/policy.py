"""`podium policy`: checks the rules of who may do what, and tells what they would say."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from podium.cli.input import read_input
from podium.cli.load import load, split
from podium.cli.opening import open_readonly
from podium.cli.options import JsonOption
from podium.cli.output import note, print_json, print_table
from podium.config import load_config
from podium.dispatch.registry import Registry
from podium.dispatch.rules.policy.loading import checked_rows, load_judge
from podium.errors import UsageError
from podium.facade.policies import SupposedCall
from podium.facade.policies import explain as explained
from podium.model.agent import AnyAgent, Card
from podium.model.clock import SystemClock
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision
from podium.model.rules import ruled
from podium.model.trust import Standing
from podium.store.opening import is_memory, sqlite_file

commands = typer.Typer(help="Who may do what.", rich_markup_mode=None)

AgentsOption = Annotated[
    list[str] | None, typer.Option("--file", metavar="FILE", help="The file with the agents; several times.")
]


@commands.command("check")
def check(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Default: policy.file of podium.toml.")] = None,
    agents: AgentsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file of policies and list its rules; a mistake is told with its place.

    With --file, rules about agents, tools and arguments that there are not are mistakes, too.
    """
    config = load_config()
    settings = config.policy if file is None else replace(config.policy, file=file)
    if settings.file is None:
        raise UsageError("no file of policies is set. Name one: podium policy check FILE")
    cards = None if agents is None else [ruled(card, config.agents) for card in _registered(agents).cards()]
    rows = checked_rows(settings, cards, _outside(config.store))
    if as_json:
        print_json([dict(row) for row in rows])
    else:
        columns = ("line", "rule", "effect", "asks")
        print_table([column.upper() for column in columns], [[row[column] for column in columns] for row in rows])
        if not any(row["effect"] == "permit" for row in rows):
            print("warning: no rule permits anything, so nothing may be. Usual: permit(principal, action, resource);")
    if cards is None:
        note("agents, tools and arguments that rules name were not looked for: name the file of the agents with --file")


@commands.command("explain")
def explain(
    agent: Annotated[str, typer.Option(metavar="NAME", help="The agent that is called.")],
    user: Annotated[str, typer.Option("--as", metavar="USER", help="On whose behalf the run is.")] = "local",
    caller: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A workflow on the way to the agent, the outermost first; several times."),
    ] = None,
    tool: Annotated[str | None, typer.Option(metavar="NAME", help="A tool that the agent uses.")] = None,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="The tenant of the run.")] = "default",
    input: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="The input, of a tool its arguments; @FILE reads it, - standard input."),
    ] = None,
    request: Annotated[
        str | None, typer.Option(metavar="JSON", help="The input of the run that the user started.")
    ] = None,
    run_input: Annotated[
        str | None, typer.Option(metavar="JSON", help="The input of the run itself; unless given, that --request says.")
    ] = None,
    call_input: Annotated[
        str | None, typer.Option(metavar="JSON", help="Of a tool: the input of the agent that uses it.")
    ] = None,
    agents: AgentsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what would happen to a call, or to the use of a tool, and why."""
    config = load_config()
    registry = None if agents is None else _registered(agents)
    called = None if registry is None else _called(registry, agent)

    def known(name: str) -> Card | None:
        if registry is None or not registry.knows(name):
            return None
        return ruled(registry.get(name).card, config.agents)

    card = known(agent) or ruled(Card(name=agent), config.agents)
    options = {"input": input, "request": request, "run_input": run_input, "call_input": call_input}
    asked = SupposedCall(
        agent=agent, principal=user, tenant=tenant, callers=caller or (), tool=tool,
        said={name: read_input(text) for name, text in options.items() if text is not None},
    )  # fmt: skip
    clock, standing = SystemClock(), _standing(config.store)

    def trust(name: str, version: str) -> int:
        return standing[name, version].trust(clock.now())

    judge = load_judge(config.policy, cards=known, trust=trust, clock=clock)
    found = explained(asked, judge=judge, called=called, card=card, cards=known, trust=trust)
    if as_json:
        print_json([{**_plain(each), "unknown": list(found.unknown)} for each in found.decisions])
        return
    if found.trust is not None:
        print(f"{agent} is trusted {found.trust} of 100")
    for each in found.decisions:
        print(_line(each))
    for each in found.unknown:
        note(f"a run may decide otherwise: {each}")


def _registered(files: Sequence[str]) -> Registry:
    found = Registry()
    for file in files:
        for agent in load(split(file)[0]).agents:
            found.add(agent)
    return found


def _called(registry: Registry, name: str) -> AnyAgent:
    if not registry.knows(name):
        there = ", ".join(sorted(card.name for card in registry.cards()))
        raise UsageError(f"the files that --file names have no agent {name!r}. Agents there: {there}.")
    return registry.get(name)


def _outside(store: str) -> Sequence[str]:
    """Return the agents outside to whom somebody delegated, if there is a store."""
    if not _is_there(store):
        return ()
    with open_readonly(store) as opened:
        return [each.delegation.to for each in opened.delegations.all()]


def _standing(store: str) -> dict[tuple[str, str], Standing]:
    """Return how the agents stand by the facts of the store, if there is one."""
    found = defaultdict[tuple[str, str], Standing](Standing)
    if _is_there(store):
        with open_readonly(store) as opened:
            for each in asyncio.run(opened.evidence()):
                found[each.agent, each.version].add(each)
    return found


def _is_there(store: str) -> bool:
    file = sqlite_file(store)
    return not is_memory(store) and (file is None or file.is_file())


def _line(decision: PolicyDecision) -> str:
    match decision:
        case Allowed(rule):
            return f"allowed by {rule}" if rule else "allowed"
        case Denied(rule, reason):
            return f"denied by {rule}: {reason}"
        case Asks(rule, to, reason):
            return f"{to} is asked by {rule}{f': {reason}' if reason else ''}; if approved:"


def _plain(decision: PolicyDecision) -> dict[str, Json]:
    match decision:
        case Allowed(rule):
            return {"decision": "allow", "rule": rule}
        case Denied(rule, reason):
            return {"decision": "deny", "rule": rule, "reason": reason}
        case Asks(rule, to, reason, within):
            return {"decision": "ask", "rule": rule, "to": to, "reason": reason, "within": within}
