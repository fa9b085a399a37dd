"""Moving a store to another place, whatever keeps it there, so that runs go on there and here no more."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from podium.errors import MoveInDoubt, NotPossible, StoreError
from podium.in_threads import in_thread
from podium.model.worker_standing import WorkerStanding
from podium.reports.workers import standing_of
from podium.store.moving import moved_from, moved_to, place_of
from podium.store.opening import open_existing
from podium.store.place import host_of
from podium.store.protocol import GivenOver, Store
from podium.store.tables.moving import copy_all


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMove:
    """A store that was moved."""

    source: str
    target: str
    """Both as people are told them, without a password."""
    rows: Mapping[str, int]
    """How many rows each table has; they were compared."""


async def move_store(source: str, target: str, *, by: str, now: float) -> StoreMove:
    """Copy all of a store to an address where there is none, compare it, and have nobody go on with the source.

    All that was recorded is there: the chain, the ledger with its seals, budgets, memory, conversations, what is parked
    and what people are asked. Either all of it is, or nothing. Raises NotPossible while somebody drives runs on the
    source, where there is anything at the target, and where the source was moved to another place before.
    """
    with closing(await in_thread(open_existing, source)) as store:
        await _refuse_driven(store)
        return await in_thread(_move, store, source, target, GivenOver(to=place_of(target), by=by, at=now))


async def undo_move(address: str) -> GivenOver:
    """Have runs driven again in a store that was moved; raises NotPossible where it was not.

    Nobody is to have gone on at the other place: what was done there would be done again.
    """

    def work() -> GivenOver | None:
        with closing(open_existing(address)) as store:
            return store.upkeep.take_back()

    if (found := await in_thread(work)) is None:
        raise NotPossible(f"{place_of(address)} was not moved: runs are driven there.")
    return found


def _move(store: Store, source: str, target: str, now: GivenOver) -> StoreMove:
    before, rows = store.upkeep.give_over(now), dict[str, int]()
    try:
        _refuse_moved_elsewhere(before, now)
        with moved_from(source) as old:
            with moved_to(target) as new:
                copied = copy_all(old, new)
            rows = copied  # it is there: nobody is to go on with the source, though that may be lost just now
    except MoveInDoubt:
        raise  # nobody goes on before it is known
    except BaseException as error:
        if not rows:
            _go_on(store, before)
        if not rows or not isinstance(error, StoreError):
            raise
    return StoreMove(source=place_of(source), target=now.to, rows=rows)


def _go_on(store: Store, before: GivenOver | None) -> None:
    """Have runs driven in the store again, unless it had been given over before: then it is there already, maybe."""
    if before is None:
        store.upkeep.take_back()
    else:
        store.upkeep.give_over(before)


def _refuse_moved_elsewhere(before: GivenOver | None, now: GivenOver) -> None:
    """Raise NotPossible where runs may go on at another place: two copies that go on would do everything twice."""
    if before is not None and before.to != now.to:
        raise NotPossible(
            f"the store was moved to {before.to} already, by {before.by}. Move that one on; or, where nobody has gone "
            "on there, and it is gone, `podium store move --undo FROM` first."
        )


async def _refuse_driven(store: Store) -> None:
    """Raise NotPossible where anybody drives runs; who is silent is declared dead, so as not to go on here later."""
    rows = await store.worker_rows()
    if alive := [row for row in rows if standing_of(row) is not WorkerStanding.GONE]:
        known = ", ".join(f"{row.id} (pid {row.pid} on {host_of(row.place)})" for row in alive)
        raise NotPossible(f"others drive runs on the store: {known}. Have them drained, or stop them, first.")
    await in_thread(store.workers.reap, "", {row.id: row.beat for row in rows})
