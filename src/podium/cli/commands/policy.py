"""`podium policy`: checks the rules of who may do what, and tells what they would say."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Annotated

import typer

from podium.cli.input import read_input
from podium.cli.load import load, split
from podium.cli.opening import open_readonly
from podium.cli.options import JsonOption
from podium.cli.output import print_json, print_table
from podium.config import load_config
from podium.dispatch.rules.policy.loading import load_judge, rows_of
from podium.dispatch.rules.policy.request import Judge, PolicyRequest, memory_action
from podium.dispatch.rules.policy.rule import acting
from podium.dispatch.rules.policy.words import AGENT, CALL, MEMORY, TOOL, USE_TOOL
from podium.errors import UsageError
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.clock import SystemClock
from podium.model.json import Json
from podium.model.policy import Allowed, Asks, Denied, PolicyDecision
from podium.model.rules import ruled
from podium.model.step import tool_id
from podium.model.trust import Standing
from podium.store.opening import is_memory, sqlite_file

commands = typer.Typer(help="Who may do what.", rich_markup_mode=None)


@commands.command("check")
def check(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Default: policy.file of podium.toml.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file of policies and list its rules; a mistake is told with line and column."""
    settings = load_config().policy
    settings = settings if file is None else replace(settings, file=file)
    if settings.file is None:
        raise UsageError("no file of policies is set. Name one: podium policy check FILE")
    rows = rows_of(settings)
    if as_json:
        print_json([dict(row) for row in rows])
        return
    columns = ("line", "rule", "effect", "asks")
    print_table([column.upper() for column in columns], [[row[column] for column in columns] for row in rows])
    if not any(row["effect"] == "permit" for row in rows):
        print("warning: no rule permits anything, so nothing may be. Usual: permit(principal, action, resource);")


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
    agents: Annotated[
        str | None, typer.Option("--file", metavar="FILE", help="The file with the agents, for what their cards say.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what would happen to a call, or to the use of a tool, and why."""
    config = load_config()
    known = {} if agents is None else {each.card.name: each.card for each in load(split(agents)[0]).agents}
    cards = {name: ruled(card, config.agents) for name, card in known.items()}
    if agents is not None and agent not in cards:
        raise UsageError(f"{agents} has no agent {agent!r}. Agents there: {', '.join(sorted(cards))}.")
    clock, standing = SystemClock(), _standing(config.store)

    def trust(name: str, version: str) -> int:
        return standing[name, version].trust(clock.now())

    judge = load_judge(config.policy, cards=cards.get, trust=trust, clock=clock)
    card = cards.get(agent) or ruled(Card(name=agent), config.agents)
    call = Call(
        run="run", key="0", agent=agent, version=card.version, input=read_input(input), tenant=tenant, principal=user,
        root="run", callers=tuple(caller or ()),
    )  # fmt: skip
    decisions = _decisions(judge, card, call, tool)
    if as_json:
        print_json([_plain(each) for each in decisions])
        return
    if judge.reads_trust:
        print(f"{agent} is trusted {trust(agent, card.version)} of 100")
    for each in decisions:
        print(_line(each))


def _standing(store: str) -> dict[tuple[str, str], Standing]:
    """Return how the agents stand by the facts of the store, if there is one."""
    found = defaultdict[tuple[str, str], Standing](Standing)
    file = sqlite_file(store)
    if not is_memory(store) and (file is None or file.is_file()):
        with open_readonly(store) as opened:
            for each in asyncio.run(opened.evidence()):
                found[each.agent, each.version].add(each)
    return found


def _decisions(judge: Judge, card: Card, call: Call, tool: str | None) -> list[PolicyDecision]:
    """Return what is decided, and after each question what would be decided once it is answered with yes."""
    granted: dict[str, Json] = {}
    found: list[PolicyDecision] = []
    while True:
        matter = _matter(judge, card, replace(call, granted=granted), tool)
        found.append(decision := judge.decide(matter) if not matter.scope.settled else Allowed())
        if not isinstance(decision, Asks):
            return found
        granted[decision.rule] = {"approved": True}


def _matter(judge: Judge, card: Card, call: Call, tool: str | None) -> PolicyRequest:
    """Return what a run would have decided."""
    user, agents = acting(call)
    if tool is not None:
        scope = judge.scope(card, USE_TOOL, TOOL, tool_id(card.name, tool))
        sent = {"tool": tool, "arguments": call.input}
        return PolicyRequest.of_tool(card, scope, call, user, agents, tool=tool, sent=sent, granted=call.granted)
    action, kind = (memory_action(call.input), MEMORY) if card.traits.is_memory else (CALL, AGENT)
    return PolicyRequest.of_call(card, judge.scope(card, action, kind, card.name), call, user, agents)


def _line(decision: PolicyDecision) -> str:
    match decision:
        case Allowed(rule):
            return f"allowed by {rule}" if rule else "allowed"
        case Denied(rule, reason):
            return f"denied by {rule}: {reason}"
        case Asks(rule, to, reason):
            return f"{to} is asked by {rule}{f': {reason}' if reason else ''}; if approved:"


def _plain(decision: PolicyDecision) -> Json:
    match decision:
        case Allowed(rule):
            return {"decision": "allow", "rule": rule}
        case Denied(rule, reason):
            return {"decision": "deny", "rule": rule, "reason": reason}
        case Asks(rule, to, reason, within):
            return {"decision": "ask", "rule": rule, "to": to, "reason": reason, "within": within}
