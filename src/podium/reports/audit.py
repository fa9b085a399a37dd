"""Whether a store is as it was written: chains, ledger, seals and anchor, checked against each other."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podium.model.audit import GENESIS, AuditFault, Entry, Seal
from podium.model.fact import FactKind
from podium.model.run import RunState
from podium.store.protocol import Store


class Checks(Protocol):
    """Checks a seal's signature."""

    def holds(self, seal: Seal) -> bool:
        """Whether it was made with the key."""
        ...


@dataclass(slots=True)
class Audit:
    """What an audit found."""

    faults: list[AuditFault] = field(default_factory=list[AuditFault])
    unproved: list[str] = field(default_factory=list[str])
    """What cannot be told, and what it would take."""
    runs: int = 0
    entries: int = 0
    sealed: int = 0
    """Entries up to the last seal that holds."""


def audit(store: Store, *, checker: Checks | None = None, anchor: Sequence[Seal] | None = None) -> Audit:
    """Check everything, as it is at one moment; the store is opened for this, and nobody else reads through it."""
    found = Audit()
    with store.ledger.snapshot():
        _check(store, found, checker, anchor)
    _say_unproved(found, checked=checker is not None, anchored=anchor is not None)
    return found


def _check(store: Store, found: Audit, checker: Checks | None, anchor: Sequence[Seal] | None) -> None:
    hashes = _check_ledger(store, found, {seal.n for seal in (*store.ledger.seals(), *(anchor or ()))})
    _check_seals(store.ledger.seals(), hashes, checker, found)
    if anchor is not None:
        _check_anchor(anchor, hashes, checker, found)
    for run in store.ledger.runs():
        found.runs += 1
        found.faults.extend(_faults_of_run(store, run, found))
    for run, seq in store.ledger.hollow():
        found.faults.append(AuditFault(f"run {run}, fact {seq}", "its content was taken away"))
    if forged := store.ledger.forged_blobs():
        found.faults.append(AuditFault("large payloads", f"{forged} are not what was written"))
    for run in store.ledger.orphans():
        found.faults.append(AuditFault(f"run {run}", "it was entered in the ledger, and is not in the store"))


def _check_ledger(store: Store, found: Audit, wanted: set[int]) -> dict[int, bytes]:
    """Check the chain of entries; returns the hashes of those that were sealed, and of the last."""
    previous, expected, hashes, last = GENESIS, 1, dict[int, bytes](), 0
    for entry in store.ledger.entries():
        if entry.n != expected:
            found.faults.append(AuditFault(f"ledger entry {expected}", "it is missing"))
        if not _follows(entry, previous):
            found.faults.append(AuditFault(f"ledger entry {entry.n}", "it was changed, or the one before it"))
        if entry.n in wanted:
            hashes[entry.n] = entry.hash
        previous, expected, last = entry.hash, entry.n + 1, entry.n
    found.entries = last
    return hashes


def _check_seals(seals: Iterable[Seal], hashes: dict[int, bytes], checker: Checks | None, found: Audit) -> None:
    for seal in seals:
        if checker is not None and not checker.holds(seal):
            found.faults.append(AuditFault(f"seal of entry {seal.n}", "it was not made with this key"))
        elif seal.n not in hashes:
            found.faults.append(AuditFault(f"seal of entry {seal.n}", "the ledger does not go so far"))
        elif hashes[seal.n] != seal.hash:
            found.faults.append(AuditFault(f"seal of entry {seal.n}", "the ledger was written anew since"))
        elif checker is not None:
            found.sealed = max(found.sealed, seal.n)


def _check_anchor(anchor: Sequence[Seal], hashes: dict[int, bytes], checker: Checks | None, found: Audit) -> None:
    for seal in anchor:
        where = f"anchor, entry {seal.n}"
        if checker is not None and not checker.holds(seal):
            found.faults.append(AuditFault(where, "it was not made with this key"))
        elif seal.n not in hashes:
            found.faults.append(AuditFault(where, "the store was set back: its ledger does not go so far"))
        elif hashes[seal.n] != seal.hash:
            found.faults.append(AuditFault(where, "the ledger was written anew since"))
        elif checker is not None:
            found.sealed = max(found.sealed, seal.n)


def _faults_of_run(store: Store, run_id: str, found: Audit) -> Iterator[AuditFault]:
    """Check one run: its chain, its row, and all that the ledger knows of it."""
    where = f"run {run_id}"
    if broken := store.verify(run_id):
        yield from (AuditFault(f"{where}, fact {fault.seq}", fault.what) for fault in broken)
        return
    hashes, entered = store.ledger.hashes(run_id), store.ledger.of(run_id)
    for entry in entered:
        if not 0 < entry.facts <= len(hashes) or hashes[entry.facts - 1] != entry.head:
            yield AuditFault(where, f"ledger entry {entry.n} knows {entry.facts} facts of it that are not there now")
            return
    yield from _faults_of_row(store, run_id, entered[-1].state if entered else None)
    if entered and len(hashes) > entered[-1].facts:
        found.unproved.append(f"{where}: {len(hashes) - entered[-1].facts} facts since it last left memory")
    elif not entered:
        found.unproved.append(f"{where}: it has not left memory yet")


def _faults_of_row(store: Store, run_id: str, entered: str | None) -> Iterator[AuditFault]:
    """Compare the run's row with its first and last fact, and with the ledger."""
    where, run, known = f"run {run_id}", store.run(run_id), store.facts(run_id)
    if run is None or not known:
        yield AuditFault(where, "it has no facts")
        return
    said, last = known[0].body, known[-1]
    for name in ("workflow", "principal", "tenant"):
        if name in said and said[name] != getattr(run, name):
            yield AuditFault(where, f"its {name} is {getattr(run, name)!r}, and it was started with {said[name]!r}")
    ended = last.kind is FactKind.ENDED
    if run.state.ended and not ended:
        yield AuditFault(where, f"it is {run.state}, and its facts do not say that it has ended")
    elif ended and "state" in last.body and run.state is not RunState(last.body["state"]):
        yield AuditFault(where, f"it is {run.state}, and its facts say that it is {last.body['state']}")
    elif run.state.ended and entered != run.state:
        yield AuditFault(where, f"it is {run.state}, and the ledger says {entered or 'nothing'}")


def _say_unproved(found: Audit, *, checked: bool, anchored: bool) -> None:
    if not checked:
        found.unproved.append("without the public key nobody can tell who sealed the ledger: --public-key")
    elif found.sealed < found.entries:
        found.unproved.append(f"the last {found.entries - found.sealed} entries of the ledger are not sealed")
    if not anchored:
        found.unproved.append("without an anchor a store that was set back to an older copy looks whole: --anchor")


def _follows(entry: Entry, previous: bytes) -> bool:
    try:
        return entry.follows(previous)
    except (TypeError, AttributeError, ValueError, OverflowError, struct.error):  # another type than we write
        return False
