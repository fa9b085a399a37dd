"""Whether the delegations are those that the ledger knows."""

from podium.model.audit import Audit, Ledger, LedgerEntry
from podium.model.entered import GRANTED, REVOKED


class GrantAudit:
    """Takes the entries of the ledger that tell of delegations, and compares these with them."""

    def __init__(self, found: Audit) -> None:
        self._found = found
        self._entered: dict[tuple[str, str], bytes] = {}

    def take(self, entry: LedgerEntry) -> None:
        """Look at an entry, in order."""
        if entry.state in (GRANTED, REVOKED):
            self._entered[entry.run, entry.state] = entry.head

    def check(self, ledger: Ledger) -> None:
        """Note the delegations that are not as they were granted, or revoked, and those that are gone."""
        for grant in ledger.grants():
            for state, digest in ((GRANTED, grant.granted), (REVOKED, grant.revoked)):
                if self._entered.pop((grant.id, state), None) != digest:
                    self._found.fault(f"delegation {grant.id}", f"it is not {state} as the ledger knows it")
        for name, state in self._entered:
            self._found.fault(f"delegation {name}", f"it was {state}, and is not in the store")
