"""Giving back what budgets count as spent, in doubt: each correction is recorded as a run of its own."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from podium.engine.worker.worker import Worker
from podium.errors import NotPossible
from podium.model.budget import dollars
from podium.model.budget_ids import run_of_budget, share_of_run
from podium.model.clock import Clock
from podium.model.fact import Fact
from podium.model.facts.money import AmountReserved, AmountSettled
from podium.model.facts.notices import DoubtCorrected
from podium.model.facts.runs import Ended, Started
from podium.model.json import NULL, Json
from podium.model.run import DEFAULT_QUEUE, Run, RunState
from podium.store.codec import encode
from podium.store.corrections import BudgetCorrection, CorrectBudgets
from podium.store.inserting import NewFact, NewRun
from podium.store.operations import CommitVerdict
from podium.store.protocol import RunQuery, walk

WORKFLOW = "podium.budget.correct"
"""That of the runs which record corrections."""
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class DoubtfulAmount:
    """What was set aside for a call of a run, and counts as spent since nobody told what became of it."""

    run: Run
    call: str
    usd: int
    """In billionths of a US dollar, less what was given back of it."""
    budgets: Sequence[str]
    by: str
    """For whom it counts, where that is not the agent of the call that was asked first."""


class Corrector:
    """Gives back what is in doubt in a run, and in the child runs that it started, in all budgets that count it."""

    def __init__(self, worker: Worker, clock: Clock) -> None:
        self._worker = worker
        self._store = worker.store
        self._clock = clock

    async def correct(
        self, run: Run, usd: int | None, *, key: str | None, by: str, why: str, tag: str | None = None
    ) -> int:
        """Give back so many billionths of a dollar, of the oldest doubts first; None is all of them. Returns how many.

        With `key` only those of that call count, and of what it started. Where a correction of the run has the `tag`,
        nothing more is given back. Raises NotPossible where less is in doubt.
        """
        records = await self._records(run)
        if (given_as := next((each for each in records if tag is not None and each.tag == tag), None)) is not None:
            return await self._given_by(given_as, usd)
        given = await self._given_above(run)
        doubts = [each async for each in self._doubts(run, key, given)]
        there = sum(each.usd for each in doubts)
        if not there or (usd or 0) > there:
            which = f"run {run.id}" if key is None else f"call {key} of run {run.id}"
            raise NotPossible(f"{which} has {dollars(there)} in doubt: no more can be given back.")
        left = there if usd is None else usd
        back: list[DoubtfulAmount] = []
        for each in doubts:
            part = min(left, each.usd)
            left -= part
            back += [replace(each, usd=part)] if part else []
        parts = [part for each in back for part in await self._parts(each)]
        record = self._record(run, f"{run.id}.correction.{len(records)}", back, by=by, why=why, tag=tag)
        verdict, _ = await self._worker.commits.submit(CorrectBudgets(parts=parts, record=record))
        if verdict is not CommitVerdict.OK:
            raise NotPossible(f"somebody corrected what is in doubt in run {run.id} meanwhile: look at it again.")
        return sum(each.usd for each in back)

    async def _given_by(self, record: Run, usd: int | None) -> int:
        """Return what a correction gave back; raises NotPossible where that is not what is asked for."""
        facts = await self._store.facts(record.id)
        given = sum(said.usd for fact in facts if isinstance(said := fact.content, DoubtCorrected))
        if usd not in (None, given):
            raise NotPossible(f"{dollars(given)} were given back under this name before: use another name.")
        return given

    async def _given_above(self, run: Run) -> Counter[tuple[str, str]]:
        """Return what was given back before by corrections of the runs that began it, by run and call."""
        given, above = Counter[tuple[str, str]](), run
        while above.parent is not None and (parent := await self._store.run(above.parent)) is not None:
            above = parent
            await self._add_given(above, given)
        return given

    async def _add_given(self, run: Run, given: Counter[tuple[str, str]]) -> None:
        """Count what corrections of a run gave back."""
        for record in await self._records(run):
            for fact in await self._store.facts(record.id):
                if isinstance(said := fact.content, DoubtCorrected):
                    given[said.run, fact.key] += said.usd

    async def _records(self, run: Run) -> list[Run]:
        """Return the runs that record corrections of a run."""
        return [each async for each in walk(self._store.runs, RunQuery(workflow=WORKFLOW, parent=run.id))]

    async def _doubts(
        self, run: Run, key: str | None, given: Counter[tuple[str, str]]
    ) -> AsyncIterator[DoubtfulAmount]:
        """Give what is in doubt in a run, then in those that it started, less what was given back of it."""
        await self._add_given(run, given)
        for each in _settled(run, await self._store.facts(run.id)):
            back = min(given[run.id, each.call], each.usd)
            given[run.id, each.call] -= back
            if each.usd > back and key in (None, each.call):
                yield replace(each, usd=each.usd - back)
        async for child in walk(self._store.runs, RunQuery(parent=run.id)):
            if child.workflow != WORKFLOW and key in (None, child.id.removeprefix(f"{run.id}.")):
                async for each in self._doubts(child, None, given):
                    yield each

    async def _parts(self, doubt: DoubtfulAmount) -> list[BudgetCorrection]:
        """Return what has to be corrected: the budgets that count it, and those that a child run's was carved from."""
        parts: list[BudgetCorrection] = []
        waiting: list[tuple[str, tuple[str, ...]]] = [(budget, ()) for budget in doubt.budgets]
        while waiting:
            budget, shares = waiting.pop()
            child = run_of_budget(budget)
            run = None if child is None else await self._store.run(child)
            share, above = (None, ()) if run is None or run.parent is None else await self._carved(run.id, run.parent)
            parts.append(BudgetCorrection(budget=budget, usd=doubt.usd, shares=shares, share=share))
            waiting += [] if share is None else [(each, (*shares, share)) for each in above]
        return parts

    async def _carved(self, run: str, parent: str) -> tuple[str | None, Sequence[str]]:
        """Return the share that the budget of a child run was carved out with, and of which budgets, if it was."""
        share = share_of_run(run)
        for fact in await self._store.facts(parent):
            if isinstance(said := fact.content, AmountReserved) and said.reservation == share:
                return share, said.budgets
        return None, ()

    def _record(
        self, run: Run, id: str, given: Sequence[DoubtfulAmount], *, by: str, why: str, tag: str | None
    ) -> NewRun:
        """Return the run that records a correction: a child of the one that is corrected."""
        now = self._clock.now()
        told: Json = {"run": run.id, "usd": dollars(sum(each.usd for each in given)), "why": why}
        started = Started(workflow=WORKFLOW, version=_VERSION, seed=0, principal=by, tenant=run.tenant)
        said = [
            NewFact.saying(DoubtCorrected(run=each.run.id, usd=each.usd, by=by, why=why, agent=each.by), each.call, now)
            for each in given
        ]
        ended = NewFact.saying(Ended(state=RunState.DONE, reason="", causes=()), "", now, NULL)
        return NewRun(
            id=id, workflow=WORKFLOW, version=_VERSION, queue=DEFAULT_QUEUE, priority=0,
            tenant=run.tenant, principal=by, parent=run.id, root=run.root, tag=tag, at=now,
            started=NewFact.saying(started, "", now, encode(told)), facts=(*said, ended),
        )  # fmt: skip


def _settled(run: Run, facts: Sequence[Fact]) -> Iterator[DoubtfulAmount]:
    budgets: dict[str, Sequence[str]] = {}
    for fact in facts:
        match fact.content:
            case AmountReserved() as said:
                budgets[said.reservation] = said.budgets
            case AmountSettled(in_doubt=True) as said:
                usd = said.usd if said.doubt is None else said.doubt
                where = said.budgets or budgets.get(said.reservation, ())
                yield DoubtfulAmount(run, fact.key, usd, where, said.by)
            case _:
                pass
