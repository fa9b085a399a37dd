"""What the audit knows: entries of the ledger, seals, and what does not hold."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from typing import Protocol

GENESIS = b"\0" * 32
"""The hash before the first entry."""

_NUMBERS = Struct(">QQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run that left memory: so many facts it had, and the hash of the last one."""

    n: int
    """Place in the ledger, from 1."""
    run: str
    facts: int
    head: bytes
    state: str
    hash: bytes

    def follows(self, previous: bytes) -> bool:
        """Whether its hash is the one of an entry after that hash."""
        return self.hash == entry_hash(previous, self.n, self.run, self.facts, self.head, self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A signature of the ledger up to an entry."""

    n: int
    hash: bytes
    """Of that entry, which stands for all before it."""
    at: float
    """Seconds since 1970."""
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that are signed."""
        return sealed_bytes(self.n, self.hash, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """How the ledger is sealed."""

    key: str | None = None
    """A reference to the secret key: `env:PODIUM_AUDIT_KEY`, `file:/run/secrets/audit`; None seals nothing."""
    anchor: str | None = None
    """A file, best on another machine, to which each seal is appended."""
    every: float = 60.0
    """Seconds between two seals; there is one more when the app closes."""


@dataclass(frozen=True, slots=True)
class AuditFault:
    """Something that does not hold."""

    where: str
    what: str


def entry_hash(previous: bytes, n: int, run: str, facts: int, head: bytes, state: str) -> bytes:
    """Return the hash of a ledger's entry that follows `previous`."""
    name = run.encode()
    return sha256(previous + _NUMBERS.pack(n, facts) + head + state.encode() + b"\0" + name).digest()


def sealed_bytes(n: int, hash: bytes, at: float) -> bytes:
    """Return what a seal signs."""
    return b"podium ledger %d %s %r" % (n, hash.hex().encode(), at)


class Ledger(Protocol):
    """The ledger of a store. An audit opens a store of its own, and reads all of it in one snapshot."""

    def snapshot(self) -> AbstractContextManager[None]:
        """See the store as it is now, whatever others write meanwhile."""
        ...

    def last(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry; 0 and GENESIS where there is none."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Give all entries, in order."""
        ...

    def of(self, run: str) -> list[Entry]:
        """Return the entries of a run, in order."""
        ...

    def orphans(self) -> list[str]:
        """Return the runs that were entered and are not in the store."""
        ...

    def runs(self) -> Iterator[str]:
        """Give the ids of all runs, in the order in which they were started."""
        ...

    def hashes(self, run: str) -> list[bytes]:
        """Return the hashes of a run's facts, in order."""
        ...

    def hollow(self) -> list[tuple[str, int]]:
        """Return run and place of the facts whose content is gone."""
        ...

    def forged_blobs(self) -> int:
        """Return how many large payloads are not what their hash says."""
        ...

    def seals(self) -> list[Seal]:
        """Return all seals, in order."""
        ...

    def seal(self, seal: Seal) -> None:
        """Keep a seal; one more of the same entry changes nothing. Called in a thread."""
        ...
