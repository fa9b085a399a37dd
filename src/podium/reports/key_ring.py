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
        linked = [change for change in signed if change.old in self._keys and change.new in self._keys]
        self._linked = sorted([*linked, *self._taken_over(changes)], key=lambda each: each.entry)

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
            if change in self._linked:
                continue
            if self._is_of_lost_key(change):
                what = "the old key was lost and did not sign it: it holds only where --public-key names both"
                found.fault(where_changed(change.entry), what)
            elif not self._is_signed(change):
                found.fault(where_changed(change.entry), "it was not signed with the old key and the new one")
            else:
                found.fault(where_changed(change.entry), "it is of keys that do not lead to this one")

    def _taken_over(self, changes: Sequence[KeyChange]) -> list[KeyChange]:
        """Return the changes that the old key, being lost, did not sign, where both keys are trusted by name.

        A key that was replaced before cannot come back so: whoever stole it would go on with it.
        """
        trusted = self._checker.trusted
        return [
            change for change in changes
            if change.old in trusted and change.new in trusted and self._is_of_lost_key(change)
            and not any(change.new in (each.old, each.new) for each in changes if each.entry < change.entry)
        ]  # fmt: skip

    def _is_of_lost_key(self, change: KeyChange) -> bool:
        try:
            return change.signature == b"" and self._checker.fits(change.new, change.said, change.accepted)
        except TypeError:  # another type than we write
            return False

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
