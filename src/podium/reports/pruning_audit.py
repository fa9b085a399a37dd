"""Whether runs that are gone were pruned by whoever has the key, and were what the ledger knew."""

from podium.model.audit import Audit, EnteredPruning, Ledger, pruned_before, pruned_bytes
from podium.reports.key_ring import KeyRing, from_hex


def audit_prunings(ledger: Ledger, found: Audit, keys: KeyRing | None, sealed_since: int | None) -> None:
    """Check each pruning; `sealed_since` is the entry of the ledger that was the first to be sealed."""
    for n, run in ledger.unknown_prunings():
        found.fault(f"run {run}", f"ledger entry {n} says that it was pruned, and nothing says by whom")
    told: set[int] = set()
    for each in ledger.prunings():
        found.pruned += 1
        where = f"run {each.pruning.run}"
        if each.entry is None:
            found.fault(where, "it is said to have been pruned, and the ledger does not know of that")
        elif each.entry in told:
            found.fault(where, "it is said twice to have been pruned, and the ledger knows of once")
        elif each.before != each.pruning.head:
            found.fault(where, "it was pruned with other facts than the ledger knew of it")
        elif keys is not None:
            _check_signature(each, each.entry, found, keys, sealed_since)
        if each.entry is not None:
            told.add(each.entry)


def _check_signature(each: EnteredPruning, entry: int, found: Audit, keys: KeyRing, sealed_since: int | None) -> None:
    said, where = each.pruning, f"run {each.pruning.run}"
    if said.signature is not None:
        signature, forms = from_hex(said.signature), (pruned_bytes(said), pruned_before(said))
        wrong = [keys.objection(entry, signed, signature) for signed in forms]
        if None not in wrong:
            found.fault(where, f"the signature of its pruning {wrong[0]}")
    elif sealed_since is not None and sealed_since < entry:
        found.fault(where, "it was pruned without the key, when the ledger was sealed already")
    else:
        found.unproved.append(f"{where}: it was pruned without a key, so nobody can tell by whom")
