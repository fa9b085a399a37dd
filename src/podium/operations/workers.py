"""Having a worker drained, wherever it runs."""

from podium.errors import NotPossible
from podium.in_threads import in_thread
from podium.model.worker_standing import WorkerStanding
from podium.reports.workers import WorkerState, standing_of, worker_state
from podium.store.protocol import Drain, Store


async def drain_worker(store: Store, worker: str, *, by: str, why: str, now: float) -> WorkerState:
    """Have a worker begin nothing new, let what is under way end within its grace time, and hand the rest back.

    It is told at its next beat, a quarter of its lease from now at the latest. Who has it drained is entered in the
    ledger; nothing is where it has left by itself, or they had it drained for the same reason before. Raises
    NotPossible where there is no such worker, or it is gone, or somebody has it drained already.
    """
    drain = Drain(by=by, why=why, at=now)
    if await in_thread(store.workers.drain, worker, drain):
        found = await store.worker_row(worker)
        assert found is not None  # it was there to be told
        return worker_state(found)
    found = await store.worker_row(worker)
    if found is None:
        raise NotPossible(f"no worker is called {worker!r}. `podium workers list` shows those there are.")
    same = found.drain is not None and (found.drain.by, found.drain.why) == (by, why)
    if (standing := standing_of(found)) is WorkerStanding.LEFT or same:
        return worker_state(found)
    if standing is WorkerStanding.GONE or found.drain is None:
        raise NotPossible(f"worker {worker} is gone already: it drives nothing any more.")
    raise NotPossible(f"worker {worker} is drained already: {found.drain.by} wanted it, {found.drain.why}.")
