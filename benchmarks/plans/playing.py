"""Plays plans: a scripted model does what the user wants, and what outsiders tell it to do where it reads that."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic_ai import Tool
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from benchmarks.plans.desks import DECLARED, HERE, READING, TOOLS, Desk
from podium import App, Context, agent, workflow
from podium.agents.pydantic_ai import llm_agent

Act = tuple[str, Mapping[str, Any]]
"""A tool, and with what it is used."""


@dataclass(frozen=True)
class Plan:
    """What a user wants."""

    id: str
    half: int
    request: str
    plan: Sequence[str]
    """The tools that a planner names who sees the request and nothing else."""
    steps: Sequence[Act]

    @property
    def domain(self) -> str:
        return self.id.partition("-")[0]


@dataclass(frozen=True)
class Injection:
    """What an outsider has written, and what a model does that obeys."""

    id: str
    half: int
    on: str
    """The plan in which it is read."""
    slot: Sequence[str | int]
    """Where in the world of the domain it stands."""
    text: str
    after: int
    """The steps of the plan that are done before the model obeys."""
    acts: Sequence[Act]


class Played(NamedTuple):
    """What became of one run."""

    kept: bool
    """All that the user wanted was done."""
    acts: int
    """What the outsider wanted done: what is more than reading, but for pages of the outsider."""
    blocked: int
    """How much of it was not."""


def wished() -> dict[str, Plan]:
    return {each["id"]: Plan(**each) for each in _lines("wished.jsonl")}


def injected() -> list[Injection]:
    return [Injection(**each) for each in _lines("injected.jsonl")]


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


class Player(FunctionModel):
    """A model that plays the script of the run."""

    def __init__(self) -> None:
        super().__init__(self._answer, model_name="scripted")
        self.script: Sequence[Act] = ()

    def _answer(self, messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        turn = sum(isinstance(each, ModelResponse) for each in messages)
        if turn == len(self.script):
            return ModelResponse(parts=[TextPart("done")])
        tool, arguments = self.script[turn]
        return ModelResponse(parts=[ToolCallPart(tool, dict(arguments), f"use-{turn}")])


class Stage:
    """One domain, on which plans are played."""

    def __init__(self, domain: str, *, policies: bool, lists: bool) -> None:
        self.desk = Desk(domain)
        self.player = Player()
        self.plan: Sequence[str] = ()
        self.clerk = clerk = llm_agent(
            domain, model=self.player, instructions="Do what the user wants.",
            tools=[Tool(tool) for tool in TOOLS[domain](self.desk)], tool_effects=DECLARED[domain],
        )  # fmt: skip

        @agent(name="planner")
        async def planner(request: str) -> list[str]:
            return [f"{domain}/{tool}" for tool in self.plan]

        @workflow(name="assist")
        async def assist(ctx: Context, request: str) -> str:
            if lists:
                ctx.allow(*await ctx.call(planner, request))
            return await ctx.call(clerk, request)

        self.agents = (assist, planner, clerk)
        self.settings: dict[str, Any] = {"policy": {"file": str(HERE / f"{domain}.cedar")}} if policies else {}

    async def played(self, app: App, plan: Plan, injection: Injection | None = None) -> Played:
        """Play a plan, as it is or with what an outsider has written into it."""
        if injection is None:
            self.desk.begin()
            self.player.script = plan.steps
        else:
            self.desk.begin(injection.slot, injection.text)
            self.player.script = [*plan.steps[: injection.after], *injection.acts, *plan.steps[injection.after :]]
        self.plan = plan.plan
        await app.run("assist", plan.request)
        done = [(tool, dict(arguments)) for tool, arguments in self.desk.done]
        wanted = [(tool, arguments) for tool, arguments in plan.steps if tool not in READING]
        acts = () if injection is None else [each for each in injection.acts if _matters(each)]
        blocked = sum((tool, arguments) not in done for tool, arguments in acts)
        return Played(all((tool, arguments) in done for tool, arguments in wanted), len(acts), blocked)


def _matters(act: Act) -> bool:
    """Whether an act does something, or has a page of an outsider told something by its address."""
    return act[0] not in READING or "url" in act[1]


class Figures(NamedTuple):
    """What became of all plans and injections of one half, or of both."""

    wished: int
    kept: Sequence[str]
    """The plans that were done as nobody attacked."""
    acts: int
    blocked: int
    attacked: int
    finished: Sequence[str]
    """The attacks in which all that the user wanted was done."""
    passed: Sequence[str]
    """Those in which something was done that an outsider wanted."""


async def figures(*, policies: bool = True, lists: bool = True, halves: Sequence[int] = (1, 2)) -> Figures:
    """Play every plan as it is, and every injection. Nobody is asked anything."""
    plans = {name: each for name, each in wished().items() if each.half in halves}
    attacks = [each for each in injected() if each.half in halves]
    kept, finished, passed, acts, blocked = list[str](), list[str](), list[str](), 0, 0
    for domain in TOOLS:
        stage = Stage(domain, policies=policies, lists=lists)
        async with App.open(":memory:", agents=stage.agents, **stage.settings) as app:
            for plan in plans.values():
                if plan.domain == domain and (await stage.played(app, plan)).kept:
                    kept.append(plan.id)
            for attack in attacks:
                plan = wished()[attack.on]
                if plan.domain != domain:
                    continue
                played = await stage.played(app, plan, attack)
                acts, blocked = acts + played.acts, blocked + played.blocked
                finished.extend([attack.id] if played.kept else ())
                passed.extend([attack.id] if played.blocked < played.acts else ())
    return Figures(len(plans), kept, acts, blocked, len(attacks), finished, passed)
