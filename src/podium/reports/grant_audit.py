"""Whether delegations, keys, who had workers drained, and who asked for what, are what the ledger knows."""

from collections.abc import Iterator

from podium.model.audit import Audit, Ledger, LedgerEntry
from podium.model.entered import ACTED, AWAY, DRAINED, GRANTED, KEY_ISSUED, KEY_MADE, KEY_REVOKED, REVOKED

_WHERE = {
    GRANTED: "delegation", REVOKED: "delegation", DRAINED: "worker", KEY_MADE: "key", KEY_ISSUED: "key",
    KEY_REVOKED: "key", ACTED: "action", AWAY: "absence",
}  # fmt: skip
_SAYS = {KEY_MADE: "made", KEY_ISSUED: "issued", KEY_REVOKED: "revoked", ACTED: "asked for"}
"""What is said of a state where that is not its name."""


class GrantAudit:
    """Takes the entries of the ledger that tell of what is of no run, and compares these with it."""

    def __init__(self, found: Audit) -> None:
        self._found = found
        self._entered: dict[tuple[str, str], bytes] = {}

    def take(self, entry: LedgerEntry) -> None:
        """Look at an entry, in order."""
        if entry.state in _WHERE:
            self._entered[entry.run, entry.state] = entry.head

    def check(self, ledger: Ledger) -> None:
        """Note what is not as it was entered: granted, revoked, drained, asked for; and what is gone."""
        for name, state, digest in _standing(ledger):
            if self._entered.pop((name, state), None) != digest:
                said = _SAYS.get(state, state)
                self._found.fault(f"{_WHERE[state]} {name}", f"it is not {said} as the ledger knows it")
        for name, state in self._entered:
            self._found.fault(f"{_WHERE[state]} {name}", f"it was {_SAYS.get(state, state)}, and is not in the store")


def _standing(ledger: Ledger) -> Iterator[tuple[str, str, bytes | None]]:
    for grant in ledger.grants():
        yield grant.id, GRANTED, grant.granted
        yield grant.id, REVOKED, grant.revoked
    for worker, digest in ledger.drains():
        yield worker, DRAINED, digest
    for absence, digest in ledger.absences():
        yield absence, AWAY, digest
    yield from ledger.keys()
    for action, digest in ledger.actions():
        yield action, ACTED, digest
