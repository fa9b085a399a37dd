"""Replacing the key that seals the ledger, so that what the old one sealed can be checked for ever."""

from collections.abc import Callable
from dataclasses import replace

from podium.errors import ConfigError
from podium.model.audit import KeyChange, Ledger, Seal, SealChecker, SealSigner
from podium.model.storable import check_name
from podium.secrets.masking import MASKING


def rotate(
    ledger: Ledger, old: SealSigner, new: SealSigner, *, now: Callable[[], float], by: str, why: str
) -> tuple[KeyChange, list[Seal]]:
    """Have the ledger sealed with another key from now on; returns the change, and the seals made for it, in order.

    The old key seals what there is, the change is signed with both and entered in the ledger, and the new key seals
    that. Raises ConfigError where the old key is not the one in use, or the new one was used before.
    """
    _check(ledger, old.public, new.public, by)
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


def take_over(
    ledger: Ledger, lost: SealChecker, new: SealSigner, *, now: Callable[[], float], by: str, why: str
) -> tuple[KeyChange, list[Seal]]:
    """Have the ledger sealed with another key where the secret of the old one is lost, which `lost` trusts.

    Only the new key signs that, so it holds for whoever trusts both. Raises ConfigError as `rotate` does, and where the
    lost key is not the one that sealed last.
    """
    [old] = lost.trusted
    _check(ledger, old, new.public, by)
    seals = ledger.seals()
    if seals and not lost.fits(old, seals[-1].signed, seals[-1].signature):
        raise ConfigError(f"the lost key of the audit is said to be {old}, and did not seal what was sealed last.")
    told = MASKING.text(why)

    def sign(entry: int) -> KeyChange:
        change = KeyChange(entry=entry, old=old, new=new.public, at=now(), by=by, why=told)
        return replace(change, accepted=new.sign(change.said))

    change = ledger.change_key(sign)
    seal = new.seal(*ledger.last(), now())
    ledger.seal(seal)
    return change, [seal]


def _check(ledger: Ledger, old: str, new: str, by: str) -> None:
    require_current(ledger, old)
    if new == old:
        raise ConfigError("the new key of the audit is the old one. `podium audit keygen` makes another.")
    if any(new in (change.old, change.new) for change in ledger.key_changes()):
        raise ConfigError(
            "the new key of the audit was in use before, and replaced. `podium audit keygen` makes another."
        )
    check_name("the name of whoever acts", by)


def require_current(ledger: Ledger, public: str) -> None:
    """Raise ConfigError where another key is in use: what this one signs now would not hold."""
    changes = ledger.key_changes()
    if changes and changes[-1].new != public:
        raise ConfigError(
            f"the key of the audit is not the one in use, which is {changes[-1].new} since {changes[-1].by} replaced"
            f" {changes[-1].old}. Set [podium.audit] key to that one, and start the program again."
            " Where that one is lost: podium audit rotate --lost."
        )
