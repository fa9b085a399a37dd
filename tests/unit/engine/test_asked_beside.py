"""Who is asked on behalf of another agent is held to its own rules, whatever it is asked for."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from podium import Budget, Config, Context, Steps, agent, workflow
from podium.agents.context import Summarize
from podium.agents.context.applying import ContextOfCall
from podium.agents.context.piece import Piece, WholeRequest
from podium.errors import CallError, CallRefused
from podium.guards import guard, screen_by
from podium.model.agent import AnyAgent
from podium.model.budget import Allowance
from podium.model.call import Call
from podium.model.json import Json
from podium.model.limit import Limit
from podium.model.policy import PolicySettings
from tests.unit.engine.bench import Bench

POLICY = 'permit(principal, action, resource);\n@id("none") forbid(principal, action, resource == Agent::"helper");\n'


def never(_: Json) -> str:
    return "never"


STRICT = guard(never, name="strict", on=["input"])


def judging(place: Any, bench: Bench, **options: Any) -> AnyAgent:
    """Return an agent whose values at a place are judged."""

    @agent(name="helper", **options)
    async def helper(_: str) -> bool:
        bench.witness.saw("helped")
        return True

    @agent(guards=(screen_by(helper, on=[place]),))
    async def work(text: str, steps: Steps) -> str:
        async def use() -> str:
            return text

        return await steps.once("tool/look", use, input=text)

    return work


def summarizing(bench: Bench, **options: Any) -> AnyAgent:
    """Return an agent that has what it sends summarized."""

    @agent(name="helper", **options)
    async def helper(_: str) -> str:
        bench.witness.saw("helped")
        return "short"

    @agent
    async def work(text: str, call: Call, steps: Steps) -> str:
        said: list[Piece] = []
        for n in range(4):
            asked = {"part_kind": "user-prompt", "content": f"{text} {n} " * 50}
            said.append(Piece(at=2 * n, kind="request", parts=[asked]))
            said.append(Piece(at=2 * n + 1, kind="response", parts=[{"part_kind": "text", "content": "fine"}]))
        rules = [Summarize(helper, above=100, keep=1, count=len)]
        await ContextOfCall(rules, call, steps).fit(WholeRequest(pieces=said, model="m"))
        return text

    return work


def as_tool(bench: Bench, **options: Any) -> AnyAgent:
    """Return an agent that has another one as a tool."""

    @agent(name="helper", **options)
    async def helper(_: str) -> str:
        bench.witness.saw("helped")
        return "found"

    @agent
    async def work(text: str, steps: Steps) -> str:
        return str(await steps.call(helper, text))

    return work


HELPERS: Mapping[str, Callable[..., AnyAgent]] = {
    "a judge of the input": partial(judging, "input"),
    "a judge of a tool": partial(judging, "tool_input"),
    "a judge of the answer": partial(judging, "output"),
    "who summarizes": summarizing,
    "a tool": as_tool,
}
RULES: Mapping[str, tuple[dict[str, Any], str, int]] = {
    "nothing forbids it": ({}, "ok", 2),
    "a policy denies": ({}, "policy:none", 0),
    "the budget of the run": ({"usd": 1.0}, "budget:run:", 0),
    "a budget of its own": ({"usd": 1.0, "budget": Allowance(usd=1.5)}, "budget:agent:helper", 1),
    "a limit of its own": ({"limit": Limit(requests=1, per=60, when="refuse")}, "limit:agent:helper", 1),
    "a guard of its own": ({"guards": (STRICT,)}, "guard:strict", 0),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("helper", HELPERS)
async def test_whoever_is_asked_for_another_is_held_to_its_own_rules(
    bench: Bench, tmp_path: Path, helper: str, rule: str
) -> None:
    options, refused, times = RULES[rule]
    if rule == "a guard of its own" and "judge" in helper:
        refused, times = "ok", 2  # who judges is not judged
    if helper == "a tool" and refused != "ok":
        refused = "CallRefused"  # an error in the agent that uses it
    member = HELPERS[helper](bench, **options)

    @workflow
    async def job(ctx: Context) -> list[str]:
        said: list[str] = []
        for n in range(2):
            try:
                await ctx.call(member, f"text {n}")
                said.append("ok")
            except CallRefused as error:
                said.append(error.rule)
            except CallError as error:
                said.append(str(error))
        return said

    rules = tmp_path / "rules.cedar"
    rules.write_text(POLICY if rule == "a policy denies" else "permit(principal, action, resource);")
    usd = 0.5 if rule == "the budget of the run" else 100.0
    async with bench.app(job, config=Config(policy=PolicySettings(file=str(rules)))) as app:
        *_, last = await app.run(job, budget=Budget(usd=usd))
    assert refused in last
    assert bench.witness.count("helped") == times
