"""Tools that wait for people, over real HTTP: what the model is sent, and what happens again after a process ended."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent, ApprovalRequired, DeferredToolRequests, RunContext, models
from pydantic_ai.capabilities import RequestInput
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import ExternalToolset

from podium import App, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.model.json import Json
from tests.e2e.models.scripted import Reply, Server, Use, results, serving

PATIENCE = 180.0
USES = 3
SCHEMA: Json = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
POLICY = """permit(principal, action, resource);
@id("pay") @ask("operators")
forbid(principal, action == Action::"tool", resource in Agent::"bot");
"""


def script(asked: Json, _: int) -> Reply:
    if results(asked):
        return Reply(text="done")
    return Reply(uses=[Use("pay", {"n": n}, f"c{n}") for n in range(USES)])


class Place:
    """Where an agent is made: its model, and where its tool says that it ran."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.model = server.model("main")
        self.log = folder / "paid"

    def pay(self, n: int) -> str:
        with self.log.open("a") as log:
            log.write(f"{n} ")
        return f"paid {n}"

    @property
    def paid(self) -> Counter[str]:
        return Counter(self.log.read_text().split()) if self.log.exists() else Counter()


def policy(place: Place) -> Agent[Any, Any]:
    agent = Agent(place.model, name="bot")
    agent.tool_plain(place.pay)
    return agent


def requires_approval(place: Place) -> Agent[Any, Any]:
    agent = Agent(place.model, name="bot", output_type=[str, DeferredToolRequests])
    agent.tool_plain(requires_approval=True)(place.pay)
    return agent


def approval_required(place: Place) -> Agent[Any, Any]:
    agent = Agent(place.model, name="bot")

    @agent.tool
    async def pay(ctx: RunContext[Any], n: int) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        return place.pay(n)

    return agent


def external(place: Place) -> Agent[Any, Any]:
    tool = ToolDefinition(name="pay", parameters_json_schema=SCHEMA)
    return Agent(place.model, name="bot", toolsets=[ExternalToolset([tool])], output_type=[str, DeferredToolRequests])


def request_input(place: Place) -> Agent[Any, Any]:
    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> None:
        return

    agent = Agent(place.model, name="bot", capabilities=[RequestInput(ask)])
    agent.tool_plain(requires_approval=True)(place.pay)
    return agent


WAYS: list[Callable[[Place], Agent[Any, Any]]] = [
    policy, requires_approval, approval_required, external, request_input,
]  # fmt: skip


def answers(way: Any) -> list[Json]:
    if way is external:
        return ["paid 0", "paid 7", "too much"]
    return [{"approved": True}, {"approved": True, "value": {"n": 7}}, {"approved": False, "comment": "too much"}]


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


def app_of(way: Any, place: Place, folder: Path) -> Any:
    bot = from_pydantic_ai(way(place), output=str)

    @workflow
    async def lab(ctx: Context) -> str:
        return await ctx.call(bot, "Go.")

    (folder / "policy.cedar").write_text(POLICY if way is policy else "permit(principal, action, resource);")
    return App.open(folder / "a.db", agents=[lab], grace=0, policy={"file": str(folder / "policy.cedar")})


async def opened(app: App, count: int) -> dict[int, str]:
    """Return the ids of the open questions, by what they are about, once there are so many."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await app.inbox.list()) != count:
            await asyncio.sleep(0.02)
    return {each.ask.subject["arguments"]["n"]: each.id for each in found}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_process_for_each_answer_and_one_that_ends_at_each_request(way: Any, tmp_path: Path) -> None:
    with serving({"main": script}) as server:
        place = Place(server, tmp_path)
        server.held = ("main", 0)
        async with app_of(way, place, tmp_path) as app:
            run = (await app.start("lab")).id
            assert await asyncio.to_thread(server.holding.wait, PATIENCE)
        for n, said in enumerate(answers(way)):
            async with app_of(way, place, tmp_path) as app:
                await app.inbox.answer((await opened(app, USES - n))[n], said, by="ada")
                if n < USES - 1:
                    await opened(app, USES - 1 - n)
                    async with asyncio.timeout(PATIENCE):
                        while way is not external and sum(place.paid.values()) <= n:
                            await asyncio.sleep(0.02)
        server.held = ("main", 2)
        server.holding.clear()
        async with app_of(way, place, tmp_path) as app:
            assert await asyncio.to_thread(server.holding.wait, PATIENCE)
        async with app_of(way, place, tmp_path) as app, asyncio.timeout(PATIENCE):
            assert await (await app.handle(run)).result() == "done"
            assert len(await app.inbox.list(state=None)) == USES
    assert place.paid == (Counter() if way is external else Counter({"0": 1, "7": 1}))
    told = results(server.asked[-1])
    assert told[:2] == ["paid 0", "paid 7"]
    assert "too much" in told[2]
    assert server.seen["main"] == 2 + 2
