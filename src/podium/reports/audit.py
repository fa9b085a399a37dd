"""Whether a store is as it was written: chains, ledger, seals and anchor, checked against each other."""

import struct
from collections.abc import Iterable, Sequence

from podium.model.audit import GENESIS, Audit, LedgerEntry, Seal, SealChecker
from podium.reports.pruning_audit import audit_prunings
from podium.reports.run_audit import RunAudit
from podium.store.protocol import Store


async def audit(store: Store, *, checker: SealChecker | None = None, anchor: Sequence[Seal] | None = None) -> Audit:
    """Check everything, as it is at one moment; the store is opened for this, and nobody else reads through it."""
    found = Audit()
    with store.ledger.snapshot():
        await _check(store, found, checker, anchor)
    _say_unproved(found, checked=checker is not None, anchored=anchor is not None)
    return found


async def _check(store: Store, found: Audit, checker: SealChecker | None, anchor: Sequence[Seal] | None) -> None:
    ledger = store.ledger
    sealed = {seal.n for seal in (*ledger.seals(), *(anchor or ()))}
    hashes = _check_ledger(store, found, sealed)
    _check_seals(ledger.seals(), hashes, checker, found)
    if anchor is not None:
        _check_anchor(anchor, hashes, checker, found)
    since = min(sealed, default=None)
    each = RunAudit(store, found, checker, since)
    for run in ledger.runs():
        found.runs += 1
        await each.check(run)
    audit_prunings(ledger, found, checker, since)
    for run, seq in ledger.lost_blobs():
        found.fault(f"run {run}, fact {seq}", "its large payload is gone")
    if forged := ledger.forged_blobs():
        found.fault("large payloads", f"{forged} are not what was written")
    for run in ledger.orphans():
        found.fault(f"run {run}", "it was entered in the ledger, and is not in the store")
    if stray := ledger.stray_runs():
        found.fault("facts", f"there are some of {stray} runs that are not in the store")


def _check_ledger(store: Store, found: Audit, wanted: set[int]) -> dict[int, bytes]:
    """Check the chain of entries; returns the hashes of those that were sealed, and of the last."""
    previous, expected, hashes, last = GENESIS, 1, dict[int, bytes](), 0
    for entry in store.ledger.entries():
        if entry.n != expected:
            found.fault(f"ledger entry {expected}", "it is missing")
        if not _follows(entry, previous):
            found.fault(f"ledger entry {entry.n}", "it was changed, or the one before it")
        if entry.n in wanted:
            hashes[entry.n] = entry.hash
        previous, expected, last = entry.hash, entry.n + 1, entry.n
    found.entries = last
    return hashes


def _check_seals(seals: Iterable[Seal], hashes: dict[int, bytes], checker: SealChecker | None, found: Audit) -> None:
    for seal in seals:
        if checker is not None and not checker.holds(seal):
            found.fault(f"seal of entry {seal.n}", "it was not made with this key")
        elif seal.n not in hashes:
            found.fault(f"seal of entry {seal.n}", "the ledger does not go so far")
        elif hashes[seal.n] != seal.hash:
            found.fault(f"seal of entry {seal.n}", "the ledger was written anew since")
        elif checker is not None:
            found.sealed = max(found.sealed, seal.n)


def _check_anchor(anchor: Sequence[Seal], hashes: dict[int, bytes], checker: SealChecker | None, found: Audit) -> None:
    for seal in anchor:
        where = f"anchor, entry {seal.n}"
        if checker is not None and not checker.holds(seal):
            found.fault(where, "it was not made with this key")
        elif seal.n not in hashes:
            found.fault(where, "the store was set back: its ledger does not go so far")
        elif hashes[seal.n] != seal.hash:
            found.fault(where, "the ledger was written anew since")
        elif checker is not None:
            found.sealed = max(found.sealed, seal.n)


def _say_unproved(found: Audit, *, checked: bool, anchored: bool) -> None:
    if not checked:
        found.unproved.append("without the public key nobody can tell who sealed the ledger: --public-key")
    elif found.sealed < found.entries:
        found.unproved.append(f"the last {found.entries - found.sealed} entries of the ledger are not sealed")
    if not anchored:
        found.unproved.append("without an anchor a store that was set back to an older copy looks whole: --anchor")


def _follows(entry: LedgerEntry, previous: bytes) -> bool:
    try:
        return entry.follows(previous)
    except (TypeError, AttributeError, ValueError, OverflowError, struct.error):  # another type than we write
        return False
