"""Have dead letters go on from what failed."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from podium.errors import NotPossible, PodiumError
from podium.reports.dead_letters import dead_letter
from podium.store.protocol import ReadStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeued:
    """What became of a requeue; `error` is empty where the run goes on."""

    run: str
    error: str = ""


async def requeue(store: ReadStore, retry: Callable[[str], Awaitable[object]], runs: Iterable[str]) -> list[Requeued]:
    """Have each run go on from what failed; what is wrong with one does not stop the others."""
    done: list[Requeued] = []
    for run in runs:
        try:
            discarded = (await dead_letter(store, run)).discarded
            if discarded is not None:
                told = f"run {run} was discarded by {discarded.by}: {discarded.why}."
                raise NotPossible(f"{told} `podium runs retry` takes it up anyway.")
            await retry(run)
        except PodiumError as error:
            done.append(Requeued(run=run, error=str(error)))
        else:
            done.append(Requeued(run=run))
    return done
