"""Deleting what runs were given, said and gave, while it stays provable that and how they took place."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import islice

from podium.engine.worker.worker import Worker
from podium.errors import NotPossible, UnknownRun
from podium.in_threads import in_thread
from podium.model.audit import redacted_bytes, remains_of
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind
from podium.model.facts.codec import left_of
from podium.model.facts.runs import Redacted
from podium.model.run import Run
from podium.operations.ways_out import way_out
from podium.store.codec import encode_names
from podium.store.inserting import NewFact
from podium.store.operations import CommitVerdict, Redact
from podium.store.protocol import RunQuery, Store, walk

_LOG = logging.getLogger("podium")

_TOGETHER = 16
"""So many runs are redacted in one commit: what they carried is then wiped off the disk once for all of them."""

Sign = Callable[[bytes], bytes]
"""Signs with the key of the audit."""


class Redactor:
    """Redacts runs that have ended. With a key each redaction is signed, so that nobody else can pretend one."""

    def __init__(self, worker: Worker, clock: Clock, sign: Sign | None) -> None:
        self._worker = worker
        self._store = worker.store
        self._clock = clock
        self._sign = sign

    async def redact(self, run_id: str, *, by: str, why: str) -> int:
        """Redact a run and its child runs; returns how many had something to delete.

        Raises UnknownRun, or NotPossible where one of them has not ended, or said something in a conversation in which
        somebody has a turn now; then none is redacted.
        """
        run = await self._store.run(run_id)
        if run is None:
            raise UnknownRun(f"no run is called {run_id!r}. `podium runs list` shows those there are.")
        family = [each async for each in self._family(run)]
        for each in family:
            if not each.state.ended:
                which = f"run {run_id}" if each is run else f"its child run {each.id}"
                raise NotPossible(f"{which} is {each.state}: only a run that has ended can be redacted.")
        runs = [each.id for each in family]
        await self._refuse_held(runs)
        verdicts = await self._redact_all(runs, by=by, why=why)
        if CommitVerdict.BUSY in verdicts:
            raise NotPossible(f"somebody took a turn meanwhile where run {run_id} spoke: redact it again after that.")
        return verdicts.count(CommitVerdict.OK)

    async def retain(self, seconds: float, *, by: str, why: str, tenant: str | None = None) -> int:
        """Redact all runs, or those of a tenant, that ended longer ago, if those that started them did too.

        One that said something in a conversation in which somebody has a turn now is left for later. Returns how many.
        """
        runs: Iterable[str] = self._store.ledger.unredacted(self._clock.now() - seconds)
        if tenant is not None:
            known = [await self._store.run(run) for run in runs]
            runs = [run.id for run in known if run is not None and run.tenant == tenant]
        return (await self._redact_all(runs, by=by, why=why)).count(CommitVerdict.OK)

    async def _refuse_held(self, runs: Sequence[str]) -> None:
        """Raise NotPossible where an unfinished run may still read what one of these said."""
        held = await self._store.held(runs)
        if held is not None:
            raise NotPossible(f"{await way_out(self._store, held)}, and redact it then.")

    async def _family(self, run: Run) -> AsyncIterator[Run]:
        yield run
        async for child in walk(self._store.runs, RunQuery(parent=run.id)):
            async for each in self._family(child):
                yield each

    async def _redact_all(self, runs: Iterable[str], *, by: str, why: str) -> list[CommitVerdict]:
        verdicts: list[CommitVerdict] = []
        left = iter(runs)
        while some := list(islice(left, _TOGETHER)):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._redact(run, by=by, why=why)) for run in some]
            verdicts += [task.result() for task in tasks]
        if CommitVerdict.OK in verdicts:
            await scrub(self._store)
        return verdicts

    async def _redact(self, run_id: str, *, by: str, why: str) -> CommitVerdict:
        """Redact one run; STALE where there is nothing left to delete, or somebody took it up again meanwhile."""
        run, facts = await self._store.run(run_id), await self._store.facts(run_id)
        if run is None or not run.state.ended or is_redacted(facts):
            return CommitVerdict.STALE
        left = [
            (fact.seq, encode_names(left_of(fact.kind, fact.body)))
            for fact in facts
            if fact.kind is not FactKind.REDACTED
        ]
        remains, seq = remains_of(run_id, left), len(facts)
        signature = None if self._sign is None else self._sign(redacted_bytes(run_id, seq, remains)).hex()
        said = Redacted(by=by, why=why, left=remains, signature=signature)
        wanted = Redact(
            run=run_id, epoch=run.epoch, left=left, reason=_reason_left(facts),
            fact=NewFact.saying(said, "", self._clock.now()),
        )  # fmt: skip
        verdict, _ = await self._worker.commits.submit(wanted)
        return verdict


async def scrub(store: Store) -> None:
    """Leave nothing of what was deleted in the store's file and log; said where somebody still reads what was."""
    if not await in_thread(store.upkeep.scrub):
        _LOG.warning(
            "somebody still reads what was deleted: it is wiped once they are done. End what has the store open, such"
            " as a backup, an audit or an SQLite shell."
        )


def is_redacted(facts: list[Fact]) -> bool:
    """Whether a run was redacted and has recorded nothing since."""
    return bool(facts) and facts[-1].kind is FactKind.REDACTED


def refuse_redacted(run_id: str, facts: Iterable[Fact]) -> None:
    """Raise NotPossible where what a run recorded was deleted: it can neither go on nor be forked."""
    for fact in facts:
        if isinstance(said := fact.content, Redacted):
            raise NotPossible(f"run {run_id} was redacted by {said.by}: what it recorded is gone, so it cannot"
                              " go on. Start a new run.")  # fmt: skip


def _reason_left(facts: Sequence[Fact]) -> str:
    """Return what is left of why a run ended: the type of its error, as in the fact of its end."""
    ended = next(fact for fact in reversed(facts) if fact.kind is FactKind.ENDED)
    return left_of(ended.kind, ended.body)["reason"]
