"""Whether the delegations, who had workers drained, and who was away, are what the ledger knows."""

from collections.abc import Iterator

from podium.model.audit import Audit, Ledger, LedgerEntry
from podium.model.entered import AWAY, DRAINED, GRANTED, REVOKED

_WHERE = {GRANTED: "delegation", REVOKED: "delegation", DRAINED: "worker", AWAY: "absence"}


class GrantAudit:
    """Takes the entries of the ledger that tell of delegations and workers, and compares these with them."""

    def __init__(self, found: Audit) -> None:
        self._found = found
        self._entered: dict[tuple[str, str], bytes] = {}

    def take(self, entry: LedgerEntry) -> None:
        """Look at an entry, in order."""
        if entry.state in _WHERE:
            self._entered[entry.run, entry.state] = entry.head

    def check(self, ledger: Ledger) -> None:
        """Note what is not as it was entered: granted, revoked or drained; and what is gone."""
        for name, state, digest in _standing(ledger):
            if self._entered.pop((name, state), None) != digest:
                self._found.fault(f"{_WHERE[state]} {name}", f"it is not {state} as the ledger knows it")
        for name, state in self._entered:
            self._found.fault(f"{_WHERE[state]} {name}", f"it was {state}, and is not in the store")


def _standing(ledger: Ledger) -> Iterator[tuple[str, str, bytes | None]]:
    for grant in ledger.grants():
        yield grant.id, GRANTED, grant.granted
        yield grant.id, REVOKED, grant.revoked
    for worker, digest in ledger.drains():
        yield worker, DRAINED, digest
    for absence, digest in ledger.absences():
        yield absence, AWAY, digest
