"""What a notebook does: a cell is run again, changed or not, while the app is open."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from podium import Call, Context, agent, workflow
from podium.errors import RunFailed, UsageError
from podium.model.breaker import Breaker
from podium.model.limit import Limit
from podium.patterns import sequence
from podium.testing import scripted
from tests.unit.engine.bench import Bench

CELL = """
@agent{options}
async def add(x: int) -> int:
    return x + {more}

@workflow
async def flow(ctx: Context, x: int) -> int:
    return await ctx.call(add, x) + await ctx.call("add", x)
"""


class Notebook:
    """Runs cells in one namespace, each under a file name of its own, as IPython does."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {
            "agent": agent, "workflow": workflow, "Context": Context, "Call": Call, "Limit": Limit, "Breaker": Breaker,
            "sequence": sequence, "__name__": "__main__",
        }  # fmt: skip
        self._cells = 0

    def run(self, cell: str, *, anew: bool = True) -> None:
        """Run a cell; IPython gives one that was changed another file name."""
        self._cells += anew
        exec(compile(cell, f"<ipython-input-{self._cells}>", "exec"), self.names)

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be an interactive session, as IPython and Python's own prompt are."""
    monkeypatch.setattr(sys, "ps1", "In : ", raising=False)


@pytest.mark.usefixtures("session")
async def test_a_cell_that_was_changed_is_run_again_and_what_it_defines_is_called(
    bench: Bench, notebook: Notebook
) -> None:
    async with bench.app() as app:
        for more in (1, 2, 3):
            notebook.run(CELL.format(more=more, options=""))
            assert await app.run(notebook["flow"], 1) == 2 * (1 + more)
        assert await app.run("flow", 1) == 8


@pytest.mark.parametrize("where", ["session", "program"])
async def test_a_cell_that_was_not_changed_may_be_run_again_anywhere(
    bench: Bench, notebook: Notebook, where: str, request: pytest.FixtureRequest
) -> None:
    if where == "session":
        request.getfixturevalue("session")
    async with bench.app() as app:
        for _ in range(3):
            notebook.run(CELL.format(more=1, options=""), anew=False)
            assert await app.run(notebook["flow"], 1) == 4


@pytest.mark.usefixtures("session")
async def test_teams_and_agents_of_other_kinds_may_be_made_again(bench: Bench) -> None:
    async with bench.app() as app:
        for more in (1, 2):
            step = scripted("step", lambda x, more=more: x + more)
            assert await app.run(sequence(step, step, name="team"), 1) == 1 + 2 * more


@pytest.mark.usefixtures("session")
async def test_what_was_defined_before_does_not_come_back(bench: Bench, notebook: Notebook) -> None:
    """A team made in an earlier cell has the old agent, and asks it; whoever asks by name gets the new one."""
    async with bench.app() as app:
        notebook.run(CELL.format(more=1, options=""))
        team = sequence(notebook["add"], notebook["add"], name="team")
        assert await app.run(team, 1) == 3
        notebook.run(CELL.format(more=10, options=""))
        assert await app.run(notebook["flow"], 1) == 22
        assert await app.run(team, 1) == 3
        assert await app.run("flow", 1) == 22


@pytest.mark.usefixtures("session")
async def test_a_run_that_waits_goes_on_with_the_new_definition(bench: Bench, notebook: Notebook) -> None:
    cell = """
@workflow
async def waits(ctx: Context) -> str:
    said = await ctx.signal("go", str)
    return said{more}
"""
    async with bench.app() as app:
        notebook.run(cell.format(more=""))
        handle = await app.start(notebook["waits"])
        await bench.clock.settle()
        notebook.run(cell.format(more=' + "!"'))
        app.register(notebook["waits"])
        await handle.signal("go", "on")
        assert await handle.result() == "on!"


@pytest.mark.usefixtures("session")
async def test_its_new_limits_and_breaker_hold(bench: Bench, notebook: Notebook) -> None:
    async with bench.app() as app:
        notebook.run(CELL.format(more=1, options="(limit=Limit(requests=1, when='refuse', max_wait=0.0))"))
        with pytest.raises(RunFailed, match="agent:add is at its limit"):
            await app.run(notebook["flow"], 1)
        options = "(limit=Limit(requests=9), breaker=Breaker(min_calls=2))"
        notebook.run(CELL.format(more=1, options=options))
        assert await app.run(notebook["flow"], 1) == 4
        notebook.run(CELL.format(more=2, options=options.replace("min_calls=2", "min_calls=3")))
        assert await app.run(notebook["flow"], 1) == 6


def others() -> Iterator[tuple[Any, Any]]:
    @agent(name="x")
    async def one(x: int) -> int:
        return x

    @agent(name="x")
    async def other(x: int) -> int:
        return x

    def made() -> Any:
        @agent(name="x")
        async def x(x: int) -> int:
            return x

        return x

    @workflow(name="x")
    async def flow(ctx: Context) -> None: ...

    yield one, other
    yield made(), made()
    yield one, flow
    yield scripted("x", lambda x: x), scripted("x", lambda x: x)
    yield agent(name="x")(top), agent(name="x", usd=1.0)(top)


async def top(x: int) -> int:
    return x


@pytest.mark.parametrize(
    "pair", list(others()), ids=["two functions", "closures", "kinds", "no functions", "one function"]
)
async def test_two_agents_of_one_name_are_a_mistake_in_a_program(bench: Bench, pair: tuple[Any, Any]) -> None:
    async with bench.app(pair[0]) as app:
        with pytest.raises(UsageError, match="two agents are called 'x'"):
            app.register(pair[1])


@pytest.mark.usefixtures("session")
async def test_an_agent_and_a_workflow_of_one_name_are_a_mistake_in_a_session_too(bench: Bench) -> None:
    one, flow = list(others())[2]
    async with bench.app(one) as app:
        with pytest.raises(UsageError, match="two agents are called 'x'"):
            app.register(flow)
