"""Deleting what runs were given, said and gave, while it stays provable that and how they took place."""

import asyncio
from collections.abc import Callable, Iterable

from podium.engine.worker.worker import Worker
from podium.errors import NotPossible, UnknownRun
from podium.model.audit import redacted_bytes, remains_of
from podium.model.clock import Clock
from podium.model.fact import Fact, FactKind
from podium.model.json import Json
from podium.model.run import Run, RunState
from podium.store.codec import encode
from podium.store.operations import CommitVerdict, NewFact, Redact
from podium.store.protocol import RunQuery

_KEPT = frozenset({
    "action", "agent", "agents", "approved", "at", "attempt", "bound", "budget", "budgets", "by", "callers", "calls",
    "causes", "changed", "cleared", "deadline", "decision", "did", "discarded", "done_before_fork", "due", "epoch",
    "escrow", "facts", "failed", "fallen", "first", "forked_from", "from", "granted", "guard", "in_doubt", "key",
    "keys", "kind", "lineage", "lines", "name", "next", "of", "outcome", "place", "principal", "question", "quorum",
    "reservation", "resource", "rule", "run", "seed", "signal", "started", "state", "step", "strikes", "tenant", "to",
    "tokens", "type", "until", "usage", "usd", "version", "wait", "winner", "winners", "workflow",
})  # fmt: skip
"""What a body still says after a redaction: who, when, under which rule and at what price."""
_BLANKED = frozenset({"digest", "feedback", "message", "reason", "text", "why"})
"""What is left empty: free text, and digests of what could be guessed."""
_LISTS = frozenset({"answers", "degraded"})
_ALL = 1_000_000_000

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

        Raises UnknownRun, or NotPossible where one of them has not ended; then none is redacted.
        """
        run = self._store.run(run_id)
        if run is None:
            raise UnknownRun(f"no run is called {run_id!r}. `podium runs list` shows those there are.")
        family = list(self._family(run))
        for each in family:
            if not each.state.ended:
                which = f"run {run_id}" if each is run else f"its child run {each.id}"
                raise NotPossible(f"{which} is {each.state}: only a run that has ended can be redacted.")
        return await self._redact_all([each.id for each in family], by=by, why=why)

    async def retain(self, seconds: float, *, by: str, why: str) -> int:
        """Redact all runs that ended longer ago, if those that started them did too; returns how many."""
        before = self._clock.now() - seconds
        return await self._redact_all(self._store.ledger.unredacted(before), by=by, why=why)

    def _family(self, run: Run) -> Iterable[Run]:
        yield run
        for child in self._store.runs(RunQuery(parent=run.id, limit=_ALL)):
            yield from self._family(child)

    async def _redact_all(self, runs: Iterable[str], *, by: str, why: str) -> int:
        done = 0
        for run in runs:
            done += await self._redact(run, by=by, why=why)
        if done:
            await asyncio.to_thread(self._store.scrub)
        return done

    async def _redact(self, run_id: str, *, by: str, why: str) -> bool:
        """Redact one run; False where there is nothing left to delete, or somebody took the run up again meanwhile."""
        run, facts = self._store.run(run_id), self._store.facts(run_id)
        if run is None or not run.state.ended or is_redacted(facts):
            return False
        left = [(fact.seq, encode(left_of(fact))) for fact in facts if fact.kind is not FactKind.REDACTED]
        remains, seq = remains_of(run_id, left), len(facts)
        body: dict[str, Json] = {"by": by, "why": why, "left": remains}
        if self._sign is not None:
            body["signature"] = self._sign(redacted_bytes(run_id, seq, remains)).hex()
        wanted = Redact(
            run=run_id, epoch=run.epoch, left=left, reason=_left_of_reason(run.state, run.reason),
            fact=NewFact(FactKind.REDACTED, "", self._clock.now(), encode(body)),
        )  # fmt: skip
        verdict, _ = await self._worker.commits.submit(wanted)
        return verdict is CommitVerdict.OK


def is_redacted(facts: list[Fact]) -> bool:
    """Whether a run was redacted and has recorded nothing since."""
    return bool(facts) and facts[-1].kind is FactKind.REDACTED


def refuse_redacted(run_id: str, facts: Iterable[Fact]) -> None:
    """Raise NotPossible where what a run recorded was deleted: it can neither go on nor be forked."""
    for fact in facts:
        if fact.kind is FactKind.REDACTED:
            raise NotPossible(f"run {run_id} was redacted by {fact.body['by']}: what it recorded is gone, so it cannot"
                              " go on. Start a new run.")  # fmt: skip


def left_of(fact: Fact) -> Json:
    """Return what a fact's body still says once it is redacted."""
    left = _left(fact.body)
    if fact.kind is FactKind.ENDED:
        left["reason"] = _left_of_reason(fact.body["state"], fact.body["reason"])
    return left


def _left_of_reason(state: str, reason: str) -> str:
    """Return what is left of why a run ended: the type of its error."""
    name, colon, _ = reason.partition(":")
    return name if state == RunState.FAILED and colon and name.isidentifier() else ""


def _left(body: dict[str, Json]) -> dict[str, Json]:
    left: dict[str, Json] = {}
    for name, value in body.items():
        if name in _LISTS:
            left[name] = [_left(_decided(each)) for each in value]
        elif name in _KEPT:
            left[name] = value
        elif name in _BLANKED:
            left[name] = ""
    return left


def _decided(answer: dict[str, Json]) -> dict[str, Json]:
    """Return an answer with what it decided, if it was an approval."""
    match answer.get("value"):
        case {"approved": bool(approved)}:
            return {**answer, "approved": approved}
        case _:
            return answer
