"""Whoever asks a model or uses a tool inside a call: it is recorded, replayed, priced, budgeted and policed."""

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import models

from podium import App, Budget, Context, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import RunFailed
from podium.model.fact import Fact, FactKind
from podium.model.prices import Rate
from podium.model.run import RunState
from tests.e2e.models.scripted import Server, serving
from tests.e2e.models.way import Place, Way
from tests.e2e.models.ways import WAYS, parameters, scripts_of

PAGE = Path(__file__).parents[3] / "docs/reference/agents.md"
PATIENCE = 180.0
CHEAP = {name: Rate(1.0, 1.0) for name in ("main", "inner", "bad")}
ASKED_ONCE_MORE = 1

all_ways = pytest.mark.parametrize("way", parameters(WAYS))
half_of_all = pytest.mark.parametrize("way", parameters(WAYS, every=2))
some_ways = pytest.mark.parametrize("way", parameters(WAYS, every=6))
with_tools = pytest.mark.parametrize("way", parameters((way for way in WAYS if way.tools), every=2))


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


class Try:
    """One way, tried on one store."""

    def __init__(self, way: Way, server: Server, folder: Path, **options: Any) -> None:
        self.way = way
        self.server = server
        self.folder = folder
        self.place = Place(server, folder / "ran")
        self.options: Any = {"rates": CHEAP, **options}

    @property
    def effects(self) -> Counter[str]:
        """How often the code of each tool ran, told outside of the store."""
        return Counter(self.place.log.read_text().split()) if self.place.log.exists() else Counter()

    @contextmanager
    def flow(self) -> Generator[Any]:
        """Give a workflow that calls the agent, within whatever the way wants around it."""
        built = self.way.build(self.place)
        bot = from_pydantic_ai(built, output=str, **self.options, **self.way.options(self.place, self.options["rates"]))

        @workflow
        async def lab(ctx: Context, question: str) -> str:
            return await ctx.call(bot, question)

        with self.way.during(built, self.place):
            yield lab

    async def run(self, *, budget: Budget | None = None, **app: Any) -> tuple[str, list[Fact], dict[str, int]]:
        """Run it to its end; returns how, what is recorded, and which requests were priced."""
        with self.flow() as lab:
            return await self._run(lab, budget, app)

    async def _run(self, lab: Any, budget: Budget | None, app: Any) -> tuple[str, list[Fact], dict[str, int]]:
        async with App.open(self.folder / "a.db", agents=[lab], **app) as opened, asyncio.timeout(PATIENCE):
            handle = await opened.start(lab, "Go.", tag="one", budget=budget)
            try:
                ended = str(await handle.result())
            except RunFailed as error:
                ended = str(error)
            costs = await opened.reports.costs(by="model")
            priced = {each.part.rpartition(":")[2]: each.requests for each in costs if each.usd}
            return ended, await handle.facts(), priced

    async def die_at(self, model: str, n: int) -> None:
        """Begin, and stop at once while a request has no answer yet."""
        self.server.held = (model, n)
        with self.flow() as lab:
            async with App.open(self.folder / "a.db", agents=[lab], grace=0) as opened:
                handle = await opened.start(lab, "Go.", tag="one")
                assert await asyncio.to_thread(self.server.holding.wait, PATIENCE)
                assert (await handle.status()).state is RunState.RUNNING


def tools_of(facts: list[Fact]) -> list[str]:
    steps = [fact.body["name"] for fact in facts if fact.kind is FactKind.STEP and not fact.key.endswith("/check")]
    return [name.removeprefix("tool/") for name in steps if name.startswith("tool/")]


def answering(way: Way) -> dict[str, int]:
    return {model: n for model, n in way.asks.items() if model not in way.failing}


@all_ways
async def test_it_is_recorded_and_priced(way: Way, tmp_path: Path) -> None:
    with serving(scripts_of(way)) as server:
        ended, facts, priced = await Try(way, server, tmp_path).run()
    assert "done" in ended or "Ulm" in ended
    assert server.seen == way.asks
    assert priced == answering(way)
    assert sorted(tools_of(facts)) == sorted(way.tools)


@some_ways
async def test_what_was_answered_is_not_asked_again(way: Way, tmp_path: Path) -> None:
    with serving(scripts_of(way)) as server:
        normal = Try(way, server, tmp_path)
        ended, _, _ = await normal.run()
        effects, asked = normal.effects, [(model, n) for model, times in way.asks.items() for n in range(times)]
    for place, (model, n) in enumerate(asked):
        folder = tmp_path / str(place)
        folder.mkdir()
        with serving(scripts_of(way)) as server:
            killed = Try(way, server, folder)
            await killed.die_at(model, n)
            again, _, _ = await killed.run()
        assert again == ended
        more = server.seen - Counter(way.asks)
        assert set(more) <= {model, *way.failing}, f"killed at request {n} of {model}"
        assert more[model] == ASKED_ONCE_MORE
        twice = killed.effects - effects
        assert all(tool in open_tools(way) for tool in twice), f"killed at request {n} of {model}"


def open_tools(way: Way) -> set[str]:
    """Return the tools during which a model is asked: they were under way, and are not declared to happen once."""
    return {each for each in way.tools if "/" not in each} if way.other == "inner" else set()


@half_of_all
async def test_it_does_not_get_past_a_budget(way: Way, tmp_path: Path) -> None:
    dear = {**CHEAP, way.other: Rate(1e6, 1e6)}
    with serving(scripts_of(way)) as server:
        ended, _, _ = await Try(way, server, tmp_path, rates=dear).run(budget=Budget(usd=1.0))
    assert server.seen[way.other] == 0
    assert "budget" in ended or "CallRefused" in ended


@with_tools
async def test_a_policy_forbids_it_by_the_name_that_the_model_uses(way: Way, tmp_path: Path) -> None:
    tool = way.tools[-1]
    policy = tmp_path / "policy.cedar"
    name = tool if "/" in tool else f"clerk/{tool}"
    forbidden = f'forbid(principal, action == Action::"tool", resource == Tool::"{name}");'
    policy.write_text(f"permit(principal, action, resource);\n{forbidden}")
    with serving(scripts_of(way)) as server:
        tried = Try(way, server, tmp_path, on_refused="end")
        ended, _, _ = await tried.run(policy={"file": str(policy)})
    assert f'Tool::"{name}"' in ended
    assert tool.rpartition("/")[2] not in tried.effects


@with_tools
async def test_it_can_be_declared_to_happen_once(way: Way, tmp_path: Path) -> None:
    with serving(scripts_of(way)) as server:
        _, facts, _ = await Try(way, server, tmp_path, tool_effects={way.tools[-1]: "once"}).run()
    begun = [fact.body["name"] for fact in facts if fact.kind is FactKind.INTENT]
    assert begun == [f"tool/{way.tools[-1]}"]


def test_the_table_in_the_documentation_has_every_way() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| Whoever asks |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]
    assert rows == rows_of(WAYS)


def rows_of(ways: Sequence[Way]) -> list[list[str]]:
    """Return the table: each way in a row of its own, or those that share one together."""
    named = {way.row or way.name: way for way in ways}
    return [[row, "yes", "yes", "yes", tools_told(way)] for row, way in named.items()]


def tools_told(way: Way) -> str:
    return "yes: " + ", ".join(f"`{tool}`" for tool in way.tools) if way.tools else "no tools"
