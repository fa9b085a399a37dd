"""Whether a store is as it was written: chains, ledger, seals and anchor, checked against each other."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podium.errors import StoreError
from podium.model.audit import GENESIS, ROTATED, Anchor, Audit, KeyChange, Ledger, LedgerEntry, Seal, SealChecker
from podium.reports.grant_audit import GrantAudit
from podium.reports.key_ring import KeyRing, where_changed
from podium.reports.progress import AuditProgress
from podium.reports.pruning_audit import audit_prunings
from podium.reports.run_audit import RunAudit, readable
from podium.store.protocol import Store


async def audit(
    store: Store, *, checker: SealChecker | None = None, anchor: Anchor | None = None,
    progress: AuditProgress | None = None,
) -> Audit:  # fmt: skip
    """Check everything, as it is at one moment; the store is opened for this, and nobody else reads through it.

    With `progress` one that is interrupted goes on after the run at which it stopped; the rest is checked as a whole.
    """
    found = Audit()
    try:
        with store.ledger.snapshot():
            trusted = () if checker is None else checker.trusted
            after = None if progress is None else progress.resume(store.ledger, found, trusted)
            runs = RunsToRead(after, progress)
            for name in store.ledger.foreign():
                found.fault(f"schema, {name}", "it is not as Podium makes it")
            await _check(store, found, checker, anchor, runs)
    except StoreError as error:
        if not found.faults:
            raise
        found.fault("schema", f"the store cannot be read as it is: {error}")
    if progress is not None:
        progress.done()
    found.faults = list(dict.fromkeys(found.faults))  # what is checked as a whole was found before, too
    _say_unproved(found, anchor, checked=checker is not None)
    return found


@dataclass(frozen=True, slots=True)
class RunsToRead:
    """Which runs an audit reads, and where it notes how far it has come."""

    after: str | None
    progress: AuditProgress | None


async def _check(
    store: Store, found: Audit, checker: SealChecker | None, anchor: Anchor | None, runs: RunsToRead
) -> None:
    ledger, seals = store.ledger, store.ledger.seals()
    written: Sequence[Seal] = () if anchor is None else anchor.seals
    sealed = {seal.n for seal in (*seals, *written)}
    grants = GrantAudit(found)
    hashes = _check_ledger(store, found, sealed, grants)
    with readable(found, "delegations, keys, workers and actions"):
        grants.check(ledger)
    keys = None if checker is None else _key_ring(ledger, checker, anchor, found)
    _check_seals(seals, hashes, keys, found)
    _check_anchor(written, hashes, keys, found)
    for n in sorted({seal.n for seal in written if seal.n <= found.entries} - {seal.n for seal in seals}):
        found.fault(f"seal of entry {n}", "the anchor has it, and the store does not")
    since = min(sealed, default=None)
    each = RunAudit(store, found, keys, since)
    for run in ledger.runs(runs.after):
        found.runs += 1
        await each.check(run)
        if runs.progress is not None:
            runs.progress.note(ledger, found, run)
    with readable(found, "prunings"):
        audit_prunings(ledger, found, keys, since)
    _check_beside(ledger, found)


def _check_beside(ledger: Ledger, found: Audit) -> None:
    """Look for what belongs to nothing, and for large payloads that are not what they were."""
    for run, seq in ledger.lost_blobs():
        found.fault(f"run {run}, fact {seq}", "its large payload is gone")
    if forged := ledger.forged_blobs():
        found.fault("large payloads", f"{forged} are not what was written")
    for run in ledger.orphans():
        found.fault(f"run {run}", "it was entered in the ledger, and is not in the store")
    for table, count in ledger.strays():
        found.fault(f"table {table}", f"{count} of its rows belong to nothing")
    if stray := ledger.stray_runs():
        found.fault("facts", f"there are some of {stray} runs that are not in the store")


def _check_ledger(store: Store, found: Audit, wanted: set[int], grants: GrantAudit) -> dict[int, bytes]:
    """Check the chain of entries; returns the hashes of those that were sealed, and of the last."""
    previous, expected, hashes, last = GENESIS, 1, dict[int, bytes](), 0
    changes = {change.entry: change for change in store.ledger.key_changes()}
    for entry in store.ledger.entries():
        if entry.n != expected:
            found.fault(f"ledger entry {expected}", "it is missing")
        if not _follows(entry, previous):
            found.fault(f"ledger entry {entry.n}", "it was changed, or the one before it")
        if entry.n in wanted:
            hashes[entry.n] = entry.hash
        if entry.state == ROTATED and not _tells(entry, changes.pop(entry.n, None)):
            found.fault(where_changed(entry.n), "the ledger knows of another one, or nothing says to which key")
        grants.take(entry)
        previous, expected, last = entry.hash, entry.n + 1, entry.n
    for n in changes:
        found.fault(where_changed(n), "the ledger does not know of it")
    found.entries = last
    return hashes


def _key_ring(ledger: Ledger, checker: SealChecker, anchor: Anchor | None, found: Audit) -> KeyRing:
    """Return the keys that lead to trusted ones; the anchor knows of changes that a store set back does not."""
    changes = ledger.key_changes()
    written = [] if anchor is None else [change for change in anchor.key_changes if change not in changes]
    ring = KeyRing(checker, [*changes, *written])
    ring.check([*changes, *written], found)
    for change in written:
        found.fault(where_changed(change.entry), "the store was set back: only the anchor knows of it")
    return ring


def _check_seals(seals: Iterable[Seal], hashes: dict[int, bytes], keys: KeyRing | None, found: Audit) -> None:
    for seal in seals:
        if keys is not None and (wrong := keys.objection(seal.n, _signed(seal), seal.signature)) is not None:
            found.fault(f"seal of entry {seal.n}", f"it {wrong}")
        elif seal.n not in hashes:
            found.fault(f"seal of entry {seal.n}", "the ledger does not go so far")
        elif hashes[seal.n] != seal.hash:
            found.fault(f"seal of entry {seal.n}", "the ledger was written anew since")
        elif keys is not None:
            found.sealed = max(found.sealed, seal.n)


def _check_anchor(anchor: Sequence[Seal], hashes: dict[int, bytes], keys: KeyRing | None, found: Audit) -> None:
    for seal in anchor:
        where = f"anchor, entry {seal.n}"
        if keys is not None and (wrong := keys.objection(seal.n, _signed(seal), seal.signature)) is not None:
            found.fault(where, f"it {wrong}")
        elif seal.n not in hashes:
            found.fault(where, "the store was set back: its ledger does not go so far")
        elif hashes[seal.n] != seal.hash:
            found.fault(where, "the ledger was written anew since")
        elif keys is not None:
            found.sealed = max(found.sealed, seal.n)


def _say_unproved(found: Audit, anchor: Anchor | None, *, checked: bool) -> None:
    if not checked:
        found.unproved.append("without the public key nobody can tell who sealed the ledger: --public-key")
    elif found.sealed < found.entries:
        found.unproved.append(f"the last {found.entries - found.sealed} entries of the ledger are not sealed")
    if anchor is None:
        found.unproved.append("without an anchor a store that was set back to an older copy looks whole: --anchor")
    for line in () if anchor is None else anchor.torn:
        found.unproved.append(f"line {line} of the anchor is torn, as if whoever wrote it had died: it was passed over")


def _signed(seal: Seal) -> bytes:
    try:
        return seal.signed
    except (AttributeError, TypeError):  # another type than we write
        return b""


def _tells(entry: LedgerEntry, change: KeyChange | None) -> bool:
    try:
        return change is not None and (entry.head, entry.run, entry.facts) == (change.digest, change.new, 0)
    except (TypeError, ValueError):  # another type than we write
        return False


def _follows(entry: LedgerEntry, previous: bytes) -> bool:
    try:
        return entry.follows(previous)
    except (TypeError, AttributeError, ValueError, OverflowError, struct.error):  # another type than we write
        return False
