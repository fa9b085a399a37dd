"""Whether a run is what its facts, the ledger and the inbox say."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from podium.engine.run.reopening import voided
from podium.errors import UsageError
from podium.model.audit import RECORDED, Audit, LedgerEntry, redacted_bytes
from podium.model.fact import Fact, FactKind
from podium.model.facts.runs import Ended, Redacted, Started
from podium.model.generation import restarted_in, versions_in
from podium.model.run import Run, RunState
from podium.reports.key_ring import KeyRing, from_hex
from podium.reports.question_audit import QuestionAudit
from podium.store.protocol import Store

_IN_HAND = (RunState.READY, RunState.RUNNING)
"""States that a run can be in after it wrote facts that the ledger does not know yet."""

_NONSENSE = (AttributeError, KeyError, TypeError, ValueError, UsageError)
"""What reading raises where somebody wrote what we never write."""


@contextmanager
def readable(found: Audit, where: str) -> Generator[None]:
    """Note that something cannot be read, where that is so, and go on after it."""
    try:
        yield
    except _NONSENSE as error:
        found.fault(where, f"something was written that cannot be read: {error}")


class RunAudit:
    """Checks one run after the other, and notes what it finds."""

    def __init__(self, store: Store, found: Audit, keys: KeyRing | None, sealed_since: int | None) -> None:
        """Look into a store; `sealed_since` is the ledger's entry that was the first to be sealed."""
        self._store = store
        self._found = found
        self._keys = keys
        self._sealed_since = sealed_since
        self._questions = QuestionAudit(found)

    async def check(self, run_id: str) -> None:
        """Check a run: its chain, its row, what the ledger knows of it, its questions, its redactions."""
        with readable(self._found, f"run {run_id}"):
            await self._check(run_id, f"run {run_id}")

    async def _check(self, run_id: str, where: str) -> None:
        read = self._store.ledger.read(run_id)
        for seq, what in read.faults:
            self._found.fault(f"{where}, fact {seq}", what)
        if read.faults:
            return
        run, facts = await self._store.run(run_id), read.facts
        if run is None or not facts:
            self._found.fault(where, "it has no facts")
            return
        known = self._store.ledger.of(run_id)
        entered = [entry for entry in known if entry.state not in RECORDED]
        if not self._is_as_entered(run, entered, read.hashes):
            return
        await self._check_start(run, facts)
        self._check_state(run, facts, entered)
        self._questions.check(run, facts, known, self._store.ledger.questions(run_id))
        self._check_redactions(run, facts, entered)

    def _is_as_entered(self, run: Run, entered: Sequence[LedgerEntry], hashes: Sequence[bytes]) -> bool:
        where = f"run {run.id}"
        for entry in entered:
            if not 0 < entry.facts <= len(hashes) or hashes[entry.facts - 1] != entry.head:
                what = f"ledger entry {entry.n} knows {entry.facts} facts of it that are not there now"
                self._found.fault(where, what)
                return False
        more = len(hashes) - (entered[-1].facts if entered else 0)
        if run.state not in _IN_HAND and more:
            self._found.fault(where, f"it is {run.state}, and the ledger does not know its last {more} facts")
            return False
        if not entered:
            self._found.unproved.append(f"{where}: it has not left memory yet")
        elif more:
            self._found.unproved.append(f"{where}: {more} facts since it last left memory")
        return True

    async def _check_start(self, run: Run, facts: Sequence[Fact]) -> None:
        """Compare what is written in the run's row with what the run was started with."""
        started = facts[0].content
        if not isinstance(started, Started):
            self._found.fault(f"run {run.id}", "its first fact does not say that it was started")
            return
        said = replace(started, version=next(versions_in(facts)))
        restart = restarted_in(facts)
        if (run.generation, run.since) != ((1, 0) if restart is None else (restart[1].generation, restart[0].seq)):
            what = f"it is in generation {run.generation} since fact {run.since}, and its facts say otherwise"
            self._found.fault(f"run {run.id}", what)
        for name in ("workflow", "version", "principal", "tenant"):
            known = getattr(said, name)
            if known not in (None, getattr(run, name)):
                what = f"its {name} is {getattr(run, name)!r}, and its facts say {known!r}"
                self._found.fault(f"run {run.id}", what)
        if run.created_at != facts[0].at and started.forked_from is None:  # a fork's first fact is that of the other
            self._found.fault(f"run {run.id}", "it is said to have been started at another time than its facts say")
        parent = None if run.parent is None else await self._store.run(run.parent)
        root = run.id if parent is None else parent.root
        if run.root != root or (run.parent is not None and not run.id.startswith(f"{run.parent}.")):
            self._found.fault(f"run {run.id}", f"it is said to belong to run {run.root}, and does not")

    def _check_state(self, run: Run, facts: Sequence[Fact], entered: Sequence[LedgerEntry]) -> None:
        where, void = f"run {run.id}", voided(facts)
        alive = (fact for fact in reversed(facts) if fact.kind is FactKind.ENDED and fact.seq not in void)
        fact = next(alive, None)
        ended = None if fact is None or not isinstance(fact.content, Ended) else fact.content
        if run.state.ended and ended is None:
            self._found.fault(where, f"it is {run.state}, and its facts do not say that it has ended")
        elif ended is not None and run.state in _IN_HAND:
            self._found.unproved.append(f"{where}: it had ended, and somebody took it up who has said nothing yet")
        elif ended is not None and run.state.ended and run.state is not ended.state:
            self._found.fault(where, f"it is {run.state}, and its facts say that it is {ended.state}")
        elif run.state not in _IN_HAND and entered[-1].state != run.state:
            self._found.fault(where, f"it is {run.state}, and the ledger says {entered[-1].state}")
        elif run.ended_at != (None if fact is None else fact.at):
            self._found.fault(where, "it is said to have ended at another time than its facts say")
        elif ended is not None and run.reason != ended.reason:
            self._found.fault(where, "it is said to have ended for another reason than its facts say")

    def _check_redactions(self, run: Run, facts: Sequence[Fact], entered: Sequence[LedgerEntry]) -> None:
        """Check who redacted a run; that what is left belongs to it was checked with the chain."""
        done = [(fact, said) for fact in facts if isinstance(said := fact.content, Redacted)]
        self._found.redacted += bool(done)
        if self._keys is None:
            return
        for fact, redacted in done:
            where, signature = f"run {run.id}", redacted.signature
            entry = next((each for each in entered if each.facts > fact.seq), None)
            said = redacted_bytes(run.id, fact.seq, redacted.left)
            if signature is not None:
                n = None if entry is None else entry.n
                if (wrong := self._keys.objection(n, said, from_hex(signature))) is not None:
                    self._found.fault(where, f"the signature of its redaction {wrong}")
            elif self._is_sealed_before(entry):
                self._found.fault(where, "it was redacted without the key, when the ledger was sealed already")
            else:
                self._found.unproved.append(f"{where}: it was redacted without a key, so nobody can tell by whom")

    def _is_sealed_before(self, entry: LedgerEntry | None) -> bool:
        return self._sealed_since is not None and (entry is None or self._sealed_since < entry.n)
