"""A run, as its starter holds it."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from podium import lazy
from podium.agents.shape import free_json
from podium.engine.worker.waiters import End
from podium.errors import InvalidValue, NotPossible, RunBlocked, RunCancelled, RunFailed, UnknownRun
from podium.facade.scope import Parts, Scope
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.runs import Ended
from podium.model.fallback import Degraded
from podium.model.json import Json
from podium.model.run import Run, RunState, Signal
from podium.model.storable import check_name
from podium.store.codec import encode
from podium.store.operations import CommitVerdict, Send

if TYPE_CHECKING:
    from podium.facade import ratings
    from podium.model import rating
    from podium.model.streams.event import StreamEvent
    from podium.services.streams import reading, viewing
else:
    rating = lazy.module("podium.model.rating")
    ratings = lazy.module("podium.facade.ratings")
    reading = lazy.module("podium.services.streams.reading")
    viewing = lazy.module("podium.services.streams.viewing")

Out = TypeVar("Out")
_ASKED = {"user": "signal", "cancel": "cancel"}
"""What is asked of a run with a signal of each kind."""


class RunHandle(Generic[Out]):
    """One run: its result, its state, its facts, and the ways to reach into it."""

    def __init__(self, id: str, scope: Scope, workflow: AnyAgent | None, *, new: bool = False) -> None:
        """Hold a run that the principal of a scope may see; `workflow` is known where this process has it."""
        self.id = id
        self.new = new
        """Whether it was started by who holds this, and was not there before, under its tag say."""
        self._scope = scope
        self._workflow = workflow

    async def result(self) -> Out:
        """Wait for the run's end and return its value; raises RunFailed, RunCancelled or RunBlocked."""
        end = await self.end()
        if end.state is RunState.DONE:
            value, workflow = end.outcome["value"], await self._ended_as()
            return value if workflow is None else workflow.output.restore(value)
        if end.state is RunState.CANCELLED:
            raise RunCancelled(f"run {self.id} was cancelled: {end.reason}", run=self.id)
        if end.state is RunState.BLOCKED:
            raise RunBlocked(f"run {self.id} is blocked: {end.reason}", run=self.id)
        raise RunFailed(f"run {self.id} failed: {end.reason}", run=self.id, recorded=end.traceback, kind=end.kind)

    async def end(self) -> End:
        """Wait until the run ends or is blocked, and return how: its state, and what it gave as JSON or why not."""
        return await self._scope.parts.worker.end_of(self.id)

    async def _ended_as(self) -> AnyAgent | None:
        """Return the workflow in the version that the run ended with: it may have been moved, or have restarted."""
        workflows, workflow = self._scope.parts.workflows, self._workflow
        if workflow is None or not workflows.has_others(workflow):
            return workflow
        run = await self.status()
        return workflows.of(run.workflow, run.version)

    async def status(self) -> Run:
        """Return how the run stands."""
        return await self._scope.run(self.id)

    async def facts(self) -> list[Fact]:
        """Return everything recorded of the run, in order."""
        return await self._scope.store.facts(self.id)

    async def degraded(self) -> tuple[Degraded, ...]:
        """Return the calls, of a run that has ended, that somebody else answered than was asked."""
        ends = [said for fact in await self.facts() if isinstance(said := fact.content, Ended)]
        return ends[-1].degraded if ends else ()

    async def stream(self, *, after: int | None = None) -> "AsyncGenerator[StreamEvent]":
        """Give the run's events until it ends or is blocked, whichever process drives it.

        They begin now, or after the event that has the number `after`; 0 is the beginning. What the journal tells of is
        never missed. Of the rest an event `gone` says what was missed. Who reads slowly holds up nobody.
        """
        async with aclosing(self.batches(after=after)) as batches:
            async for events in batches:
                for event in events:
                    yield event

    async def batches(self, *, after: int | None) -> "AsyncGenerator[Sequence[StreamEvent]]":
        """Give the same as they come together; they are read once for all who watch the run in this process."""
        await self.status()
        with watching(self._scope.parts, self.id) as how:
            readers = self._scope.parts.worker.streams.readers
            async with aclosing(viewing.watched(self.id, after, how, readers)) as batches:
                async for events in batches:
                    yield events

    async def rate(
        self, score: float, *, comment: str = "", key: str | None = None, by: str | None = None, once: str | None = None
    ) -> "rating.Rating":
        """Write down what somebody thinks of the run, or of its call at `key`: from 0, of no use, to 1, as wanted.

        It is entered in the ledger, and no redaction of the run deletes the comment. Whoever may see the run may rate
        it, but for a viewer; `by` says who does on the app itself. Under the same name `once` it is written down once.
        Raises NotPossible where there is no such call.
        """
        return await ratings.rate(self._scope, self.id, score=score, comment=comment, key=key, by=by, once=once)

    async def ratings(self) -> "Sequence[rating.Rating]":
        """Return what was thought of the run, newest first."""
        return await ratings.ratings(self._scope, self.id)

    async def signal(self, name: str, body: Json = None, *, id: str | None = None) -> bool:
        """Send a signal; False if one with this id was sent before. Raises NotPossible where the run has ended."""
        parts = self._scope.parts
        signal = Signal(id or parts.ids.new("s"), "user", name, _written(body), parts.clock.now())
        return await self._send(signal, f"signal {name!r}")

    async def cancel(self, reason: str = "cancelled by request") -> bool:
        """Ask the run to stop and to undo what it did; False if that was asked before."""
        signal = Signal("cancel", "cancel", "cancel", {"reason": reason}, self._scope.parts.clock.now())
        return await self._send(signal, "a cancel")

    async def _send(self, signal: Signal, what: str) -> bool:
        check_name("the signal's name", signal.name)
        check_name("the signal's id", signal.id)
        encode(signal.body, "the signal's body")
        if self._scope.principal is not None:
            run = await self._scope.own_run(self.id, f"send {what} to a run")
            await self._scope.record(
                f"{_ASKED[signal.kind]} runs", self.id, tenant=run.tenant, name=signal.name, id=signal.id
            )
        verdict, _ = await self._scope.parts.worker.commits.submit(Send(self.id, signal))
        if verdict is CommitVerdict.UNKNOWN:
            raise UnknownRun(f"no run is called {self.id!r}. `podium runs list` shows those there are.")
        if verdict is CommitVerdict.ENDED:
            state = (await self.status()).state
            raise NotPossible(f"run {self.id} has ended ({state}): it cannot take {what} any more.")
        return verdict is CommitVerdict.OK


@contextmanager
def watching(parts: Parts, run_id: str) -> "Generator[reading.Watching]":
    """Have the transient events of a run kept while the block lasts; the run need not be there yet."""
    streams = parts.worker.streams
    with streams.open(run_id) as feed:
        yield reading.Watching(
            store=parts.store, clock=parts.clock, reader=streams.name_reader(), feed=feed,
            driven=lambda: streams.driven(run_id), check=parts.worker.check,
        )  # fmt: skip


def _written(body: Json) -> Json:
    """Return the body of a signal as JSON; raises InvalidValue where it is none."""
    try:
        return free_json(body)
    except InvalidValue as error:
        raise InvalidValue(f"the signal's body: {error}") from error


AnyHandle = RunHandle[Any]


async def handle_of(scope: Scope, run_id: str) -> AnyHandle:
    """Return a handle to a run; raises UnknownRun where there is none, or none that the principal may see."""
    run = await scope.run(run_id)
    return RunHandle(run_id, scope, scope.parts.workflows.of(run.workflow, run.version))
