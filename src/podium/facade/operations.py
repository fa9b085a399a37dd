"""`app.operations`: changing runs from outside. It takes the role of an operator."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from podium.errors import InvalidValue, PodiumError, UsageError
from podium.facade.handle import AnyHandle, handle_of
from podium.facade.scope import Parts, Scope
from podium.model.budget import PER_USD, USD, Amount, Budget, nano
from podium.model.duration import PAUSE, Duration, in_seconds
from podium.model.expected import FLAG, PATH, TEXT, Expected, are_names, check_options, or_none
from podium.model.json import Json
from podium.model.run import ENDED_STATES, RunState
from podium.model.storable import check_text
from podium.operations.correcting import Corrector
from podium.operations.editing import Edited
from podium.operations.operator import Operator
from podium.operations.pruner import Pruned, Pruner
from podium.operations.redactor import Redactor
from podium.operations.repinning import Moved, move_all, of_version
from podium.operations.requeue import Requeued, requeue
from podium.operations.sealing import sign_for
from podium.operations.upkeep import Compacted, StoreBackup, back_up, compact
from podium.operations.workers import drain_worker
from podium.reports.workers import WorkerState
from podium.store.protocol import PrunableQuery

UNEDITED: Any = object()
"""Stands for the input that the workflow gives."""

_PRUNED: Mapping[str, Expected] = {
    "states": Expected(
        "states that end a run, such as {RunState.DONE}",
        lambda value: are_names(value) and {*RunState}.issuperset(value),
    ),
    "dry_run": FLAG,
}
_CORRECTED: Mapping[str, Expected] = {
    "usd": Expected("US dollars, more than 0, or None for all", lambda value: USD.fits(value) and value != 0),
    "key": or_none(TEXT),
}
_BACKED_UP: Mapping[str, Expected] = {"path": PATH, "overwrite": FLAG}


class Operations:
    """Changes runs that nobody drives. Facts are never changed: what is done here is recorded beside them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def retry(self, run_id: str) -> AnyHandle:
        """Have a failed or blocked run go on from what failed; raises UnknownRun or NotPossible."""
        parts = await self._may_change(run_id, "retry runs")
        await _operator(parts).retry(run_id)
        return await handle_of(self._scope, run_id)

    async def raise_budget(
        self, run_id: str, *, usd: float = 0, tokens: int = 0, calls: int = 0, why: str, by: str | None = None,
        once: str | None = None,
    ) -> None:  # fmt: skip
        """Add to the own budget of a failed or blocked run: what had no room in it fits when the run is retried.

        `usd` is in dollars. Who says so and why is recorded. Under the same name `once` it is added once, however often
        it is sent. Raises NotPossible for other runs, and for what the budget does not bound.
        """
        more = Budget(usd=usd, tokens=tokens, calls=calls)
        if not (usd or tokens or calls):
            raise UsageError("nothing is added to the budget; expected usd=…, tokens=… or calls=…")
        who = self._name_of(by, why)
        parts = await self._may_change(run_id, "raise budgets", why=why, usd=usd, tokens=tokens, calls=calls)
        added = Amount(usd=nano(more.usd or 0), tokens=tokens, calls=calls)
        named = None if once is None else self._scope.new_id("raise", once, run_id)
        await _operator(parts).raise_budget(run_id, added, by=who, why=why, once=named)

    async def repin(self, run_id: str, version: str, *, from_key: str | None = None) -> AnyHandle:
        """Move a run to another version of its workflow; raises NotPossible where its journal does not fit the code.

        With `from_key` all that was recorded since that call began is voided, and done again.
        """
        parts = await self._may_change(run_id, "repin runs", version=version, from_key=from_key)
        await _operator(parts).repin(run_id, version, from_key)
        return await handle_of(self._scope, run_id)

    async def repin_all(self, workflow: str, version: str, to: str) -> list[Moved]:
        """Move all runs of a version of a workflow that have not ended to another one; each is told apart.

        One whose journal does not fit, or that is driven just now, stays as it is and does not stop the others.
        """
        parts, user = self._scope.for_operators("repin runs"), self._scope.confined
        parts.rules.registry.get(workflow, to)  # raises UnknownAgent
        self._scope.must_reach(workflow, "repin runs")
        await self._scope.record("repin all runs", workflow, version=version, to=to)
        runs = await of_version(parts.store, workflow, version, None if user is None else user.tenant)
        operator = _operator(parts)
        return await move_all(runs, lambda run: operator.repin(run, to))

    async def fork(self, run_id: str, key: str, *, input: Any = UNEDITED, once: str | None = None) -> AnyHandle:
        """Start a new run that shares the facts before the call at `key`; `once` effects after it are asked about.

        With `input` the call at `key` is made with that instead of what the workflow gives it. Under the same name
        `once` the run that was started first is returned. Raises NotPossible, and InvalidValue where the agent cannot
        take it.
        """
        parts = await self._may_change(run_id, "fork runs", key=key, edited=input is not UNEDITED)
        edited = None if input is UNEDITED else Edited(input)
        new = self._scope.new_id("run", once, run_id, key)
        return await handle_of(self._scope, await _operator(parts).fork(run_id, key, edited, into=new))

    async def requeue(self, *runs: str) -> list[Requeued]:
        """Have dead letters go on from what failed; each is told apart, and none stops the others."""
        parts = self._scope.for_operators("requeue runs")
        done: list[Requeued] = []
        for run_id in runs:
            try:
                await self._may_change(run_id, "requeue runs")
            except PodiumError as error:
                done.append(Requeued(run=run_id, error=str(error)))
            else:
                done += await requeue(parts.store, _operator(parts).retry, [run_id])
        return done

    async def discard(self, run_id: str, *, why: str, by: str | None = None) -> None:
        """Say that nobody will handle a dead letter any more; who says so and why is recorded. Raises NotPossible."""
        who = self._name_of(by, why)
        parts = await self._may_change(run_id, "discard runs", why=why)
        await _operator(parts).discard(run_id, by=who, why=why)

    async def correct_budgets(
        self, run_id: str, *, usd: float | None = None, key: str | None = None, why: str, by: str | None = None,
        once: str | None = None,
    ) -> float:  # fmt: skip
        """Give back what a run and its child runs have in doubt that was not spent, in all budgets that count it.

        `usd` is how many dollars, all by default; `key` is the call that they were set aside for. Who gives them back,
        and why, is recorded. Returns how many. Under the same name `once` they are given back once, however often it is
        sent. Raises UnknownRun, or NotPossible where less is in doubt.
        """
        check_options("operations.correct_budgets", {"usd": usd, "key": key}, _CORRECTED)
        who = self._name_of(by, why)
        parts = await self._may_change(run_id, "correct budgets", why=why, usd=usd, key=key)
        run, nanos = await self._scope.run(run_id), None if usd is None else nano(usd)
        tag = None if once is None else self._scope.new_id("correction", once, run_id)
        given = await Corrector(parts.worker, parts.clock).correct(run, nanos, key=key, by=who, why=why, tag=tag)
        return given / PER_USD

    async def redact(self, run_id: str, *, why: str, by: str | None = None) -> int:
        """Delete what a run and its child runs were given, said and gave, though not that and how they took place.

        Returns how many had something to delete. Raises UnknownRun, or NotPossible where one has not ended.
        """
        who = self._name_of(by, why)
        parts = await self._may_change(run_id, "redact runs", why=why)
        return await _redactor(parts).redact(run_id, by=who, why=why)

    async def retain(self, seconds: Duration, *, why: str, by: str | None = None) -> int:
        """Redact all runs that ended longer ago than so many seconds, as did those that started them; how many."""
        who, age = self._name_of(by, why), in_seconds(seconds, "the age of the runs", PAUSE)
        parts, user = self._scope.for_operators("redact runs"), self._scope.confined
        self._scope.must_reach_all("redact runs")
        await self._scope.record("redact old runs", why=why, seconds=age)
        return await _redactor(parts).retain(age, by=who, why=why, tenant=None if user is None else user.tenant)

    async def prune(
        self, older_than: Duration, *, states: Collection[RunState] = ENDED_STATES, why: str, by: str | None = None,
        dry_run: bool = False,
    ) -> Pruned:  # fmt: skip
        """Delete runs of these states that ended longer ago than this, with all that they started.

        Those of which anything has not ended stay, or has ended later. That they were there stays provable. With
        `dry_run` nothing is deleted, and what would be is told.
        """
        who, parts, user = self._name_of(by, why), self._scope.for_operators("prune runs"), self._scope.confined
        check_options("operations.prune", {"states": states, "dry_run": dry_run}, _PRUNED)
        states = [RunState(state) for state in states]
        if going := [state for state in states if not state.ended]:
            raise InvalidValue(f"runs that are {going[0]} have not ended: expected done, failed or cancelled.")
        before = parts.clock.now() - in_seconds(older_than, "the age of the runs", PAUSE)
        tenant = None if user is None else user.tenant
        wanted = PrunableQuery(before=before, states=tuple(states), tenant=tenant)
        self._scope.must_reach_all("prune runs")
        if not dry_run:
            await self._scope.record("prune runs", why=why, before=before, states=[*map(str, states)])
        pruner = Pruner(parts.worker, parts.clock, sign_for(parts.config.audit, parts.store.ledger))
        return await (pruner.would_prune(wanted) if dry_run else pruner.prune(wanted, by=who, why=why))

    async def backup(self, path: str | Path, *, overwrite: bool = False) -> StoreBackup:
        """Write a copy of the store as it is now to a file, while everybody goes on, and check it.

        Raises NotPossible where there is such a file, unless it may be overwritten, or where the copy is not whole.
        """
        check_options("operations.backup", {"path": path, "overwrite": overwrite}, _BACKED_UP)
        parts = self._whole_store("a copy of the store")
        await self._scope.record("copy the store", str(path))
        return await back_up(parts.store, Path(path), now=parts.clock.now(), overwrite=overwrite)

    async def compact(self) -> Compacted:
        """Give the room of what was deleted back to the disk; this app writes nothing meanwhile.

        Raises NotPossible while other processes drive runs on the store, and StoreUnavailable where the disk is full.
        """
        parts = self._whole_store("the store's file")
        await self._scope.record("compact the store")
        return await compact(parts.store, worker=parts.worker.id)

    async def drain_worker(self, worker: str, *, why: str, by: str | None = None) -> WorkerState:
        """Have a worker begin nothing new, let what is under way end within its grace time, and hand the rest back.

        Wherever it runs: it is told at its next beat. `podium work` ends then; `app.drained()` returns in other
        programs. Who has it drained, and why, is entered in the ledger. Raises NotPossible where it is gone, or drained
        already.
        """
        check_options("operations.drain_worker", {"worker": worker}, {"worker": TEXT})
        who, parts = self._name_of(by, why), self._whole_store("the workers of a store")
        await self._scope.record("drain workers", worker, why=why)
        return await drain_worker(parts.store, worker, by=who, why=why, now=parts.clock.now())

    def _whole_store(self, what: str) -> Parts:
        self._scope.require_installation(what)
        return self._scope.for_operators("look after the store")

    def _name_of(self, by: str | None, why: str) -> str:
        check_text("the reason", why)
        return self._scope.name_of(by)

    async def _may_change(self, run_id: str, what: str, **said: Json) -> Parts:
        parts = self._scope.for_operators(what)
        run = await self._scope.run(run_id)
        self._scope.must_reach(run.workflow, what)
        await self._scope.record(what, run_id, tenant=run.tenant, **said)
        return parts


def _operator(parts: Parts) -> Operator:
    return Operator(parts.worker, parts.clock)


def _redactor(parts: Parts) -> Redactor:
    return Redactor(parts.worker, parts.clock, sign_for(parts.config.audit, parts.store.ledger))
