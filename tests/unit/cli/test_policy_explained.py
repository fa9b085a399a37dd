"""What `podium policy explain` says, and what a run does: the same, for many rules, people, tools and inputs."""

import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from podium import App
from podium.cli.load import load
from podium.errors import RunFailed
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from tests.examples import LONG
from tests.unit.cli.in_process import podium
from tests.unit.engine.bench import Bench

DESK = '''
import json
from dataclasses import dataclass

from podium import Context, agent, workflow
from podium.agents.memory import memory
from podium.agents.pydantic_ai import ToolEffects, llm_agent
from podium.testing import ScriptedModel, Use


@dataclass
class Order:
    amount: int
    to: str = "ann"
    notes: list[str] | None = None


def play(messages):
    if len(messages) > 1:
        return ["done"]
    asked = json.loads(messages[0].parts[-1].content)
    return [Use(asked["tool"], asked["arguments"])]


def refund(amount: int, to: str = "ann") -> str:
    """Pay."""
    return "paid"


def look(at: list[str]) -> str:
    """Look."""
    return "seen"


def new(amount: int) -> str:
    """Do something else."""
    return "done"


clerk = llm_agent(
    "clerk", model=ScriptedModel(play), instructions="Pay.", tools=[refund, look, new], on_refused="end",
    capabilities=["desk"],
    tool_effects={"refund": ToolEffects(effects="once", capabilities=["money"]), "look": "read_only"},
)


@agent(capabilities=["money"], usd=0.5)
async def pay(order: Order) -> str:
    return "paid"


@agent(dangerous=True)
async def wipe(disk: str) -> str:
    return "wiped"


notes = memory(name="notes")


@workflow
async def desk(ctx: Context, asked: dict) -> object:
    agents = {"pay": pay, "wipe": wipe, "clerk": clerk, "notes": notes}
    if asked["agent"] == "pay":
        return await ctx.call(pay, Order(**asked["input"]))
    return await ctx.call(agents[asked["agent"]], asked["input"])
'''

GROUPS = {"staff": ["ada"], "trainees": ["tom"], "nobody": []}
USERS = ("ada", "tom", "eve")
RULES = {
    "nothing": "",
    "an amount": '@id("a") @ask("leads") forbid(principal, action, resource) '
    "when { context.input has amount && context.input.amount > 100 };",
    "an amount that is not always there": '@id("b") forbid(principal, action == Action::"tool", resource) '
    "when { context.input.amount > 100 };",
    "a default of the input": '@id("c") forbid(principal, action, resource == Agent::"pay") '
    'when { context.input has to && context.input.to == "ann" };',
    "a group": '@id("d") forbid(principal in Group::"trainees", action, resource in Capability::"money");',
    "several groups": '@id("e") @ask("leads") forbid(principal is User, action, resource is Tool) '
    'unless { principal in Group::"staff" };',
    "an agent on the way": '@id("f") forbid(principal == Agent::"desk", action, resource == Agent::"pay");',
    "the agent of a tool": '@id("g") forbid(principal == Agent::"clerk", action == Action::"tool", resource) '
    'when { principal.capabilities.contains("desk") && resource.name == "new" };',
    "a class": '@id("h") forbid(principal, action == Action::"tool", resource) unless { resource.read_only };',
    "effects": '@id("i") @ask("boss") forbid(principal, action == Action::"tool", resource) '
    'when { resource has effects && resource.effects == "once" };',
    "another rule about what is dangerous": '@id("dangerous") @ask("boss") forbid(principal, action, resource) '
    "when { resource is Agent && resource.dangerous };",
    "what was asked for": '@id("j") forbid(principal, action == Action::"tool", resource) '
    'when { context.request.agent == "clerk" && context.run_input.input like "*eve*" };',
    "what the agent was asked": '@id("k") forbid(principal, action == Action::"tool", resource) '
    'when { context.call_input like "*500*" };',
    "who is on the way": '@id("l") forbid(principal, action, resource) '
    'when { context.depth > 1 || context.callers.contains("office") };',
    "who and where": '@id("m") forbid(principal, action, resource is Agent) '
    'when { context.user == User::"eve" && context.caller == "desk" && context.tenant == Tenant::"default" };',
    "a price": '@id("n") forbid(principal, action, resource is Agent) '
    'when { resource has usd && resource.usd.greaterThan(decimal("0.4")) };',
    "reading and writing": '@id("o") forbid(principal, action == Action::"write_memory", resource) '
    'when { context.input.key like "secret*" };',
    "each of a list": '@id("q") forbid(principal, action == Action::"tool", resource == Tool::"clerk/look") '
    'when { context.any.at == "c" };',
    "lists": '@id("p") forbid(principal, action == Action::"tool", resource == Tool::"clerk/look") '
    'when { !["a", "b"].containsAll(context.input.at) };',
}  # fmt: skip
PERMITS = {
    "all": "permit(principal, action, resource);",
    "classes": 'permit(principal, action == Action::"call", resource);\n@id("reading") '
    'permit(principal, action == Action::"tool", resource) when { resource.read_only };\n@id("money") '
    'permit(principal, action == Action::"tool", resource) when { resource.capabilities.contains("money") };',
}
USES = (
    ("refund", {"amount": 50}), ("refund", {"amount": 500, "to": "eve"}), ("look", {"at": ["a", "b", "a"]}),
    ("look", {"at": ["a", "c"]}), ("new", {"amount": 5}),
)  # fmt: skip
CALLS = (
    ("pay", {"amount": 50}), ("pay", {"amount": 500, "to": "eve"}), ("wipe", "sda"),
    ("notes", {"op": "get", "key": "secret"}), ("notes", {"op": "put", "key": "secret", "value": 1}),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.py").write_text(DESK)
    groups = ", ".join(f"{name} = {json.dumps(members)}" for name, members in GROUPS.items())
    (tmp_path / "podium.toml").write_text(
        f'[podium]\nstore = ":memory:"\n[podium.policy]\nfile = "policy.cedar"\ngroups = {{ {groups} }}\n'
    )
    return tmp_path


def cases() -> Iterator[tuple[Json, str, str | None]]:
    """Give what a run is started with, and which agent and tool it comes to."""
    for tool, arguments in USES:
        yield {"agent": "clerk", "input": json.dumps({"tool": tool, "arguments": arguments})}, "clerk", tool
    for agent, value in CALLS:
        yield {"agent": agent, "input": value}, agent, None


def explained(asked: Json, user: str, agent: str, tool: str | None) -> list[tuple[str, str]]:
    """Return what is said to happen on the way: the rules that decide it, until one denies it."""
    start, request = json.dumps(asked), ["--request", json.dumps(asked)]
    value: str = json.dumps(asked["input"])
    ways: list[list[str]] = [
        ["--agent", "desk", "--input", start],
        ["--agent", agent, "--caller", "desk", "--input", value, *request],
    ]
    if tool is not None:
        arguments = json.dumps(json.loads(asked["input"])["arguments"])
        more = ["--tool", tool, "--caller", "desk", "--input", arguments, "--call-input", value]
        ways.append(["--agent", agent, *more, *request])
    found: list[tuple[str, str]] = []
    for way in ways:
        said = podium("policy", "explain", "--as", user, *way, "--file", "desk.py", "--json")
        assert not said.status, said.err
        decisions = json.loads(said.out)
        assert decisions[0]["unknown"] == []
        words: dict[str, Any] = {"allow": "approved" if len(decisions) > 1 else "allow"}
        found += [(each["rule"], words.get(each["decision"], each["decision"])) for each in decisions if each["rule"]]
        if decisions[-1]["decision"] == "deny":
            break
    return list(dict.fromkeys(found))


async def done(app: App, bench: Bench, desk: AnyAgent, asked: Json, user: str) -> list[tuple[str, str]]:
    """Return what really happens on the way, each once: what goes on after an answer is judged again."""
    handle = await app.start(desk, asked, principal=user)
    await bench.clock.settle()
    while questions := list(await app.inbox.list()):
        await app.inbox.answer(questions[0].id, {"approved": True}, by="lea")
        await bench.clock.settle()
    try:
        await handle.result()
    except RunFailed as error:
        if "may not" not in str(error):
            raise
    facts = await app.runs.facts(handle.id)
    notices = [fact.body for fact in facts if fact.kind is FactKind.NOTICE and fact.body["guard"] == "policy"]
    return list(dict.fromkeys((each["rule"], each["decision"]) for each in notices))


FILES = [*product(["all"], RULES), *product(["classes"], ["nothing", "effects"])]
EVERY = 1 if LONG else 6
"""Of the cases of a file one in so many is tried, others for each file."""


@pytest.mark.more
@pytest.mark.parametrize(("permit", "rule"), FILES)
async def test_explain_says_what_a_run_does(folder: Path, permit: str, rule: str) -> None:
    (folder / "policy.cedar").write_text(f"{PERMITS[permit]}\n{RULES[rule]}\n")
    loaded = load(folder / "desk.py")
    bench, differing = Bench(folder), list[Sequence[object]]()
    policy = {"file": "policy.cedar", "groups": GROUPS}
    async with bench.app(*loaded.agents, policy=policy) as app:
        for user, (asked, agent, tool) in [*product(USERS, cases())][FILES.index((permit, rule)) % EVERY :: EVERY]:
            said = explained(asked, user, agent, tool)
            happened = await done(app, bench, loaded.workflow("desk"), asked, user)
            if said != happened:
                differing.append((user, asked, said, happened))
    assert differing == []
