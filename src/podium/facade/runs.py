"""`app.runs`: the runs that there are, and what is recorded of them."""

from collections.abc import Sequence
from typing import NoReturn, Unpack

from podium.errors import UsageError
from podium.facade.filters import Filters, check_filters
from podium.facade.sight import Sight
from podium.model.fact import Fact
from podium.model.generation import in_generation
from podium.model.run import Run, RunState
from podium.reports.calls.chart import recorded_chart
from podium.reports.calls.detail import CallDetail, detail_of
from podium.reports.calls.requests import SentRequest, conversations_in, requests_of
from podium.reports.calls.tree import CallTree, tree_of
from podium.store.protocol import Page, RunQuery


class RunFilters(Filters, total=False):
    """Which runs to list; their time is that of their start."""

    workflow: str | None
    state: RunState | None
    parent: str | None
    prefix: str | None
    """How their ids begin; without the child runs of a run whose id begins so too."""


class Runs:
    """Looks at runs. To start one, or to reach into one, there are `app.start` and `app.handle`."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def __call__(self, *_: object) -> NoReturn:
        """Say how runs are listed now."""
        raise UsageError("app.runs is no function: write `await app.runs.list(workflow=…, limit=…)`.")

    async def get(self, run_id: str) -> Run:
        """Return how a run stands; raises UnknownRun."""
        return await self._sight.run(run_id)

    async def list(self, **filters: Unpack[RunFilters]) -> Page[Run]:
        """Return runs, newest first."""
        check_filters("runs.list", filters, RunFilters)
        return await self._sight.runs(RunQuery(**filters))

    async def facts(self, run_id: str, *, after: int = -1) -> Sequence[Fact]:
        """Return everything recorded of a run, in order, or what came after a place; raises UnknownRun."""
        await self._sight.run(run_id)
        return await self._sight.store.facts(run_id, after=after)

    async def generation(self, run_id: str, number: int | None = None) -> Sequence[Fact]:
        """Return the first fact of a run, and those of one of its generations: the present one, if none is named."""
        await self._sight.run(run_id)
        store = self._sight.store
        return await store.generation(run_id) if number is None else in_generation(await store.facts(run_id), number)

    async def call(self, run_id: str, key: str) -> CallDetail:
        """Return all that is recorded of one call, question, wait or step; raises UnknownRun or NotPossible."""
        return detail_of(run_id, await self.facts(run_id), key)

    async def messages(self, run_id: str, key: str | None = None) -> Sequence[SentRequest]:
        """Return what was sent to models in a call, a step or the whole run, and how that was answered, in order.

        Raises UnknownRun, or NotPossible where nothing was sent, or it was not kept.
        """
        facts, run = await self.facts(run_id), await self._sight.run(run_id)
        said = {
            n: await self._sight.store.messages(run.tenant, name, end=revision, n=n)
            for n, (name, revision) in conversations_in(facts).items()
        }
        return requests_of(run_id, facts, key, said)

    async def graph(self, run_id: str) -> str:
        """Return what a run did as a Mermaid flowchart: of one that restarted, in its present generation."""
        run = await self.get(run_id)
        return recorded_chart(run, await self._sight.store.generation(run_id))

    async def tree(self, run_id: str, generation: int | None = None) -> CallTree:
        """Return a run as the tree of its calls, with what each came to; raises UnknownRun.

        Of one that restarted those of a generation: of the present one, if none is named.
        """
        return tree_of(await self.generation(run_id, generation))
