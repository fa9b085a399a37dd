"""Who waits in this process for the end of a run, whoever drives it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from podium.errors import NotPossible, StoreError
from podium.model.fact import Fact
from podium.model.facts.runs import Ended, Redacted, outcome_json
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.model.run import Run, RunState
from podium.store.codec import decode
from podium.store.operations import FinishRun
from podium.store.protocol import ReadStore


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended."""

    state: RunState
    outcome: Any
    reason: str

    @property
    def traceback(self) -> str:
        """Where the error of a failed run came from, as far as that is recorded."""
        outcome: dict[str, Json] = self.outcome or {}
        return outcome.get("traceback", "")

    @property
    def kind(self) -> str:
        """What sort of failure a failed run ended with; a bug where an earlier release did not record that."""
        outcome: dict[str, Json] = self.outcome or {}
        return outcome.get("kind", FailureKind.BUG)


class Waiters:
    """Tells those who wait for runs how they ended, as soon as this process knows."""

    def __init__(self, store: ReadStore, *, driven: Callable[[str], bool], look_soon: Callable[[], None]) -> None:
        """`look_soon` has `look` called soon, rather than with the next poll."""
        self._store = store
        self._look_soon = look_soon
        self._changed = True
        """Whether others may have ended runs since they were looked at."""
        self._driven = driven
        """Whether a run is in this process's memory: it will be told of then."""
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, list[asyncio.Future[End]]] = {}
        self._lost: dict[str, StoreError] = {}
        """Why runs were let go that are ours still, for those who come to wait for them only then."""

    async def end_of(self, run_id: str) -> End:
        """Wait until a run has ended or is blocked; raises NotPossible if its value was redacted."""
        future: asyncio.Future[End] = self._loop.create_future()
        self._waiting.setdefault(run_id, []).append(future)
        try:
            if run_id in self._lost:
                raise self._lost[run_id]
            if not self._driven(run_id):
                await self._look_at(run_id)
            end = await future
            if end.state is RunState.DONE and "redacted" in end.outcome:
                raise NotPossible(f"run {run_id} was redacted by {end.outcome['redacted']}: what it gave is gone.")
            return end
        finally:
            left = [each for each in self._waiting.get(run_id, ()) if each is not future]
            if left:
                self._waiting[run_id] = left
            else:
                self._waiting.pop(run_id, None)

    def tell(self, run: str, end: FinishRun) -> None:
        """A run has ended, or is blocked."""
        for future in self._waiting.pop(run, ()):
            if not future.done():
                future.set_result(End(end.state, end.outcome, end.reason))

    def lose(self, run: str, error: StoreError) -> None:
        """A run was let go because the store could not be used; it is taken up again once it can."""
        self._lost[run] = error
        for future in self._waiting.pop(run, ()):
            if not future.done():
                future.set_exception(error)

    def found(self, run: str | None = None) -> None:
        """A run that was let go, or all of them, are taken up again."""
        if run is None:
            self._lost.clear()
        else:
            self._lost.pop(run, None)

    def give_up(self, error: Exception) -> None:
        """Nobody here will hear of the end of any run."""
        waiting, self._waiting = self._waiting, {}
        for future in (future for futures in waiting.values() for future in futures if not future.done()):
            future.set_exception(error)

    def ended_elsewhere(self) -> None:
        """Another process ended runs."""
        self._changed = True
        if self._waiting:
            self._look_soon()

    async def look(self, *, changed: bool) -> None:
        """Tell those who wait for runs that other processes ended, if these may have changed anything."""
        if not (changed or self._changed):
            return
        self._changed = False
        try:
            for run_id in await self._store.left([run_id for run_id in self._waiting if not self._driven(run_id)]):
                await self._look_at(run_id)
        except StoreError:
            self._changed = True
            raise

    async def _look_at(self, run_id: str) -> None:
        """Tell the waiters of a run that was ended by another process, or before they came."""
        run = await self._store.run(run_id)
        if run is None:
            return
        if run.state.ended:
            last = await last_of(self._store, run)
            self.tell(run_id, FinishRun(run.state, run.reason, 0.0, ended_as(run, last)))
        elif run.state is RunState.BLOCKED:
            self.tell(run_id, FinishRun(run.state, run.reason, 0.0, None))


async def last_of(store: ReadStore, run: Run) -> Fact:
    """Return the last fact of a run as it was read; there may be later ones."""
    last, *_ = await store.facts(run.id, after=run.facts - 2)
    return last


def ended_as(run: Run, last: Fact) -> dict[str, Json]:
    """Return what is told of a run that has ended, by the last that it recorded."""
    value = decode(last.payload)
    match last.content:
        case Ended() as said:
            return outcome_json(said, value)
        case Redacted() as said:
            return {"state": run.state, "value": value, "reason": run.reason, "redacted": said.by}
        case _:
            return {"state": run.state, "value": value, "reason": run.reason}
