"""Looking after a store: copies that are checked, and a smaller file."""

import asyncio
import os
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from podium.errors import NotPossible, StoreUnavailable
from podium.in_threads import in_thread
from podium.model.audit import Audit, SealChecker
from podium.model.run import RunState
from podium.reports.audit import audit
from podium.store.opening import open_store
from podium.store.protocol import RunQuery, Store, StoreSize, walk
from podium.store.sqlite.upkeep import FoundFile, copied, examined, put_in_place

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCheck:
    """What a copy of a store is."""

    problem: str
    """Why nobody can go on with it; empty where one can."""
    schema: int
    newest: int
    """The schema of this Podium: a copy of an older one is migrated when it is opened."""
    audit: Audit | None = None
    """What the audit of its chains and its ledger found; None where it could not be opened."""
    runs: dict[RunState, int]
    """How many runs there are of each state."""
    overdue: int = 0
    """Those of the parked ones that wake at once, because their time has come since."""
    last: float | None = None
    """When its last run was started or ended, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBackup:
    """A copy that was written, and found to be whole."""

    path: Path
    bytes: int
    check: StoreCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """How large a store was, and is."""

    before: StoreSize
    after: StoreSize


async def back_up(
    store: Store, path: Path, *, now: float, overwrite: bool = False, checker: SealChecker | None = None
) -> StoreBackup:
    """Write a copy of a store as it is now, check it and sync it; only then it gets its name.

    Raises NotPossible where there is such a file, unless it may be overwritten, or where the copy is not whole.
    """
    return await in_thread(_back_up, store, path, now, checker, overwrite=overwrite)


async def check_copy(path: Path, *, now: float, checker: SealChecker | None = None) -> StoreCheck:
    """Say whether a file is a whole store with which this Podium can go on; it is only read.

    It is copied first, for opening a store changes it. Raises NotPossible where there is no such file.
    """
    return await in_thread(_checked_apart, path, now, checker)


async def compact(store: Store, *, worker: str) -> Compacted:
    """Give the room of what was deleted back to the disk.

    Raises NotPossible while others drive runs on the store, for they could not write meanwhile, and StoreUnavailable
    where there is too little room for it.
    """
    if others := store.workers.others(worker):
        raise NotPossible(
            f"nobody can write while a store is compacted, and others drive runs on it: {', '.join(others)}. Stop them"
            " first. Until then what was deleted is used again before the file grows."
        )
    before = await in_thread(store.upkeep.size)
    await in_thread(store.upkeep.compact)
    return Compacted(before=before, after=await in_thread(store.upkeep.size))


def _back_up(store: Store, path: Path, now: float, checker: SealChecker | None, *, overwrite: bool) -> StoreBackup:
    if path.exists() and not overwrite:
        raise NotPossible(f"{path} is there already. Name another file, or say that it may be overwritten.")
    if not path.parent.is_dir():
        raise NotPossible(f"the folder of {path} does not exist. Make it, or name another file.")
    if path.exists() and store.upkeep.is_file(path):
        raise NotPossible(f"{path} is the store itself: name another file for the copy.")
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.unlink(missing_ok=True)
        store.upkeep.copy_to(half)
        check = _checked(half, now, checker)
        if check.problem:
            raise NotPossible(f"the copy of the store is not whole: {check.problem}. Run `podium doctor`.")
        size = half.stat().st_size
        put_in_place(half, path, overwrite=overwrite)
    except OSError as error:
        raise StoreUnavailable(f"the copy {path} cannot be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return StoreBackup(path=path, bytes=size, check=check)


def _checked_apart(path: Path, now: float, checker: SealChecker | None) -> StoreCheck:
    """Check a copy of a file in a folder of its own."""
    if not path.is_file():
        raise NotPossible(f"there is no file {path}.")
    with tempfile.TemporaryDirectory(prefix="podium-check-") as folder:
        found, copy = examined(path), Path(folder) / "copy.db"
        if _problem(found):
            return StoreCheck(problem=_problem(found), schema=found.schema, newest=found.newest, runs={})
        copied(path, copy)
        return replace(_checked(copy, now, checker), schema=found.schema)


def _checked(path: Path, now: float, checker: SealChecker | None) -> StoreCheck:
    """Check a file, which is migrated where it is of an older Podium."""
    found = examined(path)
    if _problem(found):
        return StoreCheck(problem=_problem(found), schema=found.schema, newest=found.newest, runs={})
    return asyncio.run(_inside(path, found, now, checker))


async def _inside(path: Path, found: FoundFile, now: float, checker: SealChecker | None) -> StoreCheck:
    with closing(open_store(str(path))) as store:
        said = await audit(store, checker=checker)
        states, overdue, last = Counter[RunState](), 0, 0.0
        async for run in walk(store.runs, RunQuery(limit=_PAGE)):
            states[run.state] += 1
            overdue += run.state is RunState.PARKED and run.wake_at is not None and run.wake_at <= now
            last = max(last, run.created_at, run.ended_at or 0.0)
    problem = f"{said.faults[0].where}: {said.faults[0].what}" if said.faults else ""
    return StoreCheck(
        problem=problem, schema=found.schema, newest=found.newest, audit=said, runs=dict(states), overdue=overdue,
        last=last or None,
    )  # fmt: skip


def _problem(found: FoundFile) -> str:
    """Return why a file cannot be opened as a store."""
    if not found.ours:
        return "it is no store of Podium"
    if found.damage:
        return f"SQLite finds it damaged: {found.damage[0]}"
    if found.schema > found.newest:
        return f"it is of a newer Podium (schema {found.schema}, this one knows {found.newest}). Update Podium"
    return ""
