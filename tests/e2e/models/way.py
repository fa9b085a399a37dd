"""A way in which code inside a call of an LLM agent asks a model or uses a tool, and what ways are built of."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.toolsets import FunctionToolset

from podium.model.json import Json
from podium.model.prices import Rates
from tests.e2e.models.scripted import Reply, Script, Server, Use, results

Ran = Callable[[str], None]
"""Notes outside of the store that the code of a tool ran."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a way is tried."""

    server: Server
    log: Path
    """The file in which code notes that it ran, one word each."""

    def ran(self, tool: str) -> None:
        """Note that the code of a tool ran."""
        with self.log.open("a") as log:
            log.write(f"{tool} ")


def _no_options(place: Place, rates: Rates) -> Mapping[str, Any]:
    return {}


def _as_it_is(agent: Agent[Any, Any], place: Place) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way."""

    name: str
    build: Callable[[Place], Agent[Any, Any]]
    asks: Mapping[str, int]
    """How often each model is asked in all."""
    row: str = ""
    """The row of the table in the documentation, where several ways share one; its name unless given."""
    scripts: Mapping[str, Script] = field(default_factory=dict[str, Script])
    tools: Sequence[str] = ()
    """The tools that are used, by their one name, in order."""
    other: str = "inner"
    """The model that is asked in this way, as far as it is not the agent's own."""
    failing: Sequence[str] = ()
    """Models that fail, and are asked once all the same."""
    options: Callable[[Place, Rates], Mapping[str, Any]] = _no_options
    """What the agent is made with besides."""
    during: Callable[[Agent[Any, Any], Place], AbstractContextManager[object]] = _as_it_is
    """What is entered around the run."""


def one_use(tool: str) -> Script:
    """Return the script of a model that uses a tool once, and then answers."""
    return lambda asked, n: Reply(text="done") if results(asked) else Reply(uses=[Use(tool, {"n": 1})])


def says(text: str) -> Script:
    """Return the script of a model that says a text."""
    return lambda asked, n: Reply(text=text)


def down(asked: Json, n: int) -> Reply:
    """Fail as a provider does that is out of order."""
    return Reply(status=503, body='{"error": {"message": "down"}}')


PLAIN: Mapping[str, Script] = {"main": one_use("work"), "inner": says("inner"), "bad": down}


def clerk(place: Place, model: Any = None, **more: Any) -> Agent[Any, Any]:
    """Return the agent of the call."""
    return Agent(model or place.server.model("main"), name="clerk", **more)


def with_work(agent: Agent[Any, Any], place: Place) -> Agent[Any, Any]:
    """Give an agent a tool."""

    @agent.tool_plain
    async def work(n: int) -> str:
        place.ran("work")
        return f"worked {n}"

    return agent


def inner(place: Place) -> Agent[None, str]:
    """Return another agent."""
    return Agent(place.server.model("inner"), name="inner")


def asking(place: Place) -> Callable[[], Awaitable[str]]:
    """Return what asks another agent."""
    asked = inner(place)

    async def ask() -> str:
        return (await asked.run("Well?")).output

    return ask


def set_of_work(place: Place, name: str = "work", **more: Any) -> FunctionToolset[Any]:
    """Return a toolset with one tool."""
    tools = FunctionToolset[Any](**more)

    async def run(n: int) -> str:
        place.ran(name)
        return "worked"

    tools.add_function(run, name=name)
    return tools
