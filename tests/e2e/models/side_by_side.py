"""Each behaviour of a provider, before bare Pydantic AI and before Podium, and the table of both."""

import asyncio
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import App, Context, Retry, workflow
from podium.agents.pydantic_ai import from_pydantic_ai
from podium.errors import CallFailed
from podium.model.json import Json
from tests.e2e.models.answers import TEXT, Behaviour, good
from tests.e2e.models.behaviours import CONNECTIONS, HTTP, STATUSES
from tests.e2e.models.rude import Server, model_name, rude
from tests.e2e.models.sayings import ANSWERS, STREAMS, TOOLS

SECTIONS: Mapping[str, Sequence[Behaviour]] = {
    "With its status": STATUSES, "In HTTP": HTTP, "With its connection": CONNECTIONS, "In what it says": ANSWERS,
    "With tools": TOOLS, "In a stream": STREAMS,
}  # fmt: skip
ALL = [each for section in SECTIONS.values() for each in section]

AT_ONCE = 12
PATIENCE = 180.0
VALUE, PART, NO_END = "value", "another text", "no end"
WORTH = {VALUE: 2, PART: 0, NO_END: 0}
"""What an end is worth; an error is worth 1."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one try ended."""

    how: str
    """`value`, `another text`, `no end`, or what sort of error."""
    requests: int

    @property
    def worth(self) -> int:
        return WORTH.get(self.how, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One behaviour: how bare and Podium end, whole and streamed; while it lasts, and where it happens once."""

    behaviour: Behaviour
    bare: Mapping[str, Ended]
    podium: Mapping[str, Ended]

    def worse(self) -> list[str]:
        """Return the ways in which Podium ends worse."""
        return [way for way in self.bare if self.podium[way].worth < self.bare[way].worth]

    def line(self) -> str:
        """Return its line of the table."""
        cells = [self.behaviour.name, *map(self._cell, (self.bare, self.podium), ("always", "always"))]
        cells += map(self._cell, (self.bare, self.podium), ("once", "once"))
        return f"| {' | '.join([*cells, self.behaviour.reason])} |"

    def _cell(self, ends: Mapping[str, Ended], mode: str) -> str:
        said = [ends[way].how for way in (f"whole {mode}", f"streamed {mode}") if way in ends]
        return "; streamed: ".join(dict.fromkeys(said))


async def weather(town: str, days: int = 1) -> str:
    """Return the weather in a town."""
    return f"sunny in {town} for {days}"


class Sides:
    """Both who ask the same server."""

    def __init__(self, app: App, server: Server, single: AsyncOpenAI) -> None:
        self._app = app
        self._server = server
        self._single = single
        self._trying = single.with_options(max_retries=2)
        """The client as it comes: it tries three times."""

    async def bare(self, behaviour: Behaviour, *, streams: bool, once: bool) -> Ended:
        """Have Pydantic AI ask, with the retries of the vendor's client where it misbehaves once."""
        model = model_name(behaviour.id, f"bare{streams}", once=once)
        agent = self._agent(model, behaviour, self._trying if once else self._single)
        try:
            async with asyncio.timeout(behaviour.limit):
                result = await agent.run("Well?", deps=None, event_stream_handler=_read if streams else None)
            how = _judged(result.output, behaviour)
        except TimeoutError:
            how = NO_END
        except Exception as error:  # noqa: BLE001 - which one it is, is what is told
            how = f"`{type(error).__name__}`"
        return Ended(how, self._server.seen[model])

    async def podium(self, behaviour: Behaviour, *, streams: bool, once: bool) -> Ended:
        """Have Podium ask, with a retry where it misbehaves once."""
        model = model_name(behaviour.id, f"podium{streams}", once=once)
        bot = from_pydantic_ai(
            self._agent(model, behaviour, self._single), name=model, streaming=streams, timeout=behaviour.limit,
            retry=Retry(attempts=3, delay=0.01) if once else Retry(),
        )  # fmt: skip

        @workflow(name=f"ask {model}")
        async def ask(ctx: Context) -> Json:
            try:
                return await ctx.call(bot, "Well?")
            except CallFailed as error:
                return {"kind": error.kind}

        handle = await self._app.start(ask)
        async with asyncio.timeout(PATIENCE):
            said = await handle.result()
        return Ended(_judged(said, behaviour) if isinstance(said, str) else said["kind"], self._server.seen[model])

    def _agent(self, model: str, behaviour: Behaviour, client: AsyncOpenAI) -> PydanticAgent[Any, str]:
        return PydanticAgent(
            OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client)), name="meteorologist",
            instructions="Say how the weather is.", tools=[weather], deps_type=object,
            model_settings={"timeout": behaviour.silence},
        )  # fmt: skip


async def _read(_: object, events: AsyncIterable[object]) -> None:
    async for _ in events:
        pass


def _judged(text: str, behaviour: Behaviour) -> str:
    same = text.encode("utf-8", "replace").decode().replace("?", "\ufffd")
    return VALUE if same in (TEXT, behaviour.text) else PART


async def tried(behaviours: Sequence[Behaviour]) -> list[Row]:
    """Try all of them, several at once."""
    room = asyncio.Semaphore(AT_ONCE)
    with rude({each.id: each for each in behaviours}, good) as server:
        async with App.open(":memory:") as app, AsyncOpenAI(base_url=server.url, api_key="-", max_retries=0) as client:
            sides = Sides(app, server, client)

            async def row(behaviour: Behaviour) -> Row:
                async with room:
                    return await _row(behaviour, sides)

            async with asyncio.TaskGroup() as group:
                rows = [group.create_task(row(each)) for each in behaviours]
    return [each.result() for each in rows]


async def _row(behaviour: Behaviour, sides: Sides) -> Row:
    bare, podium = dict[str, Ended](), dict[str, Ended]()
    for way, sends in (("whole", behaviour.whole), ("streamed", behaviour.streamed)):
        if sends is None:
            continue
        for once in (False, True):
            at, how = f"{way} {'once' if once else 'always'}", {"streams": way == "streamed", "once": once}
            if once and bare[f"{way} always"].how == podium[f"{way} always"].how == VALUE:
                bare[at] = podium[at] = bare[f"{way} always"]  # it comes to nothing else than a good answer
                continue
            bare[at], podium[at] = await sides.bare(behaviour, **how), await sides.podium(behaviour, **how)
    return Row(behaviour, bare, podium)


def tables(rows: Sequence[Row]) -> str:
    """Return the tables of the documentation, a section each."""
    of = {row.behaviour.name: row for row in rows}
    told = list[str]()
    for title, behaviours in SECTIONS.items():
        lines = [of[each.name].line() for each in behaviours]
        told.append("\n".join([f"## {title}\n", *HEAD, *lines]))
    return "\n\n".join(told) + "\n"


HEAD = (
    "| The provider | Pydantic AI | Podium | Once, then well: Pydantic AI | Podium | Why otherwise |",
    "| --- | --- | --- | --- | --- | --- |",
)
