"""One run of an agent of a framework, as its contract tries it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from podium.app import App
from podium.engine.context import Context
from podium.engine.workflow import workflow
from podium.errors import RunFailed
from podium.model.agent import AnyAgent
from podium.model.budget import Budget
from podium.model.fact import Fact
from podium.model.facts.calls import StepDone
from podium.model.json import Json
from podium.testing.chat import ChatScript, ChatServer
from podium.testing.contracts.framework_site import FrameworkSite, scripted_answer, witnessed_tools
from podium.testing.witness import Witness

if TYPE_CHECKING:
    from podium.facade.handle import RunHandle

LONGEST = 120
"""Seconds after which something hangs."""


class FrameworkTrial:
    """One run of an agent of a framework: what is set up for it, and what was seen of it."""

    def __init__(
        self, build: Callable[[FrameworkSite], AnyAgent], folder: Path, *, script: ChatScript = scripted_answer,
        options: Mapping[str, Json] | None = None, approval: Collection[str] = (), policy: str = "",
        budget: Budget | None = None, error: Exception | None = None,
    ) -> None:  # fmt: skip
        self.witness = Witness(folder / "witness")
        self.facts: Sequence[Fact] = ()
        self.events: list[object] = []
        self.bodies: list[Json] = []
        self.asked: list[str] = []
        """The kinds of the questions that people were asked."""
        self._folder = folder
        self._script = script
        self._budget = budget
        self._policy = policy
        self._build = build
        self._site = FrameworkSite(
            base_url="", tools=witnessed_tools(self.witness, error=error), approval=approval, options=options or {}
        )

    @property
    def steps(self) -> list[str]:
        """The names of the steps that were recorded."""
        return [each.name for each in self.steps_done]

    @property
    def steps_done(self) -> list[StepDone]:
        """The steps that were recorded."""
        return [fact.content for fact in self.facts if isinstance(fact.content, StepDone)]

    def run(self, *, answers: Sequence[Json] = ()) -> str:
        """Run it to its end, answer what people are asked, and return its value."""
        with ChatServer(self._script) as server:
            self.bodies = server.bodies
            return asyncio.run(self._run(self._build(replace(self._site, base_url=server.url)), answers))

    def failure(self, *, answers: Sequence[Json] = ()) -> str:
        """Do the same, and return how it failed."""
        try:
            value = self.run(answers=answers)
        except RunFailed as failed:
            return str(failed)
        raise AssertionError(f"it did not fail, but said {value}")

    async def _run(self, agent: AnyAgent, answers: Sequence[Json]) -> str:
        @workflow(name="flow")
        async def flow(ctx: Context, value: str) -> str:
            return str(await ctx.call(agent, value))

        settings: dict[str, Json] = {}
        if self._policy:
            file = self._folder / "policy.cedar"
            file.write_text(self._policy)
            settings["policy"] = {"file": str(file)}
        async with (
            App.open(self._folder / "runs.db", agents=[flow, agent], **settings) as app,
            asyncio.timeout(LONGEST),
        ):
            handle = await app.start(flow, "Do it.", budget=self._budget)
            watching = asyncio.ensure_future(self._watch(handle))
            try:
                for each in answers:
                    await self._answer(app, each)
                return await handle.result()
            finally:
                await watching
                self.facts = await app.runs.facts(handle.id)

    async def _watch(self, handle: "RunHandle[str]") -> None:
        self.events.extend([event.content async for event in handle.stream(after=0)])

    async def _answer(self, app: App, value: Json) -> None:
        while not (found := list(await app.inbox.list())):  # noqa: ASYNC110 - they are asked after real requests
            await asyncio.sleep(0.01)  # noqa: TID251
        [question] = found
        self.asked.append(question.ask.kind)
        await app.inbox.answer(question.id, value, by="lea")
