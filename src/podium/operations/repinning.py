"""Moving all runs of a version of a workflow to another one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podium.errors import PodiumError
from podium.model.run import Run
from podium.store.protocol import ReadStore, RunQuery, walk

_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of a repin; `error` is empty where the run was moved."""

    run: str
    error: str = ""


async def of_version(store: ReadStore, workflow: str, version: str, tenant: str | None) -> list[Run]:
    """Return the runs of a version of a workflow that have not ended, oldest first."""
    query = RunQuery(workflow=workflow, tenant=tenant, limit=_PAGE)
    found = [run async for run in walk(store.runs, query) if run.version == version and not run.state.ended]
    return found[::-1]


async def move_all(runs: list[Run], repin: Callable[[str], Awaitable[object]]) -> list[Moved]:
    """Move each run; that one does not fit, or is driven just now, does not stop the others."""
    done: list[Moved] = []
    for run in runs:
        try:
            await repin(run.id)
        except PodiumError as error:
            done.append(Moved(run=run.id, error=str(error)))
        else:
            done.append(Moved(run=run.id))
    return done
