"""Replacing the key that seals the ledger, so that what the old one sealed can be checked for ever."""

from collections.abc import Callable
from dataclasses import replace

from podium.errors import ConfigError
from podium.model.audit import KeyChange, Ledger, Seal, SealSigner
from podium.model.storable import check_name
from podium.secrets.masking import MASKING


def rotate(
    ledger: Ledger, old: SealSigner, new: SealSigner, *, now: Callable[[], float], by: str, why: str
) -> tuple[KeyChange, list[Seal]]:
    """Have the ledger sealed with another key from now on; returns the change, and the seals made for it, in order.

    The old key seals what there is, the change is signed with both and entered in the ledger, and the new key seals
    that. Raises ConfigError where the old key is not the one in use, or the new one was used before.
    """
    require_current(ledger, old.public)
    if new.public == old.public:
        raise ConfigError("the new key of the audit is the old one. `podium audit keygen` makes another.")
    if any(new.public in (change.old, change.new) for change in ledger.key_changes()):
        raise ConfigError(
            "the new key of the audit was in use before, and replaced. `podium audit keygen` makes another."
        )
    check_name("the name of whoever acts", by)
    told, seals = MASKING.text(why), list[Seal]()
    n, head = ledger.last()
    if n:
        seals.append(old.seal(n, head, now()))
        ledger.seal(seals[-1])

    def sign(entry: int) -> KeyChange:
        change = KeyChange(entry=entry, old=old.public, new=new.public, at=now(), by=by, why=told)
        return replace(change, signature=old.sign(change.said), accepted=new.sign(change.said))

    change = ledger.change_key(sign)
    seals.append(new.seal(*ledger.last(), now()))
    ledger.seal(seals[-1])
    return change, seals


def require_current(ledger: Ledger, public: str) -> None:
    """Raise ConfigError where another key is in use: what this one signs now would not hold."""
    changes = ledger.key_changes()
    if changes and changes[-1].new != public:
        raise ConfigError(
            f"the key of the audit is not the one in use, which is {changes[-1].new} since {changes[-1].by} replaced"
            f" {changes[-1].old}. Set [podium.audit] key to that one, and start the program again."
        )
