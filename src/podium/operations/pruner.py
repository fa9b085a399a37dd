"""Deleting runs that ended long ago, while it stays provable that there were no others."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from podium.engine.worker.worker import Worker
from podium.model.audit import Pruning, pruned_bytes
from podium.model.clock import Clock
from podium.model.run import RunState
from podium.operations.redactor import Sign, scrub
from podium.secrets.masking import MASKING
from podium.store.operations import CommitVerdict, Prune
from podium.store.protocol import PrunableQuery, PrunableRun

_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedFamily:
    """A run with all that it started."""

    run: str
    workflow: str
    state: RunState
    ended_at: float
    runs: int
    bytes: int
    """About how many were kept of them."""


@dataclass(slots=True)
class Pruned:
    """What was pruned, or would be."""

    families: list[PrunedFamily] = field(default_factory=list[PrunedFamily])

    @property
    def runs(self) -> int:
        """How many runs, with those that were started by others."""
        return sum(each.runs for each in self.families)

    @property
    def bytes(self) -> int:
        """About how many bytes: so much room there is for new runs. The file shrinks when the store is compacted."""
        return sum(each.bytes for each in self.families)

    @property
    def states(self) -> dict[RunState, int]:
        """How many of each state, without those that were started by others."""
        return dict(Counter(each.state for each in self.families))


class Pruner:
    """Prunes runs, a family in a commit. With a key each pruning is signed, so that nobody else can pretend one."""

    def __init__(self, worker: Worker, clock: Clock, sign: Sign | None) -> None:
        self._worker = worker
        self._clock = clock
        self._sign = sign

    async def would_prune(self, wanted: PrunableQuery) -> Pruned:
        """Return what is to be pruned; nothing is changed."""
        return Pruned([_told(family) async for family in self._families(wanted)])

    async def prune(self, wanted: PrunableQuery, *, by: str, why: str) -> Pruned:
        """Prune runs, and what is remembered longer than it was to be; runs that somebody takes up are left alone."""
        done = Pruned()
        await self._worker.store.memory.under(self._clock).forget_expired()
        async for family in self._families(wanted):
            runs = [(run.epoch, self._pruning(run, by=by, why=why)) for run in family]
            verdict, _ = await self._worker.commits.submit(Prune(runs))
            if verdict is CommitVerdict.OK:
                done.families.append(_told(family))
        if done.families:
            await scrub(self._worker.store)
        return done

    async def _families(self, wanted: PrunableQuery) -> AsyncIterator[Sequence[PrunableRun]]:
        after = wanted.after
        while found := await self._worker.store.prunable(_page(wanted, after)):
            for after, family in found:  # noqa: B007 - the last place is where the next page begins
                yield family

    def _pruning(self, run: PrunableRun, *, by: str, why: str) -> Pruning:
        said = Pruning(
            run=run.id, facts=run.facts, head=run.head, state=run.state, at=self._clock.now(), by=by,
            why=MASKING.text(why), signature=None,
        )  # fmt: skip
        return said if self._sign is None else replace(said, signature=self._sign(pruned_bytes(said)).hex())


def _page(wanted: PrunableQuery, after: int) -> PrunableQuery:
    return PrunableQuery(before=wanted.before, states=wanted.states, tenant=wanted.tenant, limit=_PAGE, after=after)


def _told(family: Sequence[PrunableRun]) -> PrunedFamily:
    first = family[0]
    return PrunedFamily(
        run=first.id, workflow=first.workflow, state=first.state, ended_at=first.ended_at, runs=len(family),
        bytes=sum(run.bytes for run in family),
    )  # fmt: skip
