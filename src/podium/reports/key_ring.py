"""Which keys may have sealed which part of the ledger: those that are trusted, and those handed on to and from them."""

from collections.abc import Sequence

from podium.model.audit import Audit, KeyChange, SealChecker

_FOR_EVER = 1 << 63


class KeyRing:
    """Checks signatures of the ledger, each by the key that was in use at that entry."""

    def __init__(self, checker: SealChecker, changes: Sequence[KeyChange]) -> None:
        """Begin with the trusted keys, and follow the changes that both keys signed, to newer and to older ones."""
        self._checker = checker
        signed = [change for change in sorted(changes, key=lambda each: each.entry) if self._is_signed(change)]
        self._keys = _reached(checker.trusted, signed)
        self._linked = [change for change in signed if change.old in self._keys and change.new in self._keys]

    def objection(self, entry: int | None, said: bytes, signature: object) -> str | None:
        """Return what is wrong with a signature that counts from an entry of the ledger on; None where nothing is.

        Without an entry it is newer than all of them.
        """
        made = [key for key in self._keys if isinstance(signature, bytes) and self._checker.fits(key, said, signature)]
        if not made:
            return "was not made with this key"
        at = _FOR_EVER if entry is None else entry
        if not any(self._is_in_use(key, at) for key in made):
            return "was made with a key that was not in use then"
        return None

    def check(self, changes: Sequence[KeyChange], found: Audit) -> None:
        """Note the changes that do not hold."""
        for change in changes:
            if not self._is_signed(change):
                found.fault(where_changed(change.entry), "it was not signed with the old key and the new one")
            elif change not in self._linked:
                found.fault(where_changed(change.entry), "it is of keys that do not lead to this one")

    def _is_in_use(self, key: str, entry: int) -> bool:
        said = [change for change in self._linked if key in (change.old, change.new)]
        used = not said or said[0].old == key
        for change in said:
            if change.entry <= entry:
                used = change.new == key
        return used

    def _is_signed(self, change: KeyChange) -> bool:
        fits = self._checker.fits
        try:
            said = change.said
        except TypeError:  # another type than we write
            return False
        return fits(change.old, said, change.signature) and fits(change.new, said, change.accepted)


def from_hex(signature: object) -> bytes | None:
    """Return a signature that is written in hexadecimal digits; None where it is none."""
    try:
        return bytes.fromhex(signature) if isinstance(signature, str) else None
    except ValueError:
        return None


def where_changed(entry: int) -> str:
    """Return how a change of the key is called in what an audit found."""
    return f"change of the key, ledger entry {entry}"


def _reached(trusted: Sequence[str], changes: Sequence[KeyChange]) -> set[str]:
    """Return the keys that are trusted, and those that changes lead to from these, in either direction."""
    keys, more = set(trusted), True
    while more:
        linked = [change for change in changes if (change.old in keys) != (change.new in keys)]
        keys.update(key for change in linked for key in (change.old, change.new))
        more = bool(linked)
    return keys
